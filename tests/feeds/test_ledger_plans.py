"""Whatever the planner believes of the ledger, counts are read through its index: it is empty between two bursts, and then it is not."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection

from feeds.selectors import HOME
from interactions.selectors import LIKE_COUNT
from posts.models import Post
from posts.selectors import DISPLAYED, PROFILE_DOWN, PROFILE_UP
from puppies.ids import MAX_ID
from puppies.sql import execute
from tests.factories import PostFactory
from tests.feeds.readers import Reader
from tests.plans import Plan, analyze, generic_plan_of

# Alternating counters of `subjects` posts that nobody reads.
GROWN = """
INSERT INTO puppies_ledgerentry (counter, subject_id, actor_id, delta)
SELECT CASE WHEN n % 2 = 0 THEN 'post.likes' ELSE 'post.comments' END, -1 - n % %(subjects)s, n, 1
  FROM generate_series(1, %(entries)s) AS n
"""


def grow(*, entries: int, subjects: int) -> None:
    execute(
        GROWN.replace(" % 2", " %% 2").replace(" % %(", " %% %("), {"entries": entries, "subjects": subjects}
    )


def empty_and_analyzed() -> None:
    execute("TRUNCATE puppies_ledgerentry", {})
    analyze("puppies_ledgerentry")


def of_one_post_and_analyzed() -> None:
    """Of a single post in the tally, so that every other post seems to have as many entries."""
    grow(entries=20_000, subjects=1)
    analyze("puppies_ledgerentry")


def nothing() -> None:
    """The tally is right."""


def much() -> None:
    grow(entries=100_000, subjects=50_000)


def plans_of(reader: Reader, post: Post) -> dict[str, Plan]:
    """Everything that shows counts of posts."""
    me = reader.user.id
    return {
        "home": generic_plan_of(HOME, me, reader.session_id, MAX_ID, 21),
        "like count": generic_plan_of(LIKE_COUNT, post.id),
        "post": generic_plan_of(DISPLAYED, post.id, me),
        "profile down": generic_plan_of(PROFILE_DOWN, post.author_id, MAX_ID, 0, [], 21),
        "profile up": generic_plan_of(PROFILE_UP, post.author_id, MAX_ID, 0, [1], 21),
    }


def ledger_reads(plan: Plan) -> list[dict[str, Any]]:
    """The nodes that look for entries: a bitmap's heap node only fetches what its index node found."""
    return [
        node
        for node in plan.nodes
        if node.get("Index Name") == "ledger_by_subject"
        or (node.get("Relation Name") == "puppies_ledgerentry" and node["Node Type"] != "Bitmap Heap Scan")
    ]


@pytest.mark.django_db
@pytest.mark.parametrize("growth", [nothing, much])
@pytest.mark.parametrize("state", [empty_and_analyzed, of_one_post_and_analyzed])
def test_counts_are_read_by_counter_and_post(state: Callable[[], None], growth: Callable[[], None]) -> None:
    reader = Reader.following()
    post = PostFactory.create(author=reader.user)
    state()
    plans_of(reader, post)

    growth()

    for name, plan in plans_of(reader, post).items():
        reads = ledger_reads(plan)
        assert reads, name
        for node in reads:
            assert node["Node Type"] in {"Index Scan", "Index Only Scan", "Bitmap Index Scan"}, name
            assert "counter" in node["Index Cond"], name
            assert "subject_id" in node["Index Cond"], name


@pytest.mark.django_db
def test_a_plan_made_for_an_empty_ledger_reads_no_table_whole_when_it_has_grown() -> None:
    """Asked of the server's own counters, with the plan as it is kept and executed."""
    reader = Reader.following()
    PostFactory.create_batch(3, author=reader.user)
    empty_and_analyzed()
    for _ in range(8):
        reader.page()
    grow(entries=1_000, subjects=1_000)
    before = whole_reads()

    reader.page()

    assert whole_reads() == before


def whole_reads() -> int:
    """How often this transaction has read the ledger from end to end."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT seq_scan FROM pg_stat_xact_user_tables WHERE relname = 'puppies_ledgerentry'")
        (count,) = cursor.fetchone()
    return int(count)
