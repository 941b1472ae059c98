"""Comments are found by indexes, whatever the planner believes: a post with 100,000 of them among posts with few."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import product

import pytest
from django.db import connection

from interactions.comments.rows import DELETE_EMPTY, EMPTY, HOLD_THREAD
from interactions.comments.selectors import PAGE_BACKWARD, PAGE_FORWARD, SHOWN, comments_of
from puppies.api.pairs import PairWindow
from puppies.ids import MAX_ID
from puppies.sql import execute
from tests.plans import Plan, analyze, fill_accounts, generic_plan_of, plan_of

pytestmark = pytest.mark.django_db

MANY = 100_000
VIRAL, QUIET, VIEWER = 1, 2, 7
# Threads of ten on the viral post; one comment on each of 1,000 others.
FILL = """
INSERT INTO posts_post (id, feed_id, author_id, content) SELECT n, n, 1 + n %% 500, 'wuff' FROM generate_series(1, 1001) AS n;
INSERT INTO interactions_comment (id, post_id, author_id, thread_id, parent_id, content)
SELECT 10000 + n, 1, 1 + n %% 500, 10000 + n - n %% 10, CASE WHEN n %% 10 > 0 THEN 10000 + n - n %% 10 END, 'wuff'
  FROM generate_series(0, %(many)s - 1) AS n;
INSERT INTO interactions_comment (id, post_id, author_id, thread_id, content)
SELECT n, n, 1 + n %% 500, n, 'wuff' FROM generate_series(2, 1001) AS n
"""


# 20,000 replies on the quiet post that nobody sees, as their root.
LONG_THREAD = """
UPDATE interactions_comment SET state = 'hidden' WHERE id = 2;
UPDATE accounts_user SET state = 'suspended' WHERE id = 10;
INSERT INTO interactions_comment (id, post_id, author_id, thread_id, parent_id, content)
SELECT 200000 + n, 2, 10, 2, 2, 'wuff' FROM generate_series(1, 20000) AS n
"""


def fill() -> None:
    fill_accounts(500)
    execute(FILL, {"many": MANY})
    analyze("posts_post", "interactions_comment")


@pytest.fixture
def viral() -> None:
    fill()


def refers_to(plan: Plan) -> set[str]:
    """The indexes by which comments are found."""
    return {name for name in plan.indexes() if "comment" in name}


@contextmanager
def reading_at_most(rows: int) -> Iterator[None]:
    """So many rows of comments are fetched or returned within, at most."""
    before = rows_read()
    yield
    assert rows_read() - before <= rows


def rows_read() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_stat_get_xact_tuples_fetched('interactions_comment'::regclass)"
            " + pg_stat_get_xact_tuples_returned('interactions_comment'::regclass)"
        )
        return int(cursor.fetchone()[0])


@pytest.mark.usefixtures("viral")
def test_a_page_is_read_by_its_index_in_its_order() -> None:
    for statement, post in product((PAGE_FORWARD, PAGE_BACKWARD), (VIRAL, QUIET)):
        plan = generic_plan_of(statement, post, VIEWER, 50_000, 0, 21)

        assert "comment_by_post" in refers_to(plan)
        assert not plan.scanned_whole()
        # Nothing but the page itself is sorted, if at all.
        assert {node["Node Type"] for node in plan.children_of_sorts()} <= {"Limit", "Nested Loop"}


@pytest.mark.usefixtures("viral")
def test_a_page_costs_its_rows_wherever_it_lies() -> None:
    for statement, thread in product((PAGE_FORWARD, PAGE_BACKWARD), (0, 50_000, MAX_ID)):
        statement.rows(VIRAL, VIEWER, thread, 0, 21)

        with reading_at_most(2 * 21 + 2):
            statement.rows(VIRAL, VIEWER, thread, 0, 21)


@pytest.mark.usefixtures("viral")
def test_the_place_of_a_root_costs_one_look_into_its_thread() -> None:
    execute("UPDATE interactions_comment SET state = 'hidden' WHERE post_id = 1 AND parent_id IS NULL", {})
    PAGE_FORWARD.rows(VIRAL, VIEWER, 0, 0, 21)

    with reading_at_most(4 * 21):
        found = PAGE_FORWARD.rows(VIRAL, VIEWER, 0, 0, 21)

    assert [row[-3] for row in found] == [number % 10 > 0 for number in range(21)]


# All but the author of the viral post, 2, and the viewer.
SUSPEND = "UPDATE accounts_user SET state = 'suspended' WHERE id NOT IN (2, 7)"


@pytest.mark.usefixtures("viral")
def test_what_may_not_be_seen_is_passed_over_a_bounded_look_at_a_time() -> None:
    execute(SUSPEND, {})

    for backward, place in ((False, (0, 0)), (True, (MAX_ID, 0))):
        window = PairWindow(21, place, backward=backward)
        comments_of(post_id=VIRAL, viewer_id=VIEWER, window=window)
        with reading_at_most(3_000):
            found = comments_of(post_id=VIRAL, viewer_id=VIEWER, window=window)

        assert found is not None
        assert len(found) == 6
        assert found.until == ((109_000, 109_000) if backward else (10_990, 10_999))


@pytest.mark.usefixtures("viral")
def test_bounded_looks_find_all_that_may_be_seen() -> None:
    execute(SUSPEND, {})
    found: list[int] = []
    place: tuple[int, int] | None = (0, 0)

    while place is not None:
        look = comments_of(post_id=VIRAL, viewer_id=VIEWER, window=PairWindow(21, place))
        assert look is not None
        found += [comment.id - 10_000 for comment in look]
        place = look.until

    assert found == [number for number in range(MANY) if number % 500 in (0, 1, 6)]


@pytest.mark.usefixtures("viral")
def test_the_place_of_a_root_does_not_cost_all_of_a_long_thread() -> None:
    execute(LONG_THREAD, {})
    window = PairWindow(21, (0, 0))
    comments_of(post_id=QUIET, viewer_id=VIEWER, window=window)

    with reading_at_most(2_200):
        assert comments_of(post_id=QUIET, viewer_id=VIEWER, window=window) == []


def test_a_plan_made_for_an_empty_table_is_not_kept_once_it_is_counted_anew() -> None:
    analyze("interactions_comment")
    for _ in range(8):
        PAGE_FORWARD.rows(VIRAL, VIEWER, 0, 0, 21)
    fill()
    PAGE_FORWARD.rows(VIRAL, VIEWER, 0, 0, 21)

    with reading_at_most(2 * 21 + 2):
        assert len(PAGE_FORWARD.rows(VIRAL, VIEWER, 0, 0, 21)) == 21


@pytest.mark.usefixtures("viral")
def test_one_comment_is_read_by_its_key() -> None:
    plan = generic_plan_of(SHOWN, 10_001, VIEWER)

    assert refers_to(plan) == {"interactions_comment_pkey"}
    assert not plan.scanned_whole()


@pytest.mark.usefixtures("viral")
def test_threads_are_held_and_cleaned_by_index() -> None:
    for sql in (EMPTY, DELETE_EMPTY):
        plan = plan_of(sql, {"ids": [10_000, 20_000]})
        assert refers_to(plan) == {"interactions_comment_pkey", "comment_by_post"}
        assert not plan.scanned_whole()

    assert not plan_of(HOLD_THREAD, (10_001,)).scanned_whole()
