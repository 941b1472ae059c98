"""The popular feed's queries find their rows by an index, whatever has gathered in the tables."""

from feeds.popular.pages import PAGE
from feeds.popular.ranking import rank_parameters, rank_sql
from tests.feeds.test_plans import Town
from tests.feeds.test_plans import town as town  # noqa: PLC0414 - pytest finds fixtures by their names
from tests.plans import generic_plan_of, plan_of


def test_a_page_is_read_by_keys(town: Town) -> None:
    plan = generic_plan_of(PAGE, town.reader_id, town.session_id, list(range(1, 41)), list(range(40)), 20)

    assert plan.scanned_whole() == set()
    needed = {"accounts_session_pkey", "accounts_user_pkey", "posts_post_pkey", "ledger_by_subject"}
    # Where both columns are given, the key and the index of the other direction are equally good.
    as_good = {"interactions_like_pkey"}
    as_good |= {
        "accounts_mute_pkey",
        "mute_by_muted",
        "accounts_block_pkey",
        "block_by_blocked",
        "mute_newest",
        "block_newest",
    }
    assert needed <= plan.indexes() <= needed | as_good


def test_the_ranking_reads_the_newest_posts_in_order_and_no_more(town: Town) -> None:
    plan = plan_of(rank_sql(), rank_parameters(previous=tuple(range(1, 1_001))) | {"candidates": 500})

    assert "posts_post_feed_id_key" in plan.indexes()
    # Nobody has commented in this town: an empty table is read whole.
    assert plan.scanned_whole() <= {"accounts_user", "interactions_comment"}
