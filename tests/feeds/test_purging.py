import pytest
from pytest_django import Settings

from accounts.blocking import block_user
from accounts.services import follow_user, unfollow_user
from feeds.purging import purge_unfollowed
from posts.services import delete_post
from puppies.models import Delivery
from tests.factories import PostFactory, UserFactory
from tests.feeds.readers import Reader, work_all_off, work_off

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def small_batches(settings: Settings) -> None:
    settings.FEED_BATCH = 2


def test_what_was_unfollowed_leaves_the_stored_feed() -> None:
    left, kept = UserFactory.create_batch(2)
    reader = Reader.following(left, kept)
    PostFactory.create(author=left)
    post = PostFactory.create(author=kept)
    work_all_off()
    version = reader.state().version

    unfollow_user(follower_id=reader.user.id, followee_id=left.id)
    work_all_off()

    assert (reader.stored(), reader.state().version) == ({post.feed_id}, version + 1)


@pytest.mark.parametrize("reader_blocks", [True, False])
def test_a_block_purges_like_the_unfollow_that_it_is(*, reader_blocks: bool) -> None:
    author = UserFactory.create()
    reader = Reader.following(author)
    PostFactory.create(author=author)
    work_all_off()

    pair = (reader.user.id, author.id) if reader_blocks else (author.id, reader.user.id)
    block_user(blocker_id=pair[0], blocked_id=pair[1])
    work_all_off()

    assert reader.stored() == set()


def test_a_late_purge_after_a_refollow_removes_nothing() -> None:
    author = UserFactory.create()
    reader = Reader.following(author)
    post = PostFactory.create(author=author)
    work_all_off()
    unfollow_user(follower_id=reader.user.id, followee_id=author.id)
    follow_user(follower_id=reader.user.id, followee_id=author.id)
    waiting = Delivery.objects.filter(done_at=None, task__startswith="feeds.")
    purge, merge = waiting.order_by("id")

    work_off(merge)
    work_off(purge)

    assert (purge.task, merge.task) == ("feeds.purge_unfollowed", "feeds.merge_follow")
    assert (reader.stored(), reader.ids()) == ({post.feed_id}, [post.id])


def test_a_purge_of_nothing_keeps_the_version() -> None:
    reader = Reader.following()

    assert purge_unfollowed(follower_id=reader.user.id, followee_id=1) == 0
    assert reader.state().version == 0


def test_a_deleted_post_leaves_all_stored_feeds_in_batches() -> None:
    author = UserFactory.create()
    readers = [Reader.following(author) for _ in range(5)]
    gone, kept = PostFactory.create_batch(2, author=author)
    work_all_off()

    delete_post(post_id=gone.id)
    work_all_off()

    assert [reader.stored() for reader in readers] == [{kept.feed_id}] * 5
    assert not Delivery.objects.filter(done_at=None).exists()
