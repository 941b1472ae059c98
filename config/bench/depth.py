"""Budget 5: what a page of the home feed costs where it is stored, pulled, or 100,000 posts deep."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from config.bench.feed import Contestant, load
from config.bench.figures import Chapter, Figure, number
from config.bench.lab import alternate, laboratory
from config.bench.people import FOLLOWEES, MINUTE, make_accounts, settle, token_of
from puppies import cursors

PAGE = 10
EACH = 10
PUSHED = range(1_001, 1_201)
PULLED = range(2_001, 2_201)
QUIET = range(3_001, 3_201)
STORED = 1_000
DEPTH = 100_000

# Posts a minute apart, by these authors in turn.
POSTS = """
INSERT INTO posts_post (id, feed_id, author_id, content, delivery)
SELECT n * %(apart)s, n * %(apart)s, (%(authors)s::bigint[])[1 + n %% array_length(%(authors)s, 1)],
       repeat('A long walk in the rain. ', 6), %(delivery)s
  FROM generate_series(%(first)s, %(last)s) AS n
"""
STORE = """
INSERT INTO feeds_feedentry (user_id, feed_id, author_id)
SELECT reader, post.feed_id, post.author_id FROM unnest(%(readers)s) AS reader, (
    SELECT feed_id, author_id FROM posts_post WHERE delivery = 'pushed' AND author_id = ANY (%(authors)s)
     ORDER BY feed_id DESC LIMIT %(count)s) AS post
"""
FLOORS = """
INSERT INTO feeds_feedstate (user_id, floor)
SELECT reader, CASE WHEN %(is_raised)s THEN (SELECT min(feed_id) FROM feeds_feedentry WHERE user_id = reader) ELSE 0 END
  FROM unnest(%(readers)s) AS reader
"""


@dataclass(frozen=True)
class Group:
    """Ten readers of one kind: how many entries they have stored, how many pulled authors they follow, where they read."""

    name: str
    first: int
    stored: int
    pulled: int
    budget: float
    is_deep: bool = False

    @property
    def readers(self) -> list[int]:
        """Their ids."""
        return list(range(self.first, self.first + EACH))


PEER = Group("10 entries, nobody pulled", 1, PAGE, 0, budget=0)
GROUPS = (
    Group("1,000 entries, nobody pulled", 11, STORED, 0, budget=1 / 1.5),
    Group("1,000 entries, 20 pulled authors", 21, STORED, 20, budget=1 / 1.5),
    Group("1,000 entries, 200 pulled authors", 31, STORED, 200, budget=1 / 1.5),
    Group("10 entries, 200 pulled authors", 41, PAGE, 200, budget=1 / 1.5),
    Group("100,000 posts deep", 51, STORED, 0, budget=1 / 3, is_deep=True),
)


def measure(*, quick: bool, secret_key: str, say: Callable[[str], None]) -> Chapter:
    """Prepare the readers, start one server, let the groups take turns."""
    with laboratory(("postgres", "valkey", "kafka"), secret_key=secret_key) as lab:
        say(
            f"depth: {DEPTH:,} posts, {len(PUSHED)} authors that everybody follows, up to {len(PULLED)} pulled"
        )
        lab.manage("migrate", "--no-input")
        with lab.database() as cursor:
            prepare(cursor)
        server = lab.roles.api()
        with lab.running(server):
            say("depth: rounds")
            contestants = {group.name: Contestant(server, lines(group)) for group in (PEER, *GROUPS)}
            return race(contestants, rounds=5 if quick else 7, seconds=1.0 if quick else 3.0)


def prepare(cursor: Any) -> None:
    """Accounts, posts, follows and stored feeds."""
    groups = (PEER, *GROUPS)
    make_accounts(cursor, QUIET.stop, signed_in=[reader for group in groups for reader in group.readers])
    last = DEPTH + 10 * STORED
    publish(cursor, "pushed", PUSHED, first=1, last=last)
    publish(cursor, "pulled", PULLED, first=last - 10 * len(PULLED) + 1, last=last, shift=1)
    publish(cursor, "pushed", QUIET[:PAGE], first=last - PAGE + 1, last=last, shift=2)
    for group in groups:
        follow_and_store(cursor, group)
    settle(cursor)


def publish(cursor: Any, delivery: str, authors: range, *, first: int, last: int, shift: int = 0) -> None:
    """Posts number `first` to `last`; a shift keeps the ids of several runs apart."""
    names = {"authors": list(authors), "delivery": delivery, "first": first, "last": last}
    sql = POSTS.replace("n * %(apart)s", f"n * %(apart)s + {shift}")
    cursor.execute(sql, {**names, "apart": MINUTE // 30})


def follow_and_store(cursor: Any, group: Group) -> None:
    """Who has few entries follows as many accounts as the others, but quiet ones."""
    authors = list(PUSHED if group.stored == STORED else QUIET)
    cursor.execute(FOLLOWEES, [group.readers, authors + list(PULLED[: group.pulled])])
    cursor.execute(STORE, {"readers": group.readers, "authors": authors, "count": group.stored})
    cursor.execute(FLOORS, {"readers": group.readers, "is_raised": group.stored == STORED})


def lines(group: Group) -> str:
    """What the readers of a group ask, one line each."""
    return "".join(f"{target(group, reader)} {token_of(reader)}\n" for reader in group.readers)


def target(group: Group, reader: int) -> str:
    """A page of ten posts: the newest, or one that 100,000 newer posts lie above."""
    if not group.is_deep:
        return f"/v1/feed?limit={PAGE}"
    cursor = cursors.encode({"b": 10 * STORED * (MINUTE // 30)}, scope=f"home:{reader}")
    return f"/v1/feed?limit={PAGE}&cursor={cursor}"


def race(contestants: Mapping[str, Contestant], *, rounds: int, seconds: float) -> Chapter:
    """Requests a second of each group, beside the first."""
    runs = {name: partial(load, contestant, seconds) for name, contestant in contestants.items()}
    rates = {name: [rate for rate, _ in found] for name, found in alternate(rounds, runs).items()}
    figures = [
        Figure.faster(
            f"feed page: {group.name}",
            unit="requests/s",
            ours=rates[group.name],
            peer=PEER.name,
            theirs=rates[PEER.name],
            budget=round(group.budget, 2),
        )
        for group in GROUPS
    ]
    return Chapter("depth", "Home feed, deep and wide", figures, notes(rounds, seconds))


def notes(rounds: int, seconds: float) -> list[str]:
    """How it was measured."""
    return [
        (
            f"Pages of {PAGE} posts through HTTP from one server; every reader follows {len(PUSHED)} accounts that are pushed, and the "
            f"pulled ones besides; {DEPTH + 10 * STORED:,} posts; {rounds} rounds of {number(seconds)} s each."
        ),
        "A ratio of 0.67 means that a page takes half as long again as the first, one of 0.33 three times as long.",
    ]
