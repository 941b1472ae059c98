"""Pages of a list that two numbers order, walked in both directions while others write to it."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rest_framework.request import Request
from rest_framework.test import APIRequestFactory

from puppies import cursors
from puppies.api.pairs import Pair, PairWindow, paginate_pairs
from puppies.errors import InvalidCursor
from puppies.looks import Look

SCOPE = "bones"
Links = dict[str, str | None]


@dataclass
class Bones:
    """A list of keys and its pages, as a client sees them."""

    keys: set[Pair] = field(default_factory=set)

    def fetch(self, window: PairWindow) -> Sequence[Pair]:
        if window.backward:
            return sorted((key for key in self.keys if key < window.place), reverse=True)[: window.limit]
        return sorted(key for key in self.keys if key > window.place)[: window.limit]

    def page(self, url: str | None) -> tuple[list[Pair], Links]:
        assert url is not None
        request = Request(APIRequestFactory().get(url))
        return paginate_pairs(request, scope=SCOPE, fetch=self.fetch, key=lambda key: key)

    def walk(self, url: str | None, way: str) -> tuple[list[list[Pair]], str]:
        """All pages this way, and the address of the last."""
        pages = []
        while url is not None:
            keys, links = self.page(url)
            pages.append(keys)
            last, url = url, links[way]
        return pages, last


@dataclass
class Passing(Bones):
    """A list of which the reader may not see some, looked at in small looks."""

    unseen: set[Pair] = field(default_factory=set)
    most: int = 1

    def fetch(self, window: PairWindow) -> Look[Pair, Pair]:
        looked = super().fetch(replace(window, limit=self.most))
        seen = [key for key in looked if key not in self.unseen][: window.limit]
        stopped = len(looked) == self.most and len(seen) < window.limit
        return Look(seen, until=looked[-1] if stopped else None)


KEYS = st.sets(st.tuples(st.integers(1, 9), st.integers(1, 9)), max_size=40)
LIMIT = st.integers(1, 7)


def flat(pages: list[list[Pair]]) -> list[Pair]:
    return [key for page in pages for key in page]


@given(KEYS, LIMIT)
def test_a_walk_shows_each_row_once_oldest_first_in_full_pages(keys: set[Pair], limit: int) -> None:
    pages, _ = Bones(keys).walk(f"/bones?limit={limit}", "next")

    assert flat(pages) == sorted(keys)
    assert all(len(page) == limit for page in pages[:-1])


@given(KEYS, LIMIT)
def test_the_way_back_shows_the_same_rows(keys: set[Pair], limit: int) -> None:
    bones = Bones(keys)
    ahead, last = bones.walk(f"/bones?limit={limit}", "next")

    pages, _ = bones.walk(last, "previous")

    assert pages[0] == ahead[-1]
    assert flat(pages[::-1]) == sorted(keys)
    assert all(len(page) == limit for page in pages[1:-1])


@given(KEYS, KEYS, LIMIT, st.integers(1, 9))
def test_small_looks_show_each_row_that_may_be_seen_once_both_ways(
    keys: set[Pair], unseen: set[Pair], limit: int, most: int
) -> None:
    bones = Passing(keys | unseen, unseen, most)

    ahead, last = bones.walk(f"/bones?limit={limit}", "next")
    back, first = bones.walk(last, "previous")
    again, _ = bones.walk(first, "next")

    assert flat(ahead) == sorted(keys - unseen)
    assert flat(back[::-1]) == flat(again) == flat(ahead)
    assert all(len(page) <= limit for page in ahead + back)


@given(KEYS, KEYS, KEYS, LIMIT)
def test_rows_that_stay_are_shown_once_while_others_come_and_go(
    staying: set[Pair], leaving: set[Pair], coming: set[Pair], limit: int
) -> None:
    bones = Bones(staying | leaving)
    seen, url = [], f"/bones?limit={limit}"
    going, arriving = sorted(leaving - staying), sorted(coming - staying - leaving)
    while url:
        keys, links = bones.page(url)
        seen += keys
        bones.keys -= set(going[-1:])
        bones.keys |= set(arriving[:1])
        going, arriving, url = going[:-1], arriving[1:], links["next"] or ""

    assert seen == sorted(seen)
    assert [key for key in seen if key in staying] == sorted(staying)


@given(KEYS, LIMIT, st.integers(0, 40))
def test_from_any_page_one_comes_back_to_where_one_was(keys: set[Pair], limit: int, steps: int) -> None:
    bones = Bones(keys)
    url: str | None = f"/bones?limit={limit}"
    for _ in range(steps):
        _, links = bones.page(url)
        url = links["next"] or url

    here, links = bones.page(url)
    if links["previous"]:
        before, back = bones.page(links["previous"])
        again, _ = bones.page(back["next"])
        assert not before or before[-1] < here[0]
        assert again == here


def test_the_first_page_has_nothing_before_it_and_the_last_nothing_after() -> None:
    assert Bones().page("/bones")[1] == {"next": None, "previous": None}
    assert Bones({(1, 1)}).page("/bones")[1] == {"next": None, "previous": None}


def test_where_everything_is_gone_there_is_still_a_way_on() -> None:
    bones = Bones({(1, 1), (2, 2)})
    _, links = bones.page("/bones?limit=1")
    _, second = bones.page(links["next"])
    bones.keys = {(2, 2), (3, 3)}

    empty, back = bones.page(second["previous"])

    assert empty == []
    assert back["previous"] is None
    assert bones.page(back["next"])[0] == [(2, 2)]


def test_beyond_an_end_that_has_gone_the_way_back_shows_what_is_left() -> None:
    bones = Bones({(1, 1), (1, 2)})
    _, links = bones.page("/bones?limit=1")
    bones.keys = {(1, 1)}

    empty, back = bones.page(links["next"])

    assert (empty, back["next"]) == ([], None)
    assert bones.page(back["previous"])[0] == [(1, 1)]


@pytest.mark.parametrize("place", [{"a": 1}, {"a": [1]}, {"a": [1, "2"]}, {"b": [1, 2, 3]}, {"c": [1, 2]}])
def test_the_place_of_another_list_is_refused(place: dict[str, object]) -> None:
    cursor = cursors.encode(place, scope=SCOPE)

    with pytest.raises(InvalidCursor):
        Bones().page(f"/bones?cursor={cursor}")
