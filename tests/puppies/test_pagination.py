"""Keyset pages over a list that others write to: rows become visible late, in another order than their keys."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import override_settings
from hypothesis import given
from hypothesis import strategies as st
from rest_framework.request import Request
from rest_framework.test import APIRequestFactory

from puppies.api.pagination import CLOCK_SLACK_SECONDS, InvalidLimit, Window, paginate, read_limit
from puppies.errors import InvalidCursor
from puppies.ids import first_id_at

SCOPE = "bones"


@dataclass
class Bones:
    """A list of keys and its pages, as a client sees them."""

    keys: set[int] = field(default_factory=set)

    def fetch(self, window: Window) -> Sequence[int]:
        found = {key for key in self.keys if window.after < key < window.before} - set(window.shown)
        return sorted(found, reverse=not window.upward)[: window.limit]

    def page(self, url: str | None) -> tuple[list[int], dict[str, str | None]]:
        assert url is not None
        request = Request(APIRequestFactory().get(url))
        return paginate(request, scope=SCOPE, fetch=self.fetch, key=lambda key: key)

    def first(self, limit: int) -> tuple[list[int], dict[str, str | None]]:
        return self.page(f"/bones?limit={limit}")

    def walk(self, limit: int) -> list[list[int]]:
        """All pages from the newest down."""
        pages = []
        url: str | None = f"/bones?limit={limit}"
        while url is not None:
            keys, links = self.page(url)
            pages.append(keys)
            url = links["next"]
        return pages

    def poll(self, url: str | None) -> tuple[list[list[int]], str | None]:
        """All newer pages, and the link to poll again; ends with an empty page."""
        pages: list[list[int]] = []
        while True:
            keys, links = self.page(url)
            url = links["previous"]
            if not keys:
                return pages, url
            pages.append(keys)


def recent(seconds_ago: int) -> int:
    return first_id_at(datetime.now(UTC) - timedelta(seconds=seconds_ago))


def flat(pages: list[list[int]]) -> list[int]:
    return [key for page in pages for key in page]


OLD = st.sets(st.integers(1, 10**6), max_size=30)
# The numbers of keys taken in the last seconds: transactions that took them may still be open.
FRESH = st.sets(st.integers(0, 30), max_size=20)
LIMIT = st.integers(1, 7)


@given(OLD, LIMIT)
def test_a_walk_shows_each_row_once_newest_first_in_full_pages(keys: set[int], limit: int) -> None:
    pages = Bones(keys).walk(limit)

    assert flat(pages) == sorted(keys, reverse=True)
    assert all(len(page) == limit for page in pages[:-1])


@given(OLD, OLD, OLD, LIMIT)
def test_a_walk_shows_every_row_that_existed_throughout_once(
    kept: set[int], removed: set[int], added: set[int], limit: int
) -> None:
    removed, added = removed - kept, added - kept
    bones = Bones(kept | removed)
    shown, links = bones.first(limit)

    bones.keys = kept | added
    while links["next"] is not None:
        keys, links = bones.page(links["next"])
        shown += keys

    assert len(shown) == len(set(shown))
    assert kept <= set(shown) <= kept | removed | added
    assert shown == sorted(shown, reverse=True)


@given(OLD, st.lists(FRESH, max_size=4), LIMIT)
def test_polling_shows_every_late_row_once(old: set[int], commits: list[set[int]], limit: int) -> None:
    bones = Bones(set(old))
    first, links = bones.first(limit)
    polled, url, start = [], links["previous"], recent(15)

    for committed in commits:
        bones.keys |= {start + number for number in committed}
        pages, url = bones.poll(url)
        polled += flat(pages)

    late = bones.keys - old
    assert sorted(polled) == sorted(late)
    assert set(first).isdisjoint(polled)


@given(FRESH, FRESH, LIMIT)
def test_a_late_row_below_the_newest_shown_is_found_by_polling(
    visible_numbers: set[int], late_numbers: set[int], limit: int
) -> None:
    start = recent(15)
    late = {start + number for number in late_numbers - visible_numbers}
    bones = Bones({start + number for number in visible_numbers})
    first, links = bones.first(limit)

    bones.keys |= late
    pages, _ = bones.poll(links["previous"])

    assert set(flat(pages)) == {key for key in late if len(first) < limit or key > first[-1]}
    assert all(page == sorted(page, reverse=True) and len(page) <= limit for page in pages)


def mark_at(seconds_ago: int) -> override_settings:
    """Meanwhile only keys older than that are settled: the mark passes others as if time had."""
    return override_settings(TRANSACTION_TIMEOUT_MS=(seconds_ago - CLOCK_SLACK_SECONDS) * 1_000)


def test_more_late_rows_than_a_page_holds_are_all_found_after_the_mark_has_passed() -> None:
    start = recent(100)
    first, newest = start, start + 4
    late = [start + 1, start + 2, start + 3]
    bones = Bones({first, newest})
    with mark_at(200):
        page, links = bones.first(2)

    bones.keys |= set(late)
    with mark_at(50):
        pages, _ = bones.poll(links["previous"])

    assert page == [newest, first]
    assert pages == [late[1::-1], late[2:]]


# What a poller may meet: rows that commit, in any order of their keys while these are not settled, and a page of its own.
COMMITS_AND_PAGES = st.lists(FRESH | st.none(), max_size=8)


@given(FRESH, COMMITS_AND_PAGES, COMMITS_AND_PAGES, LIMIT)
def test_polling_shows_every_late_row_once_whenever_the_mark_passes(
    visible: set[int],
    before_the_mark: list[set[int] | None],
    after_it: list[set[int] | None],
    limit: int,
) -> None:
    start, later = recent(100), recent(20)
    bones = Bones({start + number for number in visible})
    with mark_at(200):
        first, links = bones.first(limit)
    known = set(bones.keys)
    below = set(range(start, first[-1])) if len(first) == limit else set()
    polled: list[int] = []

    for base, mark, happenings in ((start, 200, before_the_mark), (later, 50, after_it)):
        for committed in happenings:
            bones.keys |= {base + number for number in committed or ()}
            if committed is None:
                with mark_at(mark):
                    page, links = bones.page(links["previous"])
                polled += page
    polled += flat(bones.poll(links["previous"])[0])

    assert sorted(polled) == sorted(bones.keys - known - below)


@given(OLD.filter(bool), LIMIT, st.data())
def test_previous_leads_from_any_page_back_to_the_top(
    keys: set[int], limit: int, data: st.DataObject
) -> None:
    bones = Bones(keys)
    url: str | None = f"/bones?limit={limit}"
    seen: list[list[int]] = []
    for _ in range(data.draw(st.integers(1, 5))):
        page, links = bones.page(url)
        seen.append(page)
        url = links["next"]
        if url is None:
            break

    upward, _ = bones.poll(links["previous"])

    assert sorted(flat(upward)) == sorted(flat(seen[:-1]))
    if upward and len(seen) > 1:
        assert upward[0] == seen[-2]


@given(OLD, LIMIT, st.integers(1, 4))
def test_an_empty_previous_page_stays_usable(keys: set[int], limit: int, polls: int) -> None:
    bones = Bones(set(keys))
    _, links = bones.first(limit)
    for _ in range(polls):
        nothing, links = bones.page(links["previous"])
        assert nothing == []

    newest = recent(0)
    bones.keys.add(newest)

    assert bones.page(links["previous"])[0] == [newest]


@given(OLD.filter(bool), LIMIT)
def test_next_of_an_empty_previous_page_leads_back_down(keys: set[int], limit: int) -> None:
    bones = Bones(keys)
    first, links = bones.first(limit)

    _, empty_links = bones.page(links["previous"])

    assert bones.page(empty_links["next"])[0] == first


@given(OLD.filter(lambda keys: len(keys) > 2), st.data())
def test_a_cursor_stays_good_when_the_row_it_names_is_gone(keys: set[int], data: st.DataObject) -> None:
    bones = Bones(set(keys))
    first, links = bones.first(data.draw(st.integers(1, len(keys) - 1)))

    bones.keys -= set(first)

    expected = sorted(keys - set(first), reverse=True)[: len(first)]
    assert bones.page(links["next"])[0] == expected


def test_polling_a_busy_list_never_outgrows_its_cursor() -> None:
    bones = Bones()
    _, links = bones.first(100)
    bones.keys = {recent(10) + (number << 15) for number in range(2_000)}

    pages, url = bones.poll(links["previous"])

    assert sorted(flat(pages)) == sorted(bones.keys)
    assert bones.page(url)[0] == []


def test_links_are_absolute_and_keep_the_filters() -> None:
    bones = Bones({1, 2, 3})

    _, links = bones.page("/bones?limit=2&of=rex")

    assert links["next"] is not None
    assert links["next"].startswith("http://testserver/bones?")
    assert {"limit=2", "of=rex"} <= set(links["next"].partition("?")[2].split("&"))


def read(**parameters: Any) -> int:
    return read_limit(Request(APIRequestFactory().get("/bones", parameters)))


def test_limits_that_are_understood() -> None:
    assert (read(), read(limit=1), read(limit=100), read(limit="007")) == (20, 1, 100, 7)


@pytest.mark.parametrize("raw", ["", "0", "101", "-1", "1.5", "ten", "٣", "1 ", "9" * 400, "None"])
def test_limits_that_are_refused(raw: str) -> None:
    with pytest.raises(InvalidLimit) as caught:
        read(limit=raw)

    (problem,) = caught.value.errors
    assert (problem.pointer, problem.code) == ("/limit", "invalid")


@pytest.mark.parametrize("cursor", ["", "junk", "a:b", "%00", "{}"])
def test_cursors_of_nobody_are_refused(cursor: str) -> None:
    with pytest.raises(InvalidCursor):
        Bones({1}).page(f"/bones?cursor={cursor}")
