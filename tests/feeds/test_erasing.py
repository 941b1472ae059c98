"""Nothing of an erased account is left in feeds, whatever was being written when it was erased: real transactions that overlap."""

import time
from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone
from pytest_django import Settings

from accounts.deletion import purge_batch, request_deletion, start_due_purges
from accounts.models import Follow, User
from accounts.services import follow_user, unfollow_user
from feeds import writers
from feeds.merging import rebuild_feed
from feeds.models import FeedEntry, FeedState
from feeds.oracle import claim_faults
from feeds.purging import erase_from_followers
from feeds.services import push_post_batch
from feeds.sleeping import put_reader_to_sleep, record_sighting
from feeds.trimming import trim_batch, trim_feed
from feeds.writers import WritersStillRun, wait_for_older_writers
from posts.models import Post
from posts.services import publish_post, publish_waiting_post
from puppies.models import Delivery
from puppies.personal_data import erasers
from tests.elsewhere import LIMIT_SECONDS, Elsewhere
from tests.factories import PostFactory, UserFactory
from tests.feeds.readers import Reader, work_all_off, work_off

pytestmark = pytest.mark.django_db(transaction=True)

STEPS = [eraser.name for eraser in erasers()]


@pytest.fixture(autouse=True)
def one_reader_at_once(settings: Settings) -> None:
    settings.FEED_BATCH = 1


@pytest.fixture
def author(transactional_db: None) -> User:
    return UserFactory.create()


@pytest.fixture
def reader(author: User) -> Reader:
    """Follows the author; merged, with one post stored."""
    found = Reader.following(author)
    PostFactory.create(author=author)
    work_all_off()
    return found


def begin_to_erase(user: User) -> Delivery:
    """Let the grace be over and the erasure be due."""
    request_deletion(user_id=user.id)
    User.objects.filter(id=user.id).update(delete_after=timezone.now() - timedelta(seconds=1))
    start_due_purges()
    return Delivery.objects.get(task="accounts.purge_account", done_at=None)


@transaction.atomic
def push(post: Post) -> None:
    """The first batch of a fan-out."""
    push_post_batch(post_id=post.id, after=0)


def left_of(user: User) -> list[object]:
    """Whatever feeds hold of an account, as a reader and as an author."""
    entries = FeedEntry.objects.all()
    return [
        *entries.filter(user_id=user.id),
        *entries.filter(author_id=user.id),
        *FeedState.objects.filter(user_id=user.id),
    ]


def erase(erasure: Delivery, *, step: str = "") -> None:
    """One attempt at the erasure, from this step on where given, whatever wait was to come before it."""
    Delivery.objects.filter(id=erasure.id).update(due_at=timezone.now(), lease_until=None)
    if step:
        Delivery.objects.filter(id=erasure.id).update(position=STEPS.index(step))
    work_off(erasure)


def erase_up_to(step: str, user: User, *, begin_at: int = 0) -> None:
    """Take the erasure's steps before this one."""
    position: int | None = begin_at
    while position is not None and position < STEPS.index(step):
        position = purge_batch(user_id=user.id, step=position)


@pytest.mark.parametrize("begin_at", ["feeds.own_writes", "feeds.following"])
@pytest.mark.parametrize("who", ["author", "reader"])
def test_a_fan_out_under_way_when_its_author_or_reader_is_erased(
    author: User,
    reader: Reader,
    elsewhere: Elsewhere,
    monkeypatch: pytest.MonkeyPatch,
    *,
    who: str,
    begin_at: str,
) -> None:
    """It had looked who follows; the erasure comes again until it is over, and removes what it wrote."""
    monkeypatch.setattr(writers, "WAIT_SECONDS", 0.0)
    erased = {"author": author, "reader": reader.user}[who]
    post = PostFactory.create(author=author)

    with elsewhere.transaction():
        elsewhere.do(lambda: push(post))
        erasure = begin_to_erase(erased)
        erase(erasure, step=begin_at)
    assert post.feed_id in reader.stored()
    erase(erasure)

    assert left_of(erased) == []
    assert not User.objects.filter(id=erased.id).exists()


def test_an_erasure_waits_for_a_fan_out_and_goes_on(
    author: User, reader: Reader, elsewhere: Elsewhere
) -> None:
    post = PostFactory.create(author=author)
    erasure = begin_to_erase(reader.user)

    with transaction.atomic():
        push(post)
        working = elsewhere.begin(lambda: erase(erasure, step="feeds.following"))
        deadline = time.monotonic() + LIMIT_SECONDS
        while Delivery.objects.get(id=erasure.id).position < STEPS.index("feeds.others_writes"):
            assert time.monotonic() < deadline
        assert not working.done()
    working.result(timeout=LIMIT_SECONDS)

    assert (left_of(reader.user), User.objects.filter(id=reader.user.id).exists()) == ([], False)
    assert list(Delivery.objects.filter(id=erasure.id).values_list("error", flat=True)) == [""]


@pytest.mark.parametrize("who", ["author", "reader"])
def test_a_fan_out_that_begins_while_its_author_or_reader_is_erased_writes_nothing(
    author: User, reader: Reader, *, who: str
) -> None:
    erased = {"author": author, "reader": reader.user}[who]
    post = PostFactory.create(author=author)
    begin_to_erase(erased)
    erase_up_to("feeds.own_entries", erased)

    push(post)

    assert post.feed_id not in reader.stored()
    assert claim_faults(reader_id=reader.user.id) == []


def test_what_an_account_was_publishing_when_it_was_erased_is_not_pushed(
    author: User, reader: Reader, elsewhere: Elsewhere, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writers, "WAIT_SECONDS", 0.0)

    with elsewhere.transaction():
        post = elsewhere.do(lambda: publish_post(author_id=author.id, content="bye"))
        erasure = begin_to_erase(author)
        erase(erasure)
    erasure.refresh_from_db()
    erase_up_to("feeds.own_entries", author, begin_at=erasure.position)
    push(post)
    waiting = Post.objects.create(author=author, content="see", state=Post.State.WAITING)
    publish_waiting_post(post_id=waiting.id)

    assert post.feed_id not in reader.stored()
    assert set(Post.objects.filter(id__in=(post.id, waiting.id)).values_list("delivery", flat=True)) == {
        "pulled"
    }


def test_the_feed_of_a_follower_under_rebuild_is_waited_for(
    author: User, reader: Reader, elsewhere: Elsewhere
) -> None:
    FeedEntry.objects.all().delete()
    begin_to_erase(author)

    with transaction.atomic():
        rebuild_feed(user_id=reader.user.id)
        erasing = elsewhere.start(lambda: erase_from_followers(author_id=author.id))
    erasing.result(timeout=LIMIT_SECONDS)

    assert (left_of(author), Follow.objects.exists()) == ([], False)


def test_a_rebuild_that_waited_for_the_erasure_of_an_author_finds_none(
    author: User, reader: Reader, elsewhere: Elsewhere
) -> None:
    begin_to_erase(author)

    with transaction.atomic():
        erase_from_followers(author_id=author.id)
        rebuild = elsewhere.start(lambda: rebuild_feed(user_id=reader.user.id))
    rebuild.result(timeout=LIMIT_SECONDS)

    assert left_of(author) == []


@pytest.mark.parametrize("is_over", [False, True])
def test_work_that_comes_late_in_an_erasure_or_after_it_makes_no_feed(
    author: User, reader: Reader, *, is_over: bool
) -> None:
    """Merge, rebuild, purge, trim and sleep, of deliveries that were late."""
    other = Reader.following(author, user=reader.user).user
    follow_user(follower_id=other.id, followee_id=UserFactory.create().id)
    unfollow_user(follower_id=other.id, followee_id=author.id)
    late = list(Delivery.objects.filter(done_at=None, task__startswith="feeds."))
    erasure = begin_to_erase(other)
    erase_up_to("accounts.user", other)
    if is_over:
        erase(erasure)

    for delivery in late:
        work_off(delivery)
    assert rebuild_feed(user_id=other.id) is False
    assert put_reader_to_sleep(user_id=other.id) is False
    assert trim_feed(user_id=other.id) == 0
    trim_batch(after=0)
    record_sighting(user_id=other.id)

    assert {delivery.task for delivery in late} == {"feeds.merge_follow", "feeds.purge_unfollowed"}
    assert (left_of(other), Delivery.objects.filter(done_at=None, task__startswith="feeds.").count()) == (
        [],
        0,
    )


def test_who_began_to_write_later_and_who_only_reads_are_not_waited_for(
    author: User, elsewhere: Elsewhere, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writers, "WAIT_SECONDS", 0.0)

    with elsewhere.transaction():
        elsewhere.do(User.objects.count)
        with transaction.atomic():
            User.objects.filter(id=author.id).update(bio="wuff")
            elsewhere.do(lambda: PostFactory.create(author=UserFactory.create()))
            is_more_to_do = wait_for_older_writers()
        with pytest.raises(WritersStillRun), transaction.atomic():
            wait_for_older_writers()

    assert is_more_to_do is False
