"""What a page costs however much there is: one viral post with 100,000 likers among 10,000 groups."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone
from pytest_django import DjangoDbBlocker

from interactions.models import Kind
from interactions.notifications import housekeeping
from interactions.notifications.digests import CLAIM
from interactions.notifications.inboxes import LOCK
from interactions.notifications.marking import MARK
from interactions.notifications.selectors import PAGE_DOWN, PAGE_UP, UNREAD, notifications
from puppies.ids import MAX_ID
from puppies.sql import Statement
from tests.plans import Plan, execution_of, filled, generic_plan_of, plan_of

pytestmark = pytest.mark.django_db

LIKERS, GROUPS = 100_000, 10_000
READER = 1
# Account 1 wrote posts 1 … 10,000; the newest, 10,000, is liked by everybody, the others by one account each.
TOWN = f"""
INSERT INTO accounts_user (id, username, email, password, is_superuser, created_at)
SELECT n, 'user_' || n, n || '@example.test', '!', false, now() FROM generate_series(1, {LIKERS + 1}) AS n;
INSERT INTO posts_post (id, feed_id, author_id, content, delivery)
SELECT n, n, {READER}, 'wuff', 'pushed' FROM generate_series(1, {GROUPS}) AS n;
INSERT INTO interactions_like (user_id, post_id)
SELECT n + 1, {GROUPS} FROM generate_series(1, {LIKERS}) AS n
 UNION ALL SELECT n + 1, n FROM generate_series(1, {GROUPS - 1}) AS n;
INSERT INTO interactions_notification (recipient_id, kind, subject_id, actor_id, id)
SELECT {READER}, 'like', post_id, user_id, user_id FROM interactions_like;
INSERT INTO interactions_notificationgroup (recipient_id, kind, subject_id, post_id, place)
SELECT {READER}, 'like', id, id, id FROM posts_post;
INSERT INTO interactions_notificationgroup (recipient_id, kind, subject_id, place)
SELECT 2 + n % 20000, 'follow', n, {GROUPS} + n FROM generate_series(1, 40000) AS n;
INSERT INTO interactions_notificationinbox (user_id, digest_due_at)
SELECT n, CASE WHEN n % 100 = 1 THEN now() END FROM generate_series(1, 20000) AS n;
INSERT INTO accounts_block (blocker_id, blocked_id) SELECT 2 + n % 50, 60 + n FROM generate_series(1, 5000) AS n;
INSERT INTO accounts_mute (muter_id, muted_id) SELECT 2 + n % 50, 60 + n FROM generate_series(1, 5000) AS n;
"""  # noqa: S608 - constants
TABLES = (
    "accounts_user", "posts_post", "interactions_like", "interactions_notification", "interactions_notificationgroup",
    "interactions_notificationinbox", "accounts_block", "accounts_mute",
)  # fmt: skip


@pytest.fixture(scope="module")
def town(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Filled once for all questions of this module, which change nothing, and rolled back."""
    with django_db_blocker.unblock(), filled(TOWN, *TABLES):
        yield


def page_plan(statement: Statement) -> Plan:
    return generic_plan_of(statement, READER, list(Kind), MAX_ID, 0, [], 21)


def executed(statement: Statement, *parameters: Any) -> dict[str, object]:
    """The plan of one execution with what it read."""
    execution = execution_of(statement, *parameters)
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {execution}", parameters)
        (found,) = cursor.fetchone()
    document = json.loads(found) if isinstance(found, str) else found
    return dict(document[0])


def pages_read(statement: Statement, *parameters: Any) -> int:
    """How many pages of tables and indexes one execution reads."""
    document: Any = executed(statement, *parameters)
    plan = document["Plan"]
    return int(plan["Shared Hit Blocks"]) + int(plan["Shared Read Blocks"])


@pytest.mark.parametrize("statement", [PAGE_DOWN, PAGE_UP])
def test_a_page_is_read_by_indexes(town: None, statement: Statement) -> None:
    plan = page_plan(statement)

    assert plan.scanned_whole() == set()
    assert {"notification_group_newest", "notification_newest", "interactions_notificationinbox_pkey"} <= (
        plan.indexes()
    )
    assert "notification_group_oldest" not in plan.indexes()


def test_a_page_costs_the_same_however_many_like_a_post(town: None) -> None:
    viral = pages_read(PAGE_DOWN, READER, list(Kind), MAX_ID, GROUPS - 1, [], 1)
    plain = pages_read(PAGE_DOWN, READER, list(Kind), GROUPS, 0, [], 1)

    (group,) = notifications(recipient_id=READER, limit=1).told
    assert (group.post and group.post.id, group.actors_count, group.is_capped) == (GROUPS, 99, True)
    assert [actor.id for actor in group.actors] == [LIKERS + 1, LIKERS, LIKERS - 1]
    # A hundred of them are looked at, by some twenty pages each, of 100,000.
    assert viral - plain < 100 * 25


def test_a_deep_page_costs_what_the_first_does(town: None) -> None:
    first = pages_read(PAGE_DOWN, READER, list(Kind), GROUPS, 0, [], 21)
    deep = pages_read(PAGE_DOWN, READER, list(Kind), 100, 0, [], 21)

    assert deep < 1.2 * first


def test_other_kinds_are_passed_over_within_the_index(town: None) -> None:
    found = pages_read(PAGE_DOWN, READER, ["mention"], MAX_ID, 0, [], 21)

    assert found - pages_read(UNREAD, READER) < GROUPS / 20


def test_the_unread_are_counted_to_a_hundred(town: None) -> None:
    plan = generic_plan_of(UNREAD, READER)

    assert plan.scanned_whole() == set()
    assert "notification_group_newest" in plan.indexes()
    assert pages_read(UNREAD, READER) < 100 * 40


def test_housekeeping_finds_the_oldest_in_order(town: None) -> None:
    plan = plan_of(housekeeping.OLDEST, {"until": 0, "limit": 1_000})

    assert (plan.scanned_whole(), plan.sorts()) == (set(), [])
    assert "notification_group_oldest" in plan.indexes()


def test_who_is_due_for_a_digest_is_found_in_order(town: None) -> None:
    plan = plan_of(CLAIM, {"limit": 100, "now": timezone.now()})

    assert "inbox_digest_due" in plan.indexes()
    assert plan.scanned_whole() == set()


def test_inboxes_are_locked_in_the_order_of_their_key(town: None) -> None:
    plan = plan_of(LOCK, {"ids": list(range(1, 501))})

    assert plan.scanned_whole() == set()
    assert plan.indexes() == {"interactions_notificationinbox_pkey"}


def test_marking_reads_one_place(town: None) -> None:
    plan = plan_of(MARK, {"user": READER, "up_to": MAX_ID})

    assert (plan.scanned_whole(), plan.sorts()) == (set(), [])
    assert "notification_group_newest" in plan.indexes()
