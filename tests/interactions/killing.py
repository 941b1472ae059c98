"""Processes that kill themselves at a chosen step, with nothing said to anybody."""

import os
import signal
import sys
import time
from collections.abc import Callable, Collection
from types import FrameType
from typing import Any

from django.db import connection

LIMIT_SECONDS = 20.0
BACKENDS = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = %s"
)


def kill_oneself() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def steps_of(work: Callable[[], object], *, files: Collection[str]) -> int:
    """How many lines of these files `work` executes here."""
    count = 0

    def note() -> None:
        nonlocal count
        count += 1

    _traced(work, files, note)
    return count


def killed_at(step: int, work: Callable[[], object], *, files: Collection[str]) -> bool:
    """Do `work` in a child process that is killed by SIGKILL before the step-th line of these files; False when it ended before.

    Returns when the server has forgotten the child, too: what it had sent has happened wholly or not at all.
    """
    steps = iter(range(1, step))

    def count() -> None:
        if next(steps, None) is None:
            kill_oneself()

    return in_child(lambda: _traced(work, files, count))


def in_child(work: Callable[[], object]) -> bool:
    """Do `work` in a forked process on a connection of its own; whether SIGKILL ended it. Any other end but a good one is an error."""
    connection.close()
    name = f"killed-{time.monotonic_ns()}"
    child = os.fork()
    if child == 0:
        _do_and_exit(work, name)
    _, status = os.waitpid(child, 0)
    deadline = time.monotonic() + LIMIT_SECONDS
    while _backends(name):
        assert time.monotonic() < deadline
    is_killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
    assert is_killed or status == 0, status
    return is_killed


def _do_and_exit(work: Callable[[], object], name: str) -> None:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('application_name', %s, false)", [name])
        work()
        os._exit(0)
    except BaseException as error:
        os.write(2, f"{error!r}\n".encode())
        os._exit(1)


def _backends(name: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(BACKENDS, [name])
        (count,) = cursor.fetchone()
    return int(count)


def _traced(work: Callable[[], object], files: Collection[str], step: Callable[[], None]) -> None:
    def trace(frame: FrameType, event: str, argument: Any) -> Any:
        if frame.f_code.co_filename not in files:
            return None
        if event == "line":
            step()
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        work()
    finally:
        sys.settrace(before)
