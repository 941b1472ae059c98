import pytest
from pytest_django import Settings

from feeds import trimming
from feeds.models import FeedEntry, FeedState, Sweep
from feeds.tasks import trim_feeds
from feeds.trimming import trim_batch, trim_feed
from posts.models import Post
from puppies.ids import MAX_ID
from tests.factories import PostFactory, UserFactory
from tests.feeds.readers import Reader, work_all_off

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def small_feeds(settings: Settings) -> None:
    settings.FEED_KEEP = 5


def reader_with(count: int) -> tuple[Reader, list[Post]]:
    """Somebody whose stored feed has so many entries."""
    author = UserFactory.create()
    reader = Reader.following(author)
    work_all_off()
    posts = PostFactory.create_batch(count, author=author)
    work_all_off()
    return reader, posts


@pytest.mark.parametrize(("count", "removed"), [(0, 0), (4, 0), (5, 0), (6, 1), (12, 7)])
def test_a_trim_keeps_the_newest_and_raises_the_floor_to_the_oldest_kept(count: int, removed: int) -> None:
    reader, posts = reader_with(count)

    assert trim_feed(user_id=reader.user.id) == removed

    assert reader.stored() == {post.feed_id for post in posts[removed:]}
    assert reader.state().floor == (posts[removed].feed_id if removed else 0)
    assert reader.ids() == [post.id for post in reversed(posts)]


def test_a_trim_that_removes_nothing_keeps_the_version() -> None:
    reader, _ = reader_with(5)
    before = reader.state().version

    trim_feed(user_id=reader.user.id)

    assert reader.state().version == before


def test_a_trim_removes_what_came_in_below_the_floor() -> None:
    reader, posts = reader_with(8)
    trim_feed(user_id=reader.user.id)
    FeedEntry.objects.create(user_id=reader.user.id, feed_id=posts[0].id, author_id=posts[0].author_id)

    assert trim_feed(user_id=reader.user.id) == 1

    assert (len(reader.stored()), reader.state().floor) == (5, posts[3].feed_id)


def test_a_batch_trims_only_what_is_a_fifth_too_long() -> None:
    short, _ = reader_with(6)
    long, _ = reader_with(7)

    done = trim_batch(after=0)

    assert (done.examined, done.feeds, done.entries) == (4, 1, 2)
    assert (len(short.stored()), len(long.stored())) == (6, 5)


def test_a_batch_empties_what_a_sleeper_was_sent() -> None:
    reader, _ = reader_with(1)
    FeedState.objects.update(status="asleep", floor=MAX_ID)

    trim_batch(after=0)

    assert (reader.stored(), reader.state().status) == (set(), "asleep")


def test_a_batch_gives_each_active_account_a_state() -> None:
    first, second, third = UserFactory.create_batch(3)
    type(third).objects.filter(id=third.id).update(state="purging")
    FeedState.objects.create(user_id=second.id, floor=7)

    trim_batch(after=0)

    assert dict(FeedState.objects.values_list("user_id", "floor")) == {first.id: 0, second.id: 7}


def test_a_dry_run_changes_nothing() -> None:
    reader, _ = reader_with(9)
    FeedState.objects.all().delete()

    done = trim_batch(after=0, is_dry_run=True)

    assert (done.feeds, done.entries, len(reader.stored())) == (1, 0, 9)
    assert not FeedState.objects.exists()


def test_sweeps_go_on_where_the_last_one_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trimming, "BATCH", 1)
    monkeypatch.setattr(trimming, "RUN_SECONDS", 0.0)  # one batch
    readers = [reader_with(9)[0] for _ in range(2)]

    lengths = []
    for _ in range(5):
        trim_feeds()
        lengths.append([len(reader.stored()) for reader in readers])

    # Accounts in id order: author, reader, author, reader, and the end.
    assert lengths == [[9, 9], [5, 9], [5, 9], [5, 5], [5, 5]]
    assert Sweep.objects.get().position == 0


def test_one_sweep_comes_to_the_end_when_there_is_time() -> None:
    readers = [reader_with(9)[0] for _ in range(2)]

    trim_feeds()

    assert [len(reader.stored()) for reader in readers] == [5, 5]
    assert Sweep.objects.get().position == 0
