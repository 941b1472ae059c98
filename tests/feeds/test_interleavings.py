"""Orders of events that random steps rarely meet, each with two real transactions that overlap."""

import threading
from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone
from pytest_django import Settings
from rest_framework.test import APIClient

from accounts.models import Follow, User
from accounts.services import follow_user, unfollow_user
from feeds.merging import rebuild_feed
from feeds.models import FeedState
from feeds.oracle import claim_faults
from feeds.purging import purge_unfollowed
from feeds.services import push_post_batch
from feeds.sleeping import put_reader_to_sleep, record_sighting
from feeds.trimming import trim_feed
from posts.models import Post
from posts.services import publish_post, publish_waiting_post
from puppies.models import Delivery
from tests.elsewhere import Elsewhere
from tests.factories import PostFactory, UserFactory
from tests.feeds.readers import Reader, work_all_off, work_off
from tests.threads import run_together

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def author(transactional_db: None) -> User:
    return UserFactory.create()


@pytest.fixture
def reader(author: User) -> Reader:
    """Follows the author; merged."""
    found = Reader.following(author)
    work_all_off()
    return found


def newest_first(*posts: Post) -> list[int]:
    return [post.id for post in sorted(posts, key=lambda post: -(post.feed_id or 0))]


def is_sound(reader: Reader) -> bool:
    return claim_faults(reader_id=reader.user.id) == []


def asleep(reader: Reader) -> None:
    FeedState.objects.filter(user_id=reader.user.id).update(seen_at=timezone.now() - timedelta(days=40))
    assert put_reader_to_sleep(user_id=reader.user.id)


@transaction.atomic
def push(post: Post) -> None:
    assert push_post_batch(post_id=post.id, after=0) is None


def waiting(task: str) -> Delivery:
    return Delivery.objects.get(task=task, done_at=None)


def test_a_trim_between_two_pages_loses_nothing(author: User, reader: Reader, settings: Settings) -> None:
    posts = PostFactory.create_batch(9, author=author)
    work_all_off()
    settings.FEED_KEEP = 3

    first = reader.page(limit=4)
    removed = trim_feed(user_id=reader.user.id)
    second = reader.page(limit=4, before=first.scanned or 0)
    third = reader.page(limit=4, before=second.scanned or 0)

    shown = [item.id for page in (first, second, third) for item in page.items]
    assert (removed, shown) == (6, newest_first(*posts))


def test_trims_while_the_feed_is_read_lose_nothing(author: User, reader: Reader, settings: Settings) -> None:
    """Each reading, whenever it happens, is everything up to the newest post that it shows."""
    settings.FEED_KEEP = 2
    published = [post.id for post in PostFactory.create_batch(3, author=author)]
    work_all_off()
    readings: list[list[int]] = []

    is_over = threading.Event()

    def write() -> None:
        try:
            for _ in range(60):
                post = publish_post(author_id=author.id, content="wuff")
                published.append(post.id)
                push(post)
                trim_feed(user_id=reader.user.id)
        finally:
            is_over.set()

    def read() -> None:
        while not is_over.is_set():
            readings.append(reader.ids())

    run_together(write, read)

    assert len(readings) > 10
    for shown in readings:
        assert shown == [post for post in published[::-1] if post <= shown[0]]
    assert reader.state().floor > 0


def test_a_purge_under_way_holds_the_merge_of_the_refollow_back(
    author: User, reader: Reader, elsewhere: Elsewhere
) -> None:
    post = PostFactory.create(author=author)
    work_all_off()
    pair = {"follower_id": reader.user.id, "followee_id": author.id}
    unfollow_user(**pair)

    with transaction.atomic():
        removed = purge_unfollowed(**pair)
        elsewhere.do(lambda: follow_user(**pair))
        merge = elsewhere.start(lambda: work_off(waiting("feeds.merge_follow")))
    merge.result(timeout=30)
    work_all_off()

    assert (removed, reader.stored(), reader.ids()) == (1, {post.feed_id}, [post.id])
    assert Follow.objects.get().merged is True


def test_a_purge_that_waited_for_the_merge_of_the_refollow_removes_nothing(
    author: User, reader: Reader, elsewhere: Elsewhere
) -> None:
    post = PostFactory.create(author=author)
    work_all_off()
    pair = {"follower_id": reader.user.id, "followee_id": author.id}
    unfollow_user(**pair)
    follow_user(**pair)

    with transaction.atomic():
        work_off(waiting("feeds.merge_follow"))
        purge = elsewhere.start(lambda: purge_unfollowed(**pair))
    removed = purge.result(timeout=30)

    assert (removed, reader.stored(), is_sound(reader)) == (0, {post.feed_id}, True)


def test_a_fan_out_that_saw_its_reader_awake_while_it_fell_asleep(
    author: User, reader: Reader, elsewhere: Elsewhere
) -> None:
    post = PostFactory.create(author=author)

    with elsewhere.transaction():
        elsewhere.do(lambda: push(post))
        asleep(reader)
    sleeping = reader.ids()
    record_sighting(user_id=reader.user.id)
    work_all_off()

    assert sleeping == reader.ids() == [post.id]
    assert (reader.stored(), is_sound(reader)) == ({post.feed_id}, True)


def test_a_fan_out_while_its_reader_is_being_put_to_sleep(
    author: User, reader: Reader, elsewhere: Elsewhere
) -> None:
    post = PostFactory.create(author=author)

    with transaction.atomic():
        asleep(reader)
        elsewhere.do(lambda: push(post))
    sleeping = reader.ids()
    record_sighting(user_id=reader.user.id)
    work_all_off()

    assert sleeping == reader.ids() == [post.id]
    assert (reader.stored(), is_sound(reader)) == ({post.feed_id}, True)


def test_a_fan_out_that_passed_a_sleeper_over_while_it_woke_up(
    author: User, reader: Reader, elsewhere: Elsewhere
) -> None:
    """The rebuild finds the post, which is being pushed as far as it can see."""
    asleep(reader)
    post = PostFactory.create(author=author)

    with elsewhere.transaction():
        elsewhere.do(lambda: push(post))
        record_sighting(user_id=reader.user.id)
        work_all_off(task="feeds.rebuild_feed")
        meanwhile = reader.ids()

    assert meanwhile == reader.ids() == [post.id]
    assert (reader.stored(), is_sound(reader)) == ({post.feed_id}, True)


def test_a_fan_out_that_ends_while_its_reader_is_waking_up(
    author: User, reader: Reader, elsewhere: Elsewhere
) -> None:
    """It sees a sleeper; whatever fills the feed must look at posts after the waking was committed."""
    asleep(reader)

    with transaction.atomic():
        record_sighting(user_id=reader.user.id)
        post = elsewhere.do(lambda: publish_post(author_id=author.id, content="meanwhile"))
        elsewhere.do(lambda: push(post))
    work_all_off()

    assert reader.ids() == [post.id]
    assert (reader.stored(), is_sound(reader)) == ({post.feed_id}, True)


def test_a_fan_out_between_waking_and_the_rebuild(author: User, reader: Reader) -> None:
    asleep(reader)
    record_sighting(user_id=reader.user.id)
    post = PostFactory.create(author=author)
    push(post)
    between = reader.ids()

    work_all_off()

    assert between == reader.ids() == [post.id]
    assert (reader.stored(), is_sound(reader)) == ({post.feed_id}, True)


def test_a_rebuild_waits_for_the_entry_that_a_fan_out_is_writing(
    author: User, reader: Reader, elsewhere: Elsewhere
) -> None:
    old, post = PostFactory.create_batch(2, author=author)
    push(old)

    with transaction.atomic():
        push(post)
        rebuild = elsewhere.start(lambda: rebuild_feed(user_id=reader.user.id))
    rebuild.result(timeout=30)

    assert (reader.stored(), reader.ids()) == ({old.feed_id, post.feed_id}, newest_first(old, post))
    assert is_sound(reader)


def test_an_unfollow_waits_for_the_merge_that_holds_its_follow(author: User, elsewhere: Elsewhere) -> None:
    post = PostFactory.create(author=author)
    reader = Reader.following(author)
    pair = {"follower_id": reader.user.id, "followee_id": author.id}

    with transaction.atomic():
        work_off(waiting("feeds.merge_follow"))
        unfollow = elsewhere.start(lambda: unfollow_user(**pair))
    removed = unfollow.result(timeout=30)
    after_the_unfollow = (reader.stored(), reader.ids())
    work_all_off()

    assert (removed, after_the_unfollow) == (True, ({post.feed_id}, []))
    assert reader.stored() == set()


def test_a_post_with_a_lower_id_that_commits_after_a_poll_is_polled_once(
    client: APIClient, user: User, elsewhere: Elsewhere
) -> None:
    with elsewhere.transaction():
        late = elsewhere.do(lambda: publish_post(author_id=user.id, content="late"))
        early = PostFactory.create(author=user)
        first = client.get("/v1/feed").json()
        empty = client.get(first["previous"]).json()
    polled = client.get(empty["previous"]).json()
    again = client.get(polled["previous"]).json()

    pages = [[int(post["id"]) for post in page["results"]] for page in (first, empty, polled, again)]
    assert late.id < early.id
    assert pages == [[early.id], [], [late.id], []]


def test_media_published_long_after_the_post_was_made_is_news(
    client: APIClient, author: User, user: User
) -> None:
    follow_user(follower_id=user.id, followee_id=author.id)
    waiting_post = Post.objects.create(author=author, content="see", state=Post.State.WAITING)
    PostFactory.create_batch(3, author=author)
    work_all_off()
    first = client.get("/v1/feed?limit=2").json()

    assert publish_waiting_post(post_id=waiting_post.id)
    at_once = client.get("/v1/feed?limit=2").json()
    polled = client.get(first["previous"]).json()
    work_all_off()
    pushed = client.get("/v1/feed?limit=2").json()

    assert [post["id"] for post in polled["results"]] == [str(waiting_post.id)]
    assert at_once["results"][0]["id"] == pushed["results"][0]["id"] == str(waiting_post.id)
    assert set(Post.objects.values_list("delivery", flat=True)) == {"pushed"}
