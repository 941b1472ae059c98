import pytest
from pytest_django import Settings

from accounts.models import Follow, User
from accounts.services import follow_user, unfollow_user
from feeds.merging import merge_follow, rebuild_feed
from feeds.models import FeedState
from posts.models import Post
from puppies.ids import MAX_ID
from puppies.models import Delivery
from tests.factories import PostFactory, UserFactory
from tests.feeds.readers import Reader, work_all_off, work_off

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def small_feeds(settings: Settings) -> None:
    settings.FEED_KEEP = 3
    settings.FEED_BATCH = 2


def feed_ids(*posts: Post) -> set[int]:
    return {post.feed_id or 0 for post in posts}


def posts_of(author: User, count: int) -> list[Post]:
    return list(PostFactory.create_batch(count, author=author))


def push_everything() -> None:
    work_all_off(task="feeds.fan_out_post")


def merge_everything() -> None:
    work_all_off(task="feeds.merge_follow")


def test_a_merge_copies_what_is_pushed_and_what_is_being_pushed() -> None:
    author = UserFactory.create()
    posts = posts_of(author, 1)
    push_everything()
    posts += posts_of(author, 1)
    PostFactory.create()
    reader = Reader.following(author)

    merge_everything()

    assert reader.stored() == feed_ids(*posts)
    assert (reader.state().floor, Follow.objects.get().merged) == (0, True)


def test_a_merge_of_more_than_a_feed_keeps_copies_the_newest_and_raises_the_floor() -> None:
    author = UserFactory.create()
    posts = posts_of(author, 5)
    reader = Reader.following(author)

    merge_everything()

    assert reader.stored() == feed_ids(*posts[2:])
    assert reader.state().floor == posts[2].feed_id
    assert reader.ids() == [post.id for post in reversed(posts)]


def test_a_merge_copies_nothing_from_below_the_floor() -> None:
    first, second = UserFactory.create_batch(2)
    old = posts_of(second, 2)
    new = posts_of(first, 3)
    reader = Reader.following(first)
    merge_everything()

    follow_user(follower_id=reader.user.id, followee_id=second.id)
    merge_everything()

    assert reader.stored() == feed_ids(*new)
    assert reader.ids() == [post.id for post in (*new[::-1], *old[::-1])]


def test_a_merge_stores_no_pulled_post_and_counts_them_all_the_same() -> None:
    author = UserFactory.create()
    posts = posts_of(author, 5)
    Post.objects.filter(id__in=[post.id for post in posts[1:]]).update(delivery=Post.Delivery.PULLED)
    reader = Reader.following(author)

    merge_everything()

    assert (reader.stored(), reader.state().floor) == (set(), posts[2].feed_id)
    assert reader.ids() == [post.id for post in reversed(posts)]


def test_a_merge_of_a_follow_that_ended_does_nothing() -> None:
    author, reader = UserFactory.create(), UserFactory.create()
    PostFactory.create(author=author)
    follow_user(follower_id=reader.id, followee_id=author.id)
    unfollow_user(follower_id=reader.id, followee_id=author.id)

    merge_everything()

    assert (Reader.following(user=reader).stored(), Follow.objects.count()) == (set(), 0)


def test_the_merge_of_an_earlier_follow_does_not_complete_a_later_one() -> None:
    author = UserFactory.create()
    PostFactory.create(author=author)
    reader = Reader.following()
    for _ in range(2):
        follow_user(follower_id=reader.user.id, followee_id=author.id)
        unfollow_user(follower_id=reader.user.id, followee_id=author.id)
    follow_user(follower_id=reader.user.id, followee_id=author.id)
    *earlier, last = Delivery.objects.filter(task="feeds.merge_follow").order_by("id")

    for delivery in earlier:
        work_off(delivery)
    unmerged = (reader.stored(), Follow.objects.get().merged)
    work_off(last)

    assert unmerged == (set(), False)
    assert (len(reader.stored()), Follow.objects.get().merged) == (1, True)


def test_a_merge_for_a_sleeper_stores_nothing() -> None:
    author = UserFactory.create()
    posts_of(author, 1)
    reader = Reader.following(author)
    FeedState.objects.create(user_id=reader.user.id, floor=MAX_ID, status="asleep")

    merge_everything()

    assert (reader.stored(), Follow.objects.get().merged) == (set(), True)
    assert reader.state().status == "asleep"


def test_every_merge_raises_the_version() -> None:
    reader = Reader.following(*UserFactory.create_batch(2))

    versions = []
    for delivery in Delivery.objects.filter(task="feeds.merge_follow"):
        work_off(delivery)
        versions.append(reader.state().version)

    assert versions == [1, 2]


@pytest.mark.parametrize("burst", [2, 3, 8])
def test_a_burst_of_follows_is_one_rebuild(settings: Settings, burst: int) -> None:
    settings.FEED_BURST = 2
    authors = UserFactory.create_batch(burst)
    for author in authors:
        posts_of(author, 1)
    reader = Reader.following(*authors)
    first = Delivery.objects.filter(task="feeds.merge_follow").order_by("id")[0]

    work_off(first)
    merged, version = Follow.objects.filter(merged=True).count(), reader.state().version
    merge_everything()

    assert merged == (burst if burst > 2 else 1)
    assert (version, reader.state().version) == (1, 1 if burst > 2 else 2)
    assert not Follow.objects.filter(merged=False).exists()
    assert len(reader.ids()) == burst


def test_a_burst_of_a_sleeper_is_merged_one_by_one(settings: Settings) -> None:
    settings.FEED_BURST = 0
    author = UserFactory.create()
    reader = Reader.following(author)
    FeedState.objects.create(user_id=reader.user.id, floor=MAX_ID, status="asleep")

    merge_everything()

    assert Follow.objects.get().merged is True


def test_a_rebuild_stores_the_newest_posts_of_all_follows() -> None:
    authors = UserFactory.create_batch(2)
    posts = [PostFactory.create(author=author) for _ in range(3) for author in authors]
    reader = Reader.following(*authors)
    FeedState.objects.create(user_id=reader.user.id, floor=MAX_ID)

    assert rebuild_feed(user_id=reader.user.id) is True

    assert reader.stored() == feed_ids(*posts[3:])
    assert reader.state().floor == posts[3].feed_id
    assert set(Follow.objects.values_list("merged", flat=True)) == {True}


def test_a_rebuild_of_less_than_a_feed_keeps_claims_everything() -> None:
    author = UserFactory.create()
    posts = posts_of(author, 2)
    reader = Reader.following(author)
    FeedState.objects.create(user_id=reader.user.id, floor=MAX_ID)

    rebuild_feed(user_id=reader.user.id)

    assert (reader.stored(), reader.state().floor) == (feed_ids(*posts), 0)


def test_a_rebuild_removes_what_is_no_longer_followed_and_what_is_below_the_floor() -> None:
    kept, left = UserFactory.create_batch(2)
    old, gone = posts_of(kept, 1), posts_of(left, 1)
    reader = Reader.following(kept, left)
    merge_everything()
    new = posts_of(kept, 3)
    push_everything()
    unfollow_user(follower_id=reader.user.id, followee_id=left.id)
    before = reader.stored()

    rebuild_feed(user_id=reader.user.id)

    assert before == feed_ids(*old, *gone, *new)
    assert reader.stored() == feed_ids(*new)


def test_a_rebuild_leaves_a_sleeper_alone() -> None:
    author = UserFactory.create()
    posts_of(author, 1)
    reader = Reader.following(author)
    FeedState.objects.create(user_id=reader.user.id, floor=MAX_ID, status="asleep")

    assert rebuild_feed(user_id=reader.user.id) is False
    assert merge_follow(follow_id=1, follower_id=reader.user.id, followee_id=author.id) is None

    assert (reader.stored(), reader.state().version) == (set(), 0)
