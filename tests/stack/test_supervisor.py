"""The supervisor with small real programs: order, restart with back-off, ends that cannot be refused."""

import io
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from config.stack.console import Console
from config.stack.errors import StackError
from config.stack.part import Part
from config.stack.programs import Program, logged
from config.stack.state import PartRecord
from config.stack.supervisor import StopRequested, Supervisor

SLEEPER = "import time; print('ready', flush=True); time.sleep(60)"
DEAF = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN);" + SLEEPER
PARENT = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {SLEEPER!r}]);" + SLEEPER


class Stage:
    """A supervisor whose output and records are kept."""

    def __init__(self, directory: Path) -> None:
        self.out = io.StringIO()
        self.records: list[list[PartRecord]] = []
        self.restarted: list[str] = []
        self.directory = directory
        self.supervisor = Supervisor(
            console=Console(self.out),
            on_change=self.records.append,
            after_restart=lambda part: self.restarted.append(part.name),
        )

    def program(self, name: str, code: str, *, stop_seconds: float = 4.0) -> Program:
        return Program(
            name=name,
            words=[sys.executable, "-I", "-S", "-c", code],
            log=self.directory / f"{name}.log",
            environment=os.environ,
            answers=logged("ready"),
            stop_seconds=stop_seconds,
        )

    def watch_until(self, condition: Callable[[], bool], *, seconds: float = 15.0) -> None:
        deadline = time.monotonic() + seconds
        stop = self.supervisor.request_stop

        def look() -> None:
            while not condition() and time.monotonic() < deadline:
                time.sleep(0.02)
            stop()

        thread = threading.Thread(target=look)
        thread.start()
        self.supervisor.watch()
        thread.join()
        assert condition()

    def states(self, name: str) -> list[str]:
        return [part.state for parts in self.records for part in parts if part.name == name]


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path)


def test_a_phase_is_ready_only_when_each_part_is(stage: Stage) -> None:
    late = stage.program("late", "import time; time.sleep(0.5);" + SLEEPER)

    started = time.monotonic()
    stage.supervisor.start([stage.program("early", SLEEPER), late])
    took = time.monotonic() - started
    stage.supervisor.stop()

    assert took > 0.5
    assert [part.state for part in stage.records[-1]] == ["stopped", "stopped"]


def test_a_part_that_cannot_start_is_told_with_its_last_lines(stage: Stage) -> None:
    broken = stage.program("broken", "raise SystemExit('no such bone')")

    with pytest.raises(StackError, match=r"(?s)broken ended with code 1 at its start.*no such bone"):
        stage.supervisor.start([broken])


def test_a_killed_part_is_started_again_and_its_followers_told(stage: Stage) -> None:
    part = stage.program("part", SLEEPER)
    stage.supervisor.start([part])
    first = part.pid
    assert first is not None

    os.kill(first, signal.SIGKILL)
    stage.watch_until(lambda: stage.restarted == ["part"] and stage.states("part")[-1] == "running")
    second = part.pid
    stage.supervisor.stop()

    assert second not in {None, first}
    assert "part ended (killed by SIGKILL); it is started again in 0.5 s" in stage.out.getvalue()


def test_what_is_left_of_a_killed_part_is_ended_before_it_starts_again(stage: Stage) -> None:
    part = stage.program("part", PARENT)
    stage.supervisor.start([part])
    assert part.pid is not None
    (child,) = psutil.Process(part.pid).children()

    os.kill(part.pid, signal.SIGKILL)
    stage.watch_until(lambda: stage.restarted == ["part"])
    is_gone = not child.is_running() or child.status() == psutil.STATUS_ZOMBIE
    stage.supervisor.stop()

    assert is_gone


def test_a_part_that_keeps_failing_is_given_longer_and_longer_pauses(stage: Stage) -> None:
    part = stage.program("part", "print('ready', flush=True); import time; time.sleep(0.3)")
    stage.supervisor.start([part])

    stage.watch_until(lambda: "again in 2 s" in stage.out.getvalue())
    stage.supervisor.stop()

    pauses = [
        line.rpartition("again in ")[2] for line in stage.out.getvalue().splitlines() if "ended" in line
    ]
    assert pauses[:3] == ["0.5 s", "1 s", "2 s"]


def test_phases_stop_in_the_opposite_order(stage: Stage) -> None:
    stage.supervisor.start([stage.program("store", SLEEPER)])
    stage.supervisor.start([stage.program("web", SLEEPER)])

    stage.supervisor.stop()

    ends = [part.name for parts in stage.records for part in parts if part.state == "stopped"]
    assert list(dict.fromkeys(ends)) == ["web", "store"]


def test_a_part_that_ignores_the_signal_is_ended_by_force_in_time(stage: Stage) -> None:
    deaf = stage.program("deaf", DEAF, stop_seconds=0.5)
    stage.supervisor.start([deaf])

    started = time.monotonic()
    stage.supervisor.stop()

    assert deaf.exit_code() == -signal.SIGKILL
    assert time.monotonic() - started < 2


def test_the_stop_ends_a_start_that_is_waited_for(stage: Stage) -> None:
    never = stage.program("never", "import time; time.sleep(60)")
    threading.Timer(0.3, stage.supervisor.request_stop).start()

    with pytest.raises(StopRequested):
        stage.supervisor.start([never])
    stage.supervisor.stop()

    assert never.exit_code() == -signal.SIGTERM


def test_a_step_that_fails_is_told_with_its_last_lines(stage: Stage) -> None:
    with pytest.raises(StackError, match=r"(?s)`step` failed with code 3:.*out of bones"):
        stage.supervisor.run(stage.program("step", "print('out of bones'); raise SystemExit(3)"))


def test_followed_logs_are_printed_with_the_name_of_the_part(stage: Stage) -> None:
    part: Part = stage.program("step", "print('one'); print('two')")
    console = stage.supervisor.console
    console.follow(part.name, part.log)

    stage.supervisor.run(part)
    console.close()

    assert stage.out.getvalue().splitlines() == [
        "step                 │ one",
        "step                 │ two",
    ]
