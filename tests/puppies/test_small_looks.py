"""Keyset pages over a list of which the reader may not see much: each look is bounded."""

from dataclasses import dataclass, field, replace

from hypothesis import given
from hypothesis import strategies as st

from puppies.api.pagination import Window
from puppies.looks import Look
from tests.puppies.test_pagination import FRESH, LIMIT, OLD, Bones, flat, mark_at, recent


@dataclass
class Passing(Bones):
    """A list of which the reader may not see some, looked at in small looks."""

    unseen: set[int] = field(default_factory=set)
    most: int = 1

    def fetch(self, window: Window) -> Look[int, int]:
        looked = super().fetch(replace(window, limit=self.most))
        seen = [key for key in looked if key not in self.unseen][: window.limit]
        stopped = len(looked) == self.most and len(seen) < window.limit
        return Look(seen, until=looked[-1] if stopped else None)


@given(OLD, OLD, LIMIT, st.integers(1, 9))
def test_a_walk_in_small_looks_shows_each_row_that_may_be_seen_once(
    keys: set[int], unseen: set[int], limit: int, most: int
) -> None:
    pages = Passing(keys | unseen, unseen, most).walk(limit)

    assert flat(pages) == sorted(keys - unseen, reverse=True)
    assert all(len(page) <= limit for page in pages)


@given(OLD, FRESH, FRESH, LIMIT, st.integers(1, 9))
def test_polling_in_small_looks_gets_past_what_may_not_be_seen(
    old: set[int], numbers: set[int], unseen_numbers: set[int], limit: int, most: int
) -> None:
    start = recent(100)
    unseen, coming = ({start + number for number in some} for some in (unseen_numbers, numbers))
    bones = Passing(old | {1}, unseen, most)
    with mark_at(200):
        _, links = bones.first(100)
        while links["next"]:
            top, (_, links) = links["previous"], bones.page(links["next"])
            links["previous"] = top
    bones.keys |= coming | unseen
    polled: list[int] = []
    url = links["previous"]

    with mark_at(50):
        for _ in range(len(bones.keys) + 1):
            page, links = bones.page(url)
            polled, url = polled + page, links["previous"]

    assert sorted(key for key in polled if key >= start) == sorted(coming - unseen)
    assert len(polled) == len(set(polled))
