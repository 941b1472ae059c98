"""Stored feeds compared with what they should hold, and made anew, a batch of readers at a time."""

from dataclasses import dataclass, field

from accounts.models import User
from feeds.merging import rebuild_feed
from feeds.oracle import claim_faults, feed_faults, snapshot, walk_and_oracle, walk_faults

BATCH = 100


@dataclass(frozen=True, slots=True)
class Checked:
    """One batch: readers looked at, the last of them (None when none was left), how many were wrong or rebuilt, findings in words."""

    examined: int
    last: int | None
    count: int
    findings: list[str] = field(default_factory=list)


def verify_batch(*, after: int, posts: int, page: int = 100) -> Checked:
    """Compare the feeds of the next readers above `after` with the oracle, and what they store with what they claim."""
    reader_ids = _readers(after)
    faults = {reader_id: _faults(reader_id, posts, page) for reader_id in reader_ids}
    wrong = [fault for found in faults.values() for fault in found]
    return Checked(len(reader_ids), _last(reader_ids), sum(map(bool, faults.values())), wrong)


def rebuild_batch(*, after: int, is_dry_run: bool = False) -> Checked:
    """Make the stored feeds of the next readers above `after` anew, but for sleepers; each is complete at every moment."""
    reader_ids = _readers(after)
    count = 0 if is_dry_run else sum(rebuild_feed(user_id=reader_id) for reader_id in reader_ids)
    return Checked(len(reader_ids), _last(reader_ids), count)


def _readers(after: int) -> list[int]:
    readers = User.objects.active().filter(id__gt=after).order_by("id")
    return list(readers.values_list("id", flat=True)[:BATCH])


def _last(reader_ids: list[int]) -> int | None:
    return reader_ids[-1] if reader_ids else None


def _faults(reader_id: int, posts: int, page: int) -> list[str]:
    with snapshot():
        walked, expected = walk_and_oracle(reader_id=reader_id, posts=posts, page=page)
        lacking = claim_faults(reader_id=reader_id)
    return [
        *feed_faults(reader_id, walked, expected),
        *walk_faults(reader_id, walked, expected),
        *lacking,
    ]
