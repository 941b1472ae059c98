"""A drain that ends at any of its steps, killed or cut off, loses nothing and counts nothing twice."""

import itertools
from collections.abc import Iterator
from typing import Any

import psycopg2
import pytest
from django.db import OperationalError, connection
from django.db import transaction as django_transaction

from accounts.models import Follow, User
from accounts.selectors import counts_of_many
from accounts.services import follow_user, unfollow_user
from interactions import draining
from interactions.draining import COUNTERS, drain
from interactions.models import Like
from interactions.notifications import inboxes, likes, writing
from interactions.selectors import like_count
from interactions.services import like_post, unlike_post
from posts.models import Post
from puppies.models import LedgerEntry
from tests.factories import UserFactory
from tests.interactions.gathering import posts
from tests.interactions.killing import in_child, kill_oneself, killed_at, steps_of

pytestmark = pytest.mark.django_db(transaction=True)

FILES = {str(module.__file__) for module in (draining, likes, inboxes, writing)}
# Around the statements of a transaction: what begins and ends it.
ALL_FILES = FILES | {str(django_transaction.__file__)}
MOST_KILLS = 100


class Crowd:
    """Accounts that like two posts of one author, and follow that author, or take it back: something of everything, each time."""

    def __init__(self) -> None:
        self.posts = posts(2)
        self.fans: list[User] = UserFactory.create_batch(4)
        self._turns = itertools.count()

    def stir(self) -> None:
        """Some likes, some taken back, a follow begun or ended; afterwards the ledger holds something of three counters."""
        turn = next(self._turns)
        for place, fan in enumerate(self.fans):
            for post in self.posts:
                change = like_post if (place + post.id + turn) % 3 else unlike_post
                change(user_id=fan.id, post_id=post.id)
        pair = {"follower_id": self.fans[0].id, "followee_id": self.posts[0].author_id}
        (unfollow_user if turn % 2 else follow_user)(**pair)

    def assert_exact(self) -> None:
        """Each displayed count equals its rows."""
        assert {post.id: like_count(post_id=post.id) for post in self.posts} == {
            post.id: Like.objects.filter(post_id=post.id).count() for post in self.posts
        }
        people = [self.fans[0].id, self.posts[0].author_id]
        counts = counts_of_many(user_ids=people)
        for person in people:
            assert counts[person].followers == Follow.objects.filter(followee_id=person).count()
            assert counts[person].following == Follow.objects.filter(follower_id=person).count()

    def assert_drained(self) -> None:
        """Another drain finishes what is left, and what is stored is all there is."""
        drain()
        assert LedgerEntry.objects.count() == 0
        self.assert_exact()
        assert dict(Post.objects.values_list("id", "like_count")) == {
            post.id: like_count(post_id=post.id) for post in self.posts
        }


@pytest.fixture
def crowd(monkeypatch: pytest.MonkeyPatch) -> Crowd:
    # So that a run takes several transactions for the same post.
    monkeypatch.setattr(draining, "ENTRIES", 6)
    return Crowd()


def test_a_drain_killed_at_any_line_loses_nothing_and_counts_nothing_twice(crowd: Crowd) -> None:
    crowd.stir()
    steps = steps_of(drain, files=ALL_FILES)
    every = steps // MOST_KILLS + 1
    kills, left = 0, set[int]()

    for step in range(1, steps + 1, every):
        crowd.stir()
        kills += killed_at(step, drain, files=ALL_FILES)
        crowd.assert_exact()
        left.add(LedgerEntry.objects.count())
        crowd.assert_drained()

    assert steps > 200
    assert kills > steps // every // 2
    # Some were killed before anything was added up, some between two transactions, some after all of it.
    assert 0 in left
    assert len(left) >= 4


def test_a_drain_killed_before_or_after_any_statement_loses_nothing(crowd: Crowd) -> None:
    for statement, is_sent in moments():
        crowd.stir()
        if not killed_at_statement(statement, is_sent=is_sent):
            break
        crowd.assert_exact()
        crowd.assert_drained()

    assert statement > 2 * len(COUNTERS)


def moments() -> Iterator[tuple[int, bool]]:
    """Before each statement is sent, and after its answer."""
    for statement in itertools.count():
        yield statement, False
        yield statement, True


def killed_at_statement(number: int, *, is_sent: bool) -> bool:
    """Drain in a child that is killed before its statement of this number (from 0) is sent, or when it was answered."""
    return in_child(lambda: interrupt(number, is_sent=is_sent, end=kill_oneself))


def interrupt(number: int, *, is_sent: bool, end: Any) -> bool:
    """Drain, but call `end` before the statement of this number (from 0) is sent, or when it was answered; False when there were fewer."""
    numbers = itertools.count()

    def around(execute: Any, sql: Any, parameters: Any, many: bool, context: Any) -> Any:
        is_it = next(numbers) == number
        if is_it and not is_sent:
            end()
        answer = execute(sql, parameters, many, context)
        if is_it and is_sent:
            end()
        return answer

    with connection.execute_wrapper(around):
        drain()
    return next(numbers) > number


@pytest.fixture
def other() -> Iterator[Any]:
    """A connection that is nobody else's."""
    address = connection.get_connection_params()
    other = psycopg2.connect(**{key: address[key] for key in ("dbname", "user", "password", "host", "port")})
    other.autocommit = True
    yield other
    other.close()


def test_a_drain_whose_connection_is_cut_at_any_statement_loses_nothing(crowd: Crowd, other: Any) -> None:
    def cut() -> None:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [connection.connection.info.backend_pid])
            assert cursor.fetchone() == (True,)

    for statement, is_sent in moments():
        crowd.stir()
        try:
            is_cut = interrupt(statement, is_sent=is_sent, end=cut)
        except OperationalError:
            is_cut = True
        connection.close()
        crowd.assert_exact()
        crowd.assert_drained()
        if not is_cut:
            break

    assert statement > 2 * len(COUNTERS)
