"""What a page costs however much there is: one viral post with 100,000 likers among 10,000 groups."""

import json
from collections.abc import Iterator

import pytest
from django.db import connection, transaction
from pytest_django import DjangoDbBlocker

from interactions.models import Kind
from interactions.notifications.selectors import PAGE_DOWN, PAGE_UP, UNREAD
from puppies.ids import MAX_ID
from puppies.sql import Statement
from tests.plans import Plan, analyze, generic_plan_of

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
    with django_db_blocker.unblock(), transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(
                "SET LOCAL transaction_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0;"
                " SET LOCAL statement_timeout = 0"
            )
            cursor.execute(TOWN)
        analyze(*TABLES)
        yield
        transaction.set_rollback(True)


def page_plan(statement: Statement) -> Plan:
    return generic_plan_of(statement, READER, list(Kind), MAX_ID, 0, [], 21)


def executed(statement: Statement, *parameters: object) -> dict[str, object]:
    """The plan of one execution with what it read."""
    statement.rows(*parameters)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL plan_cache_mode = force_generic_plan")
        cursor.execute(
            "SELECT name FROM pg_prepared_statements WHERE name ~ %s", [f"^{statement.name}_[0-9a-f]+$"]
        )
        (name,) = cursor.fetchone()
        places = ", ".join(["%s"] * len(parameters))
        cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) EXECUTE {name} ({places})", parameters)
        (found,) = cursor.fetchone()
    document = json.loads(found) if isinstance(found, str) else found
    return dict(document[0])


@pytest.mark.parametrize("statement", [PAGE_DOWN, PAGE_UP])
def test_time(town, statement):
    for limit in (1, 21):
        d = executed(statement, READER, list(Kind), MAX_ID, 0, [], limit)
        print(limit, d["Execution Time"], d["Plan"]["Shared Hit Blocks"], d["Plan"]["Shared Read Blocks"])
    print(
        sorted(page_plan(statement).indexes()),
        page_plan(statement).scanned_whole(),
        page_plan(statement).sorts(),
    )
    d = executed(UNREAD, READER)
    print("unread", d["Execution Time"], d["Plan"]["Shared Hit Blocks"])
    with connection.cursor() as c:
        c.execute("update interactions_notificationinbox set read_up_to=%s where user_id=1", [10000])
    d = executed(UNREAD, READER)
    print("unread none", d["Execution Time"], d["Plan"]["Shared Hit Blocks"])
    with connection.cursor() as c:
        c.execute("update interactions_notificationinbox set read_up_to=0 where user_id=1", [10000])
    d = executed(statement, READER, ["mention"], MAX_ID, 0, [], 21)
    print("mention", d["Execution Time"], d["Plan"]["Shared Hit Blocks"])
