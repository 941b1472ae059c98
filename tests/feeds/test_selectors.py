from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import Settings

from accounts.models import Follow, Session, User
from accounts.services import follow_user, unfollow_user
from feeds.selectors import HomePage, SessionEnded
from feeds.services import push_post_batch
from interactions.draining import drain
from interactions.services import like_post
from posts.models import Post
from puppies.ids import next_id
from tests.factories import PostFactory, UserFactory
from tests.feeds.readers import Reader, work_all_off


def nothing() -> None:
    """No worker runs."""


def first_batches() -> None:
    """Each fan-out stops after its first batch."""
    for post_id in Post.objects.values_list("id", flat=True):
        push_post_batch(post_id=post_id, after=0)


STAGES: dict[str, Callable[[], None]] = {
    "unmerged and pushing": nothing,
    "unmerged and partly pushed": first_batches,
    "unmerged and pushed": lambda: work_all_off(task="feeds.fan_out_post"),
    "merged and pushing": lambda: work_all_off(task="feeds.merge_follow"),
    "merged and pushed": work_all_off,
}
stages = pytest.mark.parametrize("work", STAGES.values(), ids=STAGES)


def newest_first(*posts: Post) -> list[int]:
    return sorted((post.id for post in posts), reverse=True)


@pytest.fixture(autouse=True)
def small_batches(settings: Settings) -> None:
    settings.FEED_BATCH = 1


@pytest.mark.django_db
@stages
def test_the_feed_is_complete_and_shows_each_post_once_at_every_stage(work: Callable[[], None]) -> None:
    author, other = UserFactory.create_batch(2)
    before = PostFactory.create_batch(2, author=author)
    reader = Reader.following(author, other)
    Reader.following(author)
    after = [PostFactory.create(author=someone) for someone in (author, other, reader.user)]
    PostFactory.create()

    work()

    assert reader.ids() == newest_first(*before, *after)


@pytest.mark.django_db
def test_a_pulled_post_is_found_by_its_readers() -> None:
    author = UserFactory.create()
    reader = Reader.following(author)
    work_all_off()
    post = PostFactory.create(author=author)
    Post.objects.update(delivery=Post.Delivery.PULLED)

    work_all_off()

    assert (reader.ids(), reader.stored()) == ([post.id], set())


@pytest.mark.django_db
def test_an_item_tells_all_that_a_post_shows() -> None:
    author = UserFactory.create(display_name="Bella")
    reader = Reader.following(author)
    post = PostFactory.create(author=author, content="hello 🐶")
    like_post(user_id=reader.user.id, post_id=post.id)
    drain()
    like_post(user_id=author.id, post_id=post.id)

    (item,) = reader.items()

    post.refresh_from_db()
    assert item._asdict() == {
        "feed_id": post.feed_id,
        "id": post.id,
        "content": "hello 🐶",
        "created_at": post.created_at,
        "edited_at": None,
        "like_count": 2,
        "comment_count": 0,
        "author_id": author.id,
        "username": author.username,
        "display_name": "Bella",
        "liked": True,
    }


@pytest.mark.django_db
def test_a_new_account_has_an_empty_feed() -> None:
    assert Reader.following().page() == HomePage(items=[], scanned=None)


@pytest.mark.django_db
@stages
def test_whom_one_unfollowed_is_gone_at_once(work: Callable[[], None]) -> None:
    author, other = UserFactory.create_batch(2)
    reader = Reader.following(author, other)
    PostFactory.create(author=author)
    kept = PostFactory.create(author=other)
    work()

    unfollow_user(follower_id=reader.user.id, followee_id=author.id)

    assert reader.ids() == [kept.id]


@pytest.mark.django_db
@stages
def test_whom_one_follows_again_is_back_at_once_with_all_posts(work: Callable[[], None]) -> None:
    author = UserFactory.create()
    reader = Reader.following(author)
    first = PostFactory.create(author=author)
    work()
    unfollow_user(follower_id=reader.user.id, followee_id=author.id)
    meanwhile = PostFactory.create(author=author)
    work()

    follow_user(follower_id=reader.user.id, followee_id=author.id)

    assert reader.ids() == newest_first(first, meanwhile)


@pytest.mark.django_db
@stages
@pytest.mark.parametrize("state", [Post.State.WAITING, Post.State.HIDDEN, Post.State.DELETED])
def test_a_post_that_may_not_be_seen_is_gone_at_once_and_back_at_once(
    work: Callable[[], None], state: Post.State
) -> None:
    author = UserFactory.create()
    reader = Reader.following(author)
    post, kept, own = (PostFactory.create(author=who) for who in (author, author, reader.user))
    work()

    Post.objects.filter(id__in=[post.id, own.id]).update(state=state)
    without = reader.ids()
    Post.objects.update(state=Post.State.PUBLISHED)

    assert (without, reader.ids()) == ([kept.id], newest_first(post, kept, own))


@pytest.mark.django_db
@stages
def test_a_suspended_author_is_gone_at_once_and_back_at_once(work: Callable[[], None]) -> None:
    author = UserFactory.create()
    reader = Reader.following(author)
    post = PostFactory.create(author=author)
    work()

    User.objects.filter(id=author.id).update(state=User.State.SUSPENDED)
    without = reader.ids()
    User.objects.filter(id=author.id).update(state=User.State.ACTIVE)

    assert (without, reader.ids()) == ([], [post.id])


@pytest.mark.django_db
@stages
@pytest.mark.parametrize("limit", [1, 2, 3, 7, 100])
def test_a_walk_shows_all_posts_once_in_full_pages(work: Callable[[], None], limit: int) -> None:
    authors = UserFactory.create_batch(3)
    posts = [PostFactory.create(author=author) for author in authors for _ in range(2)]
    reader = Reader.following(*authors)
    posts += [PostFactory.create(author=author) for author in (*authors, reader.user)]
    work()

    pages = reader.walk(limit=limit)

    assert [post_id for page in pages for post_id in page] == newest_first(*posts)
    assert all(len(page) == limit for page in pages[:-1])
    assert pages[-1]


@pytest.mark.django_db
@pytest.mark.parametrize("hidden", [1, 2, 3, 30, 400])
def test_hidden_posts_do_not_shorten_a_page(hidden: int) -> None:
    author = UserFactory.create()
    reader = Reader.following(author)
    oldest = PostFactory.create_batch(3, author=author)
    ids = [next_id() for _ in range(hidden)]
    Post.objects.bulk_create(
        [Post(id=own, feed_id=own, author=author, content="x", state=Post.State.HIDDEN) for own in ids]
    )
    newest = PostFactory.create(author=author)

    pages = reader.walk(limit=2)

    assert pages == [[newest.id, oldest[2].id], [oldest[1].id, oldest[0].id]]


@pytest.mark.django_db
def test_a_feed_that_ends_in_hidden_posts_ends() -> None:
    author = UserFactory.create()
    reader = Reader.following(author)
    posts = PostFactory.create_batch(5, author=author)
    Post.objects.exclude(id=posts[4].id).update(state=Post.State.HIDDEN)

    assert reader.page(limit=1).scanned is None
    assert reader.ids() == [posts[4].id]


@pytest.mark.django_db
def test_a_walk_shows_what_existed_throughout_once_while_others_write() -> None:
    author, newcomer = UserFactory.create_batch(2)
    reader = Reader.following(author)
    older = PostFactory.create(author=newcomer)
    posts = PostFactory.create_batch(6, author=author)
    first = reader.page(limit=2)
    Post.objects.filter(id=posts[3].id).update(state=Post.State.DELETED)
    follow_user(follower_id=reader.user.id, followee_id=newcomer.id)

    shown, before = [item.id for item in first.items], first.scanned
    while before is not None:
        PostFactory.create(author=author)
        work_all_off()
        page = reader.page(limit=2, before=before)
        shown += [item.id for item in page.items]
        before = page.scanned

    assert shown == [posts[place].id for place in (5, 4, 2, 1, 0)] + [older.id]


@pytest.mark.django_db
def test_a_feed_belongs_to_its_session() -> None:
    reader, other = Reader.following(), Reader.following()

    with pytest.raises(SessionEnded):
        Reader(reader.user, other.session_id).page()


@pytest.mark.django_db
@pytest.mark.parametrize("column", ["revoked_at", "expires_at"])
def test_a_session_that_ended_reads_nothing(column: str) -> None:
    reader = Reader.following()
    PostFactory.create(author=reader.user)
    Session.objects.update(**{column: timezone.now() - timedelta(seconds=5)})

    with pytest.raises(SessionEnded):
        reader.page()


@pytest.mark.django_db
def test_a_merged_follow_is_read_from_the_stored_feed_alone() -> None:
    author = UserFactory.create()
    PostFactory.create(author=author)
    reader = Reader.following(author)
    Follow.objects.update(merged=True)
    Post.objects.update(delivery=Post.Delivery.PUSHED)

    assert reader.ids() == []
