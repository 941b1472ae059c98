"""Drains, tasks and readers at the same moment, and drains that die."""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from django.db import connection, transaction

from accounts.models import User
from interactions import draining
from interactions.draining import drain, drain_batch
from interactions.models import Kind, Like, Notification, NotificationGroup, NotificationInbox
from interactions.notifications import likes
from interactions.notifications.marking import mark_read
from interactions.notifications.selectors import notifications
from interactions.notifications.writing import Act, notify
from interactions.services import like_post, unlike_post
from posts.models import Post
from puppies.ids import MAX_ID
from puppies.models import LedgerEntry
from tests.elsewhere import Elsewhere
from tests.factories import PostFactory, UserFactory
from tests.interactions.gathering import LIKES, stored
from tests.interactions.notifications.people import told, unread_number
from tests.threads import run_together

pytestmark = pytest.mark.django_db(transaction=True)


def liked(post: Post, *, by: int) -> None:
    for fan in UserFactory.create_batch(by):
        like_post(user_id=fan.id, post_id=post.id)


def actors_of(post: Post) -> set[int]:
    rows = Notification.objects.filter(kind="like", subject_id=post.id, is_withdrawn=False)
    return set(rows.values_list("actor_id", flat=True))


def likers_of(post: Post) -> set[int]:
    return set(Like.objects.filter(post_id=post.id).values_list("user_id", flat=True))


def test_count_and_notifications_are_one_transaction() -> None:
    post = PostFactory.create()
    drain()
    liked(post, by=3)

    with transaction.atomic():
        drain_batch(LIKES, subject_ids=[post.id])
        inside = (stored()[post.id], len(actors_of(post)))
        transaction.set_rollback(True)

    assert inside == (3, 3)
    assert (stored()[post.id], actors_of(post), NotificationGroup.objects.count()) == (0, set(), 0)
    assert LedgerEntry.objects.filter(counter=LIKES.name).count() == 3


@pytest.mark.parametrize("step", ["AUTHORS", "LIKED"])
@pytest.mark.parametrize("is_after", [False, True])
def test_a_drain_killed_around_a_step_leaves_both_undone(step: str, is_after: bool) -> None:
    post = PostFactory.create()
    drain()
    liked(post, by=3)

    connection.close()
    child = os.fork()
    if child == 0:
        die_at(getattr(likes, step), is_after=is_after)
        drain_batch(LIKES, subject_ids=[post.id])
        os._exit(0)
    _, status = os.waitpid(child, 0)
    undone = (stored()[post.id], actors_of(post), LedgerEntry.objects.filter(counter=LIKES.name).count())
    drain()

    assert os.WTERMSIG(status) == signal.SIGKILL
    assert undone == (0, set(), 3)
    assert (stored()[post.id], actors_of(post)) == (3, likers_of(post))
    assert len(told(post.author)) == 1


def die_at(sql: str, *, is_after: bool) -> None:
    """Let this process be killed when its connection is about to run the statement, or has run it."""

    def wrapper(execute: object, statement: str, *rest: object) -> object:
        if statement == sql and not is_after:
            os.kill(os.getpid(), signal.SIGKILL)
        result = execute(statement, *rest)  # type: ignore[operator]
        if statement == sql:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    connection.execute_wrappers.append(wrapper)


def like_and_waver(posts: list[Post], fan: User) -> None:
    for number in range(24):
        post = posts[number % 3]
        like_post(user_id=fan.id, post_id=post.id)
        if (number + fan.id) % 4 == 0:
            unlike_post(user_id=fan.id, post_id=post.id)


def repeat_until(is_over: threading.Event, *calls: Callable[[], object]) -> None:
    while not is_over.is_set():
        for call in calls:
            call()


def test_two_drains_a_crowd_and_a_reader_end_with_every_liker_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(draining, "ENTRIES", 7)
    author, is_over = UserFactory.create(), threading.Event()
    posts, fans = PostFactory.create_batch(3, author=author), UserFactory.create_batch(4)

    def crowd() -> None:
        run_together(*[lambda fan=fan: like_and_waver(posts, fan) for fan in fans])
        is_over.set()

    run_together(
        crowd,
        lambda: repeat_until(is_over, drain),
        lambda: repeat_until(is_over, drain),
        lambda: repeat_until(is_over, lambda: mark_read(user_id=author.id), lambda: told(author)),
    )
    drain()

    told_of = {one.post.id for one in told(author) if one.post}
    for post in posts:
        likers = likers_of(post)
        assert (actors_of(post), stored()[post.id]) == (likers, len(likers))
        assert (post.id in told_of) == bool(likers)


def test_drains_and_tasks_that_want_the_same_inboxes_never_wait_for_each_other() -> None:
    authors = UserFactory.create_batch(6)
    posts = [PostFactory.create(author=author) for author in authors]
    fans = UserFactory.create_batch(4)

    def act(place: int) -> None:
        for number in range(20):
            some = authors if (place + number) % 2 else authors[::-1]
            with transaction.atomic():
                notify([Act(author.id, Kind.MENTION, number, fans[place].id) for author in some])

    def like(place: int) -> None:
        for post in posts if place % 2 else posts[::-1]:
            like_post(user_id=fans[place].id, post_id=post.id)
            drain()

    run_together(
        *[lambda place=place: act(place) for place in range(2)],
        *[lambda place=place: like(place) for place in (2, 3)],
    )
    drain()

    for author in authors:
        assert Notification.objects.filter(recipient=author, kind="mention").count() == 40
        assert len([one for one in told(author) if one.kind == "like"]) == 1


def test_nothing_is_born_below_the_marker() -> None:
    """What begins before somebody reads, and commits after, waits in its order: a place is taken under the lock of the inbox."""
    rex, bella = UserFactory.create_batch(2)
    elsewhere = Elsewhere()
    try:
        with transaction.atomic():
            notify([Act(rex.id, Kind.MENTION, 1, bella.id)])
            reading = elsewhere.start(lambda: mark_read(user_id=rex.id))
        reading.result(timeout=10)
        notify_in_a_transaction(rex, bella, 2)
    finally:
        elsewhere.close()

    inbox = NotificationInbox.objects.get()
    first, second = NotificationGroup.objects.order_by("place").values_list("place", flat=True)
    assert first == inbox.read_up_to < second


CLOCK = """
CREATE OR REPLACE FUNCTION puppies_next_id() RETURNS bigint LANGUAGE sql VOLATILE PARALLEL UNSAFE AS $$
    SELECT (((extract(epoch FROM clock_timestamp()) * 1000)::bigint - {late} - 1767225600000) << 22) | nextval('puppies_id_seq') $$
"""


@contextmanager
def clock_behind(*, milliseconds: int) -> Iterator[None]:
    """What happens within is given ids by a clock that is late."""
    with connection.cursor() as cursor:
        cursor.execute(CLOCK.format(late=milliseconds))
        try:
            yield
        finally:
            cursor.execute(CLOCK.format(late=0))


def test_when_the_clock_steps_back_nothing_is_born_read_nor_mailed_nor_falls_in_the_list() -> None:
    rex, bella = UserFactory.create_batch(2)
    notify_in_a_transaction(rex, bella, 1)
    mark_read(user_id=rex.id)
    before = NotificationGroup.objects.get().place
    NotificationInbox.objects.update(digested_up_to=before + 7)

    with clock_behind(milliseconds=2_000):
        posts = PostFactory.create_batch(3, author=rex)
        for post in posts:
            like_post(user_id=bella.id, post_id=post.id)
        drain()
        tops = [unread_number(rex)]
        like_post(user_id=UserFactory.create().id, post_id=posts[0].id)
        drain()

    places = list(NotificationGroup.objects.order_by("place").values_list("place", "subject_id"))
    assert tops == [3]
    assert [place for place, _ in places] == [before, *(before + 7 + number for number in (2, 3, 4))]
    assert places[-1][1] == posts[0].id
    assert unread_number(rex) == 3


def notify_in_a_transaction(recipient: User, actor: User, subject: int) -> None:
    with transaction.atomic():
        notify([Act(recipient.id, Kind.MENTION, subject, actor.id)])


def test_one_act_told_by_two_tasks_at_once_is_told_once() -> None:
    rex, bella = UserFactory.create_batch(2)

    run_together(*[lambda: notify_in_a_transaction(rex, bella, 1)] * 4)

    assert Notification.objects.count() == NotificationGroup.objects.count() == 1


def test_readers_meet_a_consistent_list_while_a_group_rises(monkeypatch: pytest.MonkeyPatch) -> None:
    post = PostFactory.create()
    liked(post, by=1)
    drain()
    liked(post, by=20)
    monkeypatch.setattr(draining, "ENTRIES", 1)

    def read() -> set[int]:
        pages = [notifications(recipient_id=post.author_id, limit=10, before=MAX_ID) for _ in range(40)]
        assert {(len(page.told), page.told[0].is_read) for page in pages} == {(1, False)}
        assert {page.unread.number for page in pages} == {1}
        counts = [page.told[0].actors_count for page in pages]
        assert counts == sorted(counts)
        return set()

    run_together(read, read, lambda: {drain()})

    assert told(post.author)[0].actors_count == 21
    assert unread_number(post.author) == 1
