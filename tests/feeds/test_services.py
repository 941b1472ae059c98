import pytest
from pytest_django import Settings

from accounts.models import User
from accounts.services import follow_user
from feeds.models import FeedEntry
from feeds.services import push_post_batch
from posts.models import Post
from puppies.ids import created_at
from puppies.models import Delivery
from tests.factories import PostFactory, UserFactory
from tests.feeds.readers import Reader, work_all_off, work_off
from tests.threads import run_together


@pytest.fixture(autouse=True)
def small_batches(settings: Settings) -> None:
    settings.FEED_BATCH = 2


def fans_of(author: User, count: int) -> list[int]:
    """Accounts that follow `author`, by id, with nothing left to merge."""
    fans = [Reader.following(author).user.id for _ in range(count)]
    work_all_off()
    return sorted(fans)


def stored() -> list[tuple[int, int, int]]:
    return list(
        FeedEntry.objects.order_by("user_id", "feed_id").values_list("user_id", "feed_id", "author_id")
    )


def push_all(post: Post) -> list[int | None]:
    """The positions after each batch."""
    positions: list[int | None] = [0]
    while (last := positions[-1]) is not None:
        positions.append(push_post_batch(post_id=post.id, after=last))
    return positions


def delivery_of(post: Post) -> str:
    post.refresh_from_db()
    return post.delivery


@pytest.mark.django_db
def test_a_post_is_pushed_to_its_followers_in_id_order() -> None:
    author = UserFactory.create()
    fans = fans_of(author, 5)
    fans_of(UserFactory.create(), 1)
    post = PostFactory.create(author=author)

    positions = push_all(post)

    assert positions == [0, fans[1], fans[3], None]
    assert stored() == [(fan, post.feed_id, author.id) for fan in fans]
    assert delivery_of(post) == Post.Delivery.PUSHED


@pytest.mark.django_db
@pytest.mark.parametrize(("count", "batches"), [(0, 1), (1, 1), (2, 2), (3, 2), (4, 3)])
def test_a_post_is_pushed_only_when_a_batch_was_not_full(count: int, batches: int) -> None:
    author = UserFactory.create()
    fans_of(author, count)
    post = PostFactory.create(author=author)
    marks = []

    after: int | None = 0
    while after is not None:
        after = push_post_batch(post_id=post.id, after=after)
        marks.append(delivery_of(post))

    assert marks == ["pushing"] * (batches - 1) + ["pushed"]
    assert len(stored()) == count


@pytest.mark.django_db
def test_a_batch_that_is_done_again_writes_nothing_twice() -> None:
    author = UserFactory.create()
    fans = fans_of(author, 5)
    post = PostFactory.create(author=author)

    for after in (0, 0, fans[1], 0, fans[1], fans[0]):
        push_post_batch(post_id=post.id, after=after)

    assert [row[0] for row in stored()] == fans[:4]
    assert delivery_of(post) == "pushing"


@pytest.mark.django_db
def test_a_batch_with_some_rows_there_already_writes_the_others() -> None:
    author = UserFactory.create()
    fans = fans_of(author, 2)
    post = PostFactory.create(author=author)
    FeedEntry.objects.create(user_id=fans[0], feed_id=post.id, author_id=author.id)

    push_all(post)

    assert [row[0] for row in stored()] == fans


@pytest.mark.django_db
def test_a_pushed_post_is_not_pushed_again() -> None:
    author = UserFactory.create()
    fans_of(author, 1)
    post = PostFactory.create(author=author)
    push_all(post)
    FeedEntry.objects.all().delete()

    assert push_post_batch(post_id=post.id, after=0) is None
    assert stored() == []


@pytest.mark.django_db
@pytest.mark.parametrize("post_id", [1, 2**62])
def test_pushing_a_post_that_is_gone_does_nothing(post_id: int) -> None:
    assert push_post_batch(post_id=post_id, after=0) is None


@pytest.mark.django_db
def test_a_hidden_post_is_pushed_all_the_same() -> None:
    author = UserFactory.create()
    (fan,) = fans_of(author, 1)
    post = PostFactory.create(author=author)
    Post.objects.update(state=Post.State.HIDDEN)

    push_all(post)

    assert stored() == [(fan, post.feed_id, author.id)]


@pytest.mark.django_db
def test_whoever_follows_during_the_fan_out_misses_nothing() -> None:
    author = UserFactory.create()
    late = UserFactory.create()
    fans = fans_of(author, 4)
    assert late.id < fans[0]
    post = PostFactory.create(author=author)
    after = push_post_batch(post_id=post.id, after=0)

    follow_user(follower_id=late.id, followee_id=author.id)
    while after is not None:
        after = push_post_batch(post_id=post.id, after=after)
    work_all_off(task="feeds.merge_follow")

    assert [row[0] for row in stored()] == [late.id, *fans]


@pytest.mark.django_db
@pytest.mark.parametrize("backwards", [False, True])
def test_deliveries_in_any_order_and_twice_leave_the_same_rows(*, backwards: bool) -> None:
    author = UserFactory.create()
    posts = PostFactory.create_batch(3, author=author)
    readers = [Reader.following(author) for _ in range(3)]
    posts += PostFactory.create_batch(3, author=author)
    deliveries = list(Delivery.objects.order_by("-id" if backwards else "id"))

    for delivery in deliveries + deliveries[::-1]:
        work_off(delivery)

    assert {reader.user.id: reader.stored() for reader in readers} == {
        reader.user.id: {post.feed_id for post in posts} for reader in readers
    }
    assert set(Post.objects.values_list("delivery", flat=True)) == {"pushed"}
    assert not Delivery.objects.filter(done_at=None).exists()


@pytest.mark.django_db(transaction=True)
def test_workers_at_the_same_time_leave_each_row_once() -> None:
    author = UserFactory.create()
    readers = [Reader.following(author) for _ in range(4)]
    posts = PostFactory.create_batch(4, author=author)
    deliveries = list(Delivery.objects.order_by("id"))

    def work(order: list[Delivery]) -> None:
        for delivery in order:
            work_off(delivery)

    run_together(lambda: work(deliveries), lambda: work(deliveries[::-1]), lambda: work(deliveries[::2]))
    work_all_off()

    assert [reader.stored() for reader in readers] == [{post.feed_id for post in posts}] * 4
    assert set(Delivery.objects.values_list("dead_at", flat=True)) == {None}


@pytest.mark.django_db
def test_an_entry_knows_the_instant_of_its_post() -> None:
    author = UserFactory.create()
    fans_of(author, 1)
    post = PostFactory.create(author=author)
    push_all(post)

    entry = FeedEntry.objects.get()

    assert entry.created_at == created_at(post.feed_id or 0)
    assert str(entry) == f"{post.feed_id} in the feed of {entry.user_id}"
