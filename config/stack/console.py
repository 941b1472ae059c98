"""What the developer sees: our own lines and the parts' log lines, each with the name of who says it."""

import os
from pathlib import Path
from typing import BinaryIO, TextIO

COLOURS = (36, 32, 33, 35, 34, 96, 92, 93, 95, 94)
OURSELVES = "puppies"
WIDTH = 21


class Console:
    """Prints lines with a prefix, coloured on a terminal unless NO_COLOR is set, and follows log files."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._colours: dict[str, int] = {}
        self._logs: dict[str, _FollowedLog] = {}
        self._is_coloured = out.isatty() and "NO_COLOR" not in os.environ

    def say(self, text: str) -> None:
        """Print lines of our own."""
        for line in text.splitlines():
            self._line(OURSELVES, line)

    def plain(self, text: str) -> None:
        """Print a block as it is, for what is to be copied."""
        self._write(text + "\n")

    def follow(self, name: str, log: Path, *, lines: int = 0) -> None:
        """Print what is added to the log from now on, and before it the last `lines` lines."""
        self._logs[name] = _FollowedLog(log, lines=lines)

    def pump(self) -> None:
        """Print what the followed logs have got since the last call."""
        for name, log in self._logs.items():
            for line in log.new_lines():
                self._line(name, line)

    def close(self) -> None:
        """Stop following."""
        for log in self._logs.values():
            log.close()
        self._logs.clear()

    def _line(self, name: str, line: str) -> None:
        prefix = f"{name:<{WIDTH}}│"
        if self._is_coloured:
            colour = self._colours.setdefault(name, COLOURS[len(self._colours) % len(COLOURS)])
            prefix = f"\033[{colour}m{prefix}\033[0m"
        self._write(f"{prefix} {line}\n")

    def _write(self, text: str) -> None:
        try:
            self._out.write(text)
            self._out.flush()
        except (BrokenPipeError, OSError):
            # The terminal is gone; the stop that follows must not stumble over it.
            self._out = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115


class _FollowedLog:
    def __init__(self, path: Path, *, lines: int) -> None:
        self._path = path
        self._file: BinaryIO | None = None
        self._rest = b""
        self._position = start_of_last_lines(path, lines)

    def new_lines(self) -> list[str]:
        if self._file is None and not self._open():
            return []
        assert self._file is not None  # noqa: S101
        data = self._rest + self._file.read()
        *lines, self._rest = data.split(b"\n")
        if not lines and self._was_replaced():
            self._file.close()
            self._file, self._position = None, 0
        return [line.decode(errors="replace").rstrip() for line in lines if line.strip()]

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def _open(self) -> bool:
        if not self._path.exists():
            return False
        self._file = self._path.open("rb")
        self._file.seek(self._position)
        return True

    def _was_replaced(self) -> bool:
        assert self._file is not None  # noqa: S101
        try:
            return self._path.stat().st_ino != os.fstat(self._file.fileno()).st_ino
        except FileNotFoundError:
            return False


def start_of_last_lines(path: Path, lines: int) -> int:
    """Return the offset at which the last `lines` lines of a file begin (looking back 256 kB at most)."""
    if not path.exists():
        return 0
    size = path.stat().st_size
    if lines == 0:
        return size
    with path.open("rb") as file:
        file.seek(max(0, size - 262_144))
        tail = file.read()
    kept = tail.splitlines(keepends=True)[-lines:]
    return size - sum(map(len, kept))
