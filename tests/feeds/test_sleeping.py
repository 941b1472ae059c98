from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import Follow, User
from accounts.services import follow_user
from feeds.models import FeedState
from feeds.sleeping import put_absent_to_sleep, put_reader_to_sleep, record_sighting
from feeds.tasks import put_to_sleep
from posts.models import Post
from puppies.ids import MAX_ID
from puppies.models import Delivery
from tests.factories import PostFactory, UserFactory
from tests.feeds.readers import Reader, work_all_off
from tests.threads import on_own_connection

pytestmark = pytest.mark.django_db


def absent_for(days: float) -> None:
    FeedState.objects.update(seen_at=timezone.now() - timedelta(days=days))


def sleeper(author: User) -> Reader:
    """Somebody who follows the author, had a stored feed, and sleeps."""
    reader = Reader.following(author)
    work_all_off()
    absent_for(31)
    assert put_absent_to_sleep() == 1
    return reader


def test_readers_not_seen_for_long_fall_asleep() -> None:
    author = UserFactory.create()
    reader = Reader.following(author)
    PostFactory.create(author=author)
    work_all_off()
    stored, version = reader.stored(), reader.state().version

    absent_for(29.9)
    early = put_absent_to_sleep()
    absent_for(30.1)
    put_to_sleep()

    state = reader.state()
    assert (early, len(stored)) == (0, 1)
    assert (state.status, state.floor, state.version) == ("asleep", MAX_ID, version + 1)
    assert reader.stored() == set()


def test_whoever_was_seen_meanwhile_stays_awake() -> None:
    """Between the look at who is absent and the lock."""
    reader = Reader.following(UserFactory.create())
    work_all_off()

    assert put_reader_to_sleep(user_id=reader.user.id) is False
    assert reader.state().status == "awake"


def test_a_sleeper_costs_no_fan_out_and_is_not_counted_as_served() -> None:
    author = UserFactory.create()
    reader = sleeper(author)
    other = Reader.following(author)
    post = PostFactory.create(author=author)

    work_all_off()

    post.refresh_from_db()
    assert (reader.stored(), other.stored()) == (set(), {post.feed_id})
    assert post.delivery == "pushed"


def test_whoever_is_absent_and_not_put_to_sleep_yet_is_served_by_fan_outs() -> None:
    author = UserFactory.create()
    reader = Reader.following(author)
    work_all_off()
    absent_for(40)
    post = PostFactory.create(author=author)

    work_all_off()

    assert (reader.stored(), reader.ids()) == ({post.feed_id}, [post.id])


def test_a_sleeper_is_served_at_once_and_stored_again_when_back() -> None:
    author = UserFactory.create()
    reader = sleeper(author)
    posts = PostFactory.create_batch(3, author=author)
    work_all_off()

    before = reader.ids()
    record_sighting(user_id=reader.user.id)
    woken = reader.state()
    meanwhile = reader.ids()
    work_all_off()

    newest_first = [post.id for post in reversed(posts)]
    assert (woken.status, woken.floor) == ("awake", MAX_ID)
    assert before == meanwhile == reader.ids() == newest_first
    assert (reader.stored(), reader.state().floor) == ({post.feed_id for post in posts}, 0)


def test_waking_twice_is_waking_once() -> None:
    reader = sleeper(UserFactory.create())

    for _ in range(2):
        record_sighting(user_id=reader.user.id)

    assert Delivery.objects.filter(task="feeds.rebuild_feed").count() == 1


def test_what_a_sleeper_follows_is_there_when_it_wakes() -> None:
    author, other = UserFactory.create_batch(2)
    reader = sleeper(author)
    post = PostFactory.create(author=other)
    follow_user(follower_id=reader.user.id, followee_id=other.id)
    work_all_off()

    record_sighting(user_id=reader.user.id)
    work_all_off()

    assert set(Follow.objects.values_list("merged", flat=True)) == {True}
    assert reader.stored() == {post.feed_id}


def test_a_request_writes_down_once_a_day_that_its_reader_was_there(client: APIClient, user: User) -> None:
    client.get("/v1/feed")
    first = FeedState.objects.get(user_id=user.id).seen_at
    with CaptureQueriesContext(connection) as again:
        client.get("/v1/feed")
        queries = len(again)
    absent_for(1.1)
    client.get("/v1/feed")

    assert queries == 1
    assert FeedState.objects.get(user_id=user.id).seen_at >= first


def test_a_request_wakes_its_reader(client: APIClient, user: User) -> None:
    post = PostFactory.create(author=user)
    FeedState.objects.create(user_id=user.id, floor=MAX_ID, status="asleep")

    page = client.get("/v1/feed").json()
    work_all_off()

    assert [item["id"] for item in page["results"]] == [str(post.id)]
    assert FeedState.objects.values_list("status", "floor").get() == ("awake", 0)
    assert Post.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_request_does_not_wait_for_whoever_holds_the_state(client: APIClient, user: User) -> None:
    """Asked from another connection, while this one holds the row."""
    FeedState.objects.create(user_id=user.id, floor=MAX_ID, status="asleep")
    with transaction.atomic():
        FeedState.objects.select_for_update().get(user_id=user.id)
        status = on_own_connection(lambda: client.get("/v1/feed").status_code)

    assert (status, FeedState.objects.get().status) == (200, "asleep")


def test_a_reader_gets_its_feed_when_the_sighting_cannot_be_written(client: APIClient, user: User) -> None:
    post = PostFactory.create(author=user)
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE feeds_feedstate ADD CONSTRAINT broken CHECK (user_id < 0)")

    page = client.get("/v1/feed")

    assert [item["id"] for item in page.json()["results"]] == [str(post.id)]
