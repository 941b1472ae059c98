"""The hot queries find their rows by an index, whatever has gathered in the tables."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from pytest_django import DjangoDbBlocker

from accounts.selectors import COUNTS, SESSION_IS_GOOD
from feeds.merging import MERGE, REBUILD
from feeds.selectors import HOME, NEWER
from feeds.services import PUSH
from interactions.draining import CLAIM, COUNTERS, WAITING
from interactions.selectors import LIKE_COUNT
from posts.selectors import PROFILE_DOWN, PROFILE_UP
from puppies.ids import MAX_ID
from puppies.outbox.leases import LEASE
from puppies.sql import Statement
from tests.plans import Plan, filled, generic_plan_of, plan_of

# Each question in a savepoint of its own: what it sets for its transaction, others do not inherit.
pytestmark = pytest.mark.django_db

# 2,000 accounts of which each follows 20, 20,000 posts, the feeds of 200 readers, 30,000 deliveries of which 1 in 100 is open,
# 20,000 entries in the ledger.
TOWN = """
INSERT INTO accounts_user (id, username, email, password, is_superuser, created_at)
SELECT n, 'user_' || n, n || '@example.test', '!', false, now() FROM generate_series(1, 2000) AS n;
INSERT INTO accounts_session (id, user_id, expires_at)
SELECT n, 1 + n % 2000, now() + interval '1 day' FROM generate_series(1, 6000) AS n;
INSERT INTO accounts_follow (follower_id, followee_id, merged)
SELECT n, 1 + (n + step * 37) % 2000, step > 1 FROM generate_series(1, 2000) AS n, generate_series(1, 20) AS step;
INSERT INTO posts_post (id, feed_id, author_id, content, delivery)
SELECT n, n, 1 + n % 2000, 'wuff', CASE WHEN n % 100 = 0 THEN 'pushing' ELSE 'pushed' END
  FROM generate_series(1, 20000) AS n;
INSERT INTO feeds_feedentry (user_id, feed_id, author_id)
SELECT follow.follower_id, post.feed_id, post.author_id
  FROM accounts_follow AS follow JOIN posts_post AS post ON post.author_id = follow.followee_id
 WHERE follow.follower_id <= 200;
INSERT INTO interactions_like (user_id, post_id)
SELECT 1 + n % 2000, 1 + n % 7000 FROM generate_series(1, 10000) AS n ON CONFLICT DO NOTHING;
INSERT INTO puppies_ledgerentry (counter, subject_id, actor_id, delta)
SELECT CASE WHEN n % 2 = 0 THEN 'post.likes' ELSE 'user.followers' END, 1 + n % 3000, 1, 1
  FROM generate_series(1, 20000) AS n;
INSERT INTO puppies_delivery (fact, payload, task, partition_key, due_at, done_at)
SELECT 'f', '{}', 't', '1', now() - interval '1 minute', CASE WHEN n % 100 > 0 THEN now() END
  FROM generate_series(1, 30000) AS n;
"""
TABLES = (
    "accounts_user", "accounts_session", "accounts_follow", "posts_post", "feeds_feedentry", "interactions_like",
    "puppies_ledgerentry", "puppies_delivery",
)  # fmt: skip


@dataclass(frozen=True)
class Town:
    """The account that the questions are about."""

    reader_id: int = 100
    session_id: int = 2099


@pytest.fixture(scope="module")
def town(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Town]:
    """Filled once for all questions of this module, which change nothing, and rolled back."""
    # What tests before this one rolled back still lies in the indexes, and would count as their size.
    with django_db_blocker.unblock(), filled(TOWN + "REINDEX TABLE posts_post;", *TABLES):
        yield Town()


Read = Callable[[Town], Plan]
reads = pytest.mark.parametrize(
    "read",
    [
        lambda town: generic_plan_of(HOME, town.reader_id, town.session_id, MAX_ID, 21),
        lambda town: generic_plan_of(NEWER, town.reader_id, town.session_id, 1, 21, [2, 3]),
    ],
    ids=["older", "newer"],
)


@reads
def test_the_home_feed_is_read_by_indexes(town: Town, read: Read) -> None:
    plan = read(town)

    assert plan.scanned_whole() == set()
    needed = {
        "accounts_session_pkey",
        "accounts_user_pkey",
        "feeds_feedstate_pkey",
        "ledger_by_subject",
        "post_by_author",
        "post_unpushed",
        "posts_post_feed_id_key",
    }
    # Where both columns are given, the key and the index of the other direction are equally good; where one is, any that it leads.
    as_good = {
        "interactions_like_pkey",
        "follow_by_followee",
        "accounts_follow_pkey",
        "follow_following_newest",
    }
    as_good |= {
        "accounts_mute_pkey",
        "mute_by_muted",
        "mute_newest",
        "accounts_block_pkey",
        "block_by_blocked",
        "block_newest",
    }
    found = {index for index in plan.indexes() if not index.startswith("feeds_feedentry_")}
    assert needed <= found <= needed | as_good


@reads
def test_the_home_feed_looks_into_one_partition(town: Town, read: Read) -> None:
    assert len([index for index in read(town).indexes() if index.startswith("feeds_feedentry_")]) == 1


@reads
def test_the_home_feed_sorts_one_row_an_author_and_the_candidates_of_one_page(town: Town, read: Read) -> None:
    plan = read(town)

    # No table is read to be sorted: authors are, by one post each, and then what their next posts are.
    assert {key.rpartition(".")[2].split()[0] for (key,) in plan.sorts()} == {"feed_id"}
    assert not [node for node in plan.children_of_sorts() if "Scan" in node["Node Type"]]


def test_the_session_probe_reads_two_keys(town: Town) -> None:
    plan = generic_plan_of(SESSION_IS_GOOD, town.session_id, town.reader_id)

    assert (plan.scanned_whole(), plan.sorts()) == (set(), [])
    assert plan.indexes() == {"accounts_session_pkey", "accounts_user_pkey"}


def test_the_count_of_likes_reads_one_row_and_its_entries(town: Town) -> None:
    plan = generic_plan_of(LIKE_COUNT, 7)

    assert (plan.scanned_whole(), plan.sorts()) == (set(), [])
    assert plan.indexes() == {"posts_post_pkey", "ledger_by_subject"}


@pytest.mark.parametrize("statement", [PUSH.repeated, PUSH.fresh])
def test_a_push_reads_the_next_followers_in_order(town: Town, statement: Statement) -> None:
    plan = generic_plan_of(statement, 100, 50, 0)

    assert (plan.scanned_whole(), plan.sorts()) == (set(), [])
    assert plan.indexes() == {"posts_post_pkey", "follow_by_followee", "feedstate_asleep"}


def test_a_merge_reads_the_newest_posts_in_order(town: Town) -> None:
    plan = generic_plan_of(MERGE, town.reader_id, 7, 0, 0)

    assert (plan.scanned_whole(), plan.sorts()) == (set(), [])
    assert plan.indexes() == {"post_by_author"}


def test_a_rebuild_reads_the_newest_posts_of_each_author_by_an_index(town: Town) -> None:
    plan = generic_plan_of(REBUILD, town.reader_id, 0)

    assert plan.scanned_whole() == set()
    assert "post_by_author" in plan.indexes()


def test_a_lease_reads_only_open_deliveries_in_order(town: Town) -> None:
    plan = plan_of(LEASE, {"lease": 30, "limit": 100})

    assert (plan.scanned_whole(), plan.sorts()) == (set(), [])
    assert plan.indexes() == {"delivery_open", "puppies_delivery_pkey"}


def test_the_counts_of_an_account_read_one_row_and_its_entries(town: Town) -> None:
    names = {"ids": [7], "followers": "user.followers", "following": "user.following", "posts": "user.posts"}

    plan = plan_of(COUNTS, names)

    # Whether the one row is found in order or sorted afterwards is as good.
    assert plan.scanned_whole() == set()
    assert plan.indexes() == {"accounts_user_pkey", "ledger_by_subject"}


def test_a_drain_finds_what_waits_in_order(town: Town) -> None:
    plan = plan_of(WAITING, {"counter": "post.likes", "after": 0, "limit": 500})

    assert (plan.scanned_whole(), plan.sorts()) == (set(), [])
    assert plan.indexes() == {"ledger_by_subject"}


def test_a_drain_takes_the_entries_and_the_rows_of_its_subjects(town: Town) -> None:
    likes = COUNTERS[0]

    claim = plan_of(CLAIM.format(table=likes.table), {"ids": list(range(1, 501))})
    apply = plan_of(
        likes.apply(),
        {"counter": likes.name, "ids": list(range(1, 501)), "share": 40},
    )

    assert (claim.scanned_whole(), apply.scanned_whole()) == (set(), set())
    assert claim.indexes() == {"posts_post_pkey"}
    assert apply.indexes() == {"ledger_by_subject", "posts_post_pkey", "puppies_ledgerentry_pkey"}


@pytest.mark.parametrize("profile", [PROFILE_DOWN, PROFILE_UP])
def test_a_profile_reads_the_next_posts_of_its_author_in_order(town: Town, profile: Statement) -> None:
    plan = generic_plan_of(profile, 7, 15_000, 10, [6_006], 21)

    assert (plan.scanned_whole(), plan.sorts()) == (set(), [])
    assert plan.indexes() == {"accounts_user_pkey", "ledger_by_subject", "post_by_author"}
