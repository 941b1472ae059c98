"""Acknowledged means done: which offset of a partition may be committed."""

from collections import deque


class OffsetWindow:
    """The offsets of one assigned partition from their reception until a commit covers them.

    Offsets arrive in rising order (with gaps where the log was compacted) and finish in any order; only
    the contiguous prefix of finished ones may be committed. `generation` names the assignment: what was
    received under another one must not be finished here.
    """

    __slots__ = ("_committed", "_next", "_received", "_unfinished", "generation")

    def __init__(self, generation: int) -> None:
        self.generation = generation
        self._received: deque[int] = deque()
        self._unfinished: set[int] = set()
        self._next: int | None = None
        self._committed: int | None = None

    def __len__(self) -> int:
        """Offsets received that the finished prefix does not cover yet."""
        return len(self._received)

    def follows(self, offset: int) -> bool:
        """Whether `offset` lies after everything received; if not, the log was truncated or read again."""
        return self._next is None or offset >= self._next

    def receive(self, offset: int) -> None:
        """Take an offset in; ValueError when it does not follow those before."""
        if not self.follows(offset):
            raise ValueError(f"offset {offset} after {self._next} was received")
        if self._committed is None:
            self._committed = offset
        self._received.append(offset)
        self._unfinished.add(offset)
        self._next = offset + 1

    def finish(self, offset: int) -> None:
        """Mark an offset as done; unknown and repeated ones change nothing."""
        self._unfinished.discard(offset)
        while self._received and self._received[0] not in self._unfinished:
            self._received.popleft()

    def position(self) -> int | None:
        """The offset where a successor has to start reading; None before anything was received."""
        return self._received[0] if self._received else self._next

    def committable(self) -> int | None:
        """The offset to commit now, or None when a commit would say nothing new."""
        position = self.position()
        return None if position == self._committed else position

    def committing(self, offset: int) -> None:
        """Note that a commit of `offset` is on its way."""
        self._committed = offset

    def commit_failed(self) -> None:
        """Note that the last commit did not arrive, so that the next one repeats it."""
        if self._committed is not None:
            self._committed = -1
