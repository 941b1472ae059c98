"""The offset window against an oracle that recomputes everything from the whole history."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from puppies.kafka.offsets import OffsetWindow

gaps = st.lists(st.integers(1, 5), min_size=1, max_size=40)


def _offsets(first: int, gaps: list[int]) -> list[int]:
    offsets = [first]
    for gap in gaps[1:]:
        offsets.append(offsets[-1] + gap)
    return offsets


def _oracle_position(received: list[int], finished: set[int]) -> int | None:
    unfinished = [offset for offset in received if offset not in finished]
    if unfinished:
        return unfinished[0]
    return received[-1] + 1 if received else None


@given(first=st.integers(0, 1_000), gaps=gaps, data=st.data())
def test_only_the_contiguous_prefix_is_ever_committed(
    first: int, gaps: list[int], data: st.DataObject
) -> None:
    window = OffsetWindow(1)
    waiting, received, finished = _offsets(first, gaps), list[int](), set[int]()
    committed = first

    while waiting or len(finished) < len(received):
        if waiting and (len(finished) == len(received) or data.draw(st.booleans())):
            received.append(waiting.pop(0))
            window.receive(received[-1])
        else:
            done = data.draw(st.sampled_from([offset for offset in received if offset not in finished]))
            finished.add(done)
            window.finish(done)
        position = _oracle_position(received, finished)
        assert window.position() == position
        assert window.committable() == (None if position == committed else position)
        assert len(window) == len(
            [offset for offset in received if position is not None and offset >= position]
        )
        if position is not None and data.draw(st.booleans()):
            window.committing(position)
            committed = position

    assert window.position() == received[-1] + 1


@given(offsets=st.lists(st.integers(0, 20), min_size=1), finishes=st.lists(st.integers(-5, 25)))
def test_unknown_and_repeated_finishes_change_nothing(offsets: list[int], finishes: list[int]) -> None:
    window, clean = OffsetWindow(1), OffsetWindow(1)
    known = sorted(set(offsets))
    for offset in known:
        window.receive(offset)
        clean.receive(offset)

    for offset in finishes:
        window.finish(offset)
    for offset in sorted(set(finishes) & set(known)):
        clean.finish(offset)

    assert (window.position(), len(window)) == (clean.position(), len(clean))


def test_nothing_is_committed_before_something_is_done() -> None:
    window = OffsetWindow(1)
    assert window.committable() is None

    window.receive(7)

    assert window.committable() is None
    assert window.position() == 7


def test_a_failed_commit_is_repeated() -> None:
    window = OffsetWindow(1)
    window.receive(3)
    window.finish(3)
    window.committing(4)
    assert window.committable() is None

    window.commit_failed()

    assert window.committable() == 4


def test_an_offset_received_before_is_refused() -> None:
    window = OffsetWindow(1)
    window.receive(3)

    assert not window.follows(3)
    with pytest.raises(ValueError, match="offset 3"):
        window.receive(3)
