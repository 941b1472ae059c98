"""The home feed against its promise, whatever people and workers do in whatever order.

`make test` runs some hundreds of examples, `make test-long` thousands (FEED_EXAMPLES).
"""

import os

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule, run_state_machine_as_test

from feeds.oracle import claim_faults
from feeds.selectors import newer_items
from tests.feeds.machine import PEOPLE, Writers, numbers, people
from tests.feeds.town import Poll, Walk, page_of

EXAMPLES = int(os.environ.get("FEED_EXAMPLES", "300"))
STEPS = 25
# So that the processes of a run share them.
PARTS = 3


class HomeFeeds(Writers):
    """Readers who page and poll while the others write."""

    def __init__(self) -> None:
        super().__init__()
        self.walks: list[Walk] = []
        self.polls: list[Poll] = []

    def teardown(self) -> None:
        for walk in self.walks:
            while walk.before is not None and walk.who not in self.town.suspended:
                self.turn(walk)
        for poll in self.polls:
            self.poll_until_empty(poll)
        for who in range(PEOPLE):
            assert claim_faults(reader_id=self.id_of(who)) == []
        super().teardown()

    @rule(who=people, limit=st.integers(1, 3))
    def begin_a_walk(self, who: int, limit: int) -> None:
        if who not in self.town.suspended:
            self.walks.append(Walk(who, limit, set(self.town.feed_of(who))))

    @precondition(lambda self: self.walks)
    @rule(number=numbers)
    def turn_a_page(self, number: int) -> None:
        walk = self.walks[number % len(self.walks)]
        if walk.before is not None and walk.who not in self.town.suspended:
            self.turn(walk)

    def turn(self, walk: Walk) -> None:
        page = self.readers[walk.who].page(limit=walk.limit, before=walk.before or 0)
        ids = [item.id for item in page.items]
        places = self.town.places
        below = [post for post in self.town.feed_of(walk.who) if places[post] < (walk.before or 0)]

        assert ids == below[: walk.limit]
        assert (page.scanned is None) == (len(below) <= walk.limit)
        walk.shown += ids
        walk.before = page.scanned
        if page.scanned is None:
            assert walk.throughout <= set(walk.shown)
            assert walk.shown == sorted(set(walk.shown), key=places.__getitem__, reverse=True)

    @rule(who=people, number=numbers, shown=st.sets(st.integers(0, 9)), limit=st.integers(1, 3))
    def look_upward(self, who: int, number: int, shown: set[int], limit: int) -> None:
        """From any post on, but for some."""
        if who in self.town.suspended:
            return
        places = sorted([0, *self.town.places.values()])
        after = places[number % len(places)]
        known = [places[place] for place in shown if place < len(places)]
        ahead = [self.town.places[post] for post in self.town.feed_of(who)[::-1]]
        reader = self.readers[who]

        found = newer_items(
            reader_id=reader.user.id, session_id=reader.session_id, limit=limit, after=after, shown=known
        )

        expected = [place for place in ahead if place > after and place not in known]
        assert [item.feed_id for item in found.items] == expected[:limit]

    @rule(who=people, limit=st.integers(1, 3))
    def begin_to_poll(self, who: int, limit: int) -> None:
        if who not in self.town.suspended:
            page = page_of(self.readers[who], f"/v1/feed?limit={limit}")
            shown = [int(post["id"]) for post in page["results"]]
            assert shown == self.town.feed_of(who)[:limit]
            bottom = self.town.places[shown[-1]] if len(shown) == limit else 0
            self.polls.append(Poll(who, limit, shown, bottom, page["previous"]))

    @precondition(lambda self: self.polls)
    @rule(number=numbers)
    def poll(self, number: int) -> None:
        self.poll_until_empty(self.polls[number % len(self.polls)])

    def poll_until_empty(self, poll: Poll) -> None:
        """Each page is the newer posts nearest to the cursor, newest first; together they are all that was not shown yet."""
        while poll.who not in self.town.suspended:
            feed = self.town.feed_of(poll.who)
            fresh = [post for post in feed if self.town.places[post] > poll.bottom and post not in poll.shown]
            page = page_of(self.readers[poll.who], poll.url)
            ids = [int(post["id"]) for post in page["results"]]
            assert ids == fresh[-poll.limit :]
            poll.shown += ids
            poll.url = page["previous"]
            if not ids:
                return

    @invariant()
    def walks_remember_what_was_there_throughout(self) -> None:
        for walk in self.walks:
            walk.throughout &= set(self.town.feed_of(walk.who))


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("part", range(PARTS))
def test_every_feed_is_what_its_reader_was_promised(part: int) -> None:
    run_state_machine_as_test(
        type(f"HomeFeeds{part}", (HomeFeeds,), {}),
        settings=settings(
            max_examples=EXAMPLES // PARTS,
            stateful_step_count=STEPS,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
