"""Keeps parts running: started in order, started again when they end, stopped in the opposite order.

One thread, and no part's output passes through it: parts write to their logs, so that nothing breaks or blocks
when the supervisor is killed. On Linux the kernel then ends the parts; elsewhere the next `up` does.
"""

import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import FrameType
from typing import Literal

from config.stack.console import Console
from config.stack.errors import StackError
from config.stack.part import Part
from config.stack.state import PartRecord

State = Literal["starting", "running", "waiting", "stopped"]
TICK_SECONDS = 0.1
FIRST_WAIT_SECONDS = 0.5
LONGEST_WAIT_SECONDS = 30.0
#: After so long a life an exit is a new story, not one more failure of a part that cannot live.
STEADY_SECONDS = 30.0


class StopRequested(Exception):
    """Ctrl-C, SIGTERM or a closed terminal came while something was waited for."""


@dataclass
class Watched:
    """A part with its story; `since` and `retry_at` by `time.monotonic`, `since_epoch` for people."""

    part: Part
    state: State = "stopped"
    since: float = 0.0
    since_epoch: float = 0.0
    retry_at: float = 0.0
    failures: int = 0
    restarts: int = 0

    def enter(self, state: State) -> None:
        """Note that a new state has begun."""
        self.state, self.since, self.since_epoch = state, time.monotonic(), time.time()

    @property
    def seconds(self) -> float:
        """How long the state has lasted."""
        return time.monotonic() - self.since

    def record(self) -> PartRecord:
        """Return what others may know of it."""
        return PartRecord(
            name=self.part.name,
            state=self.state,
            since=self.since_epoch,
            restarts=self.restarts,
            port=self.part.port,
            process=self.part.identity if self.state in {"starting", "running"} else None,
        )


@dataclass
class Supervisor:
    """Starts phases of parts, watches all of them, stops them; `on_change` is told of every new state."""

    console: Console
    on_change: Callable[[list[PartRecord]], None]
    after_restart: Callable[[Part], None]
    _phases: list[list[Watched]] = field(default_factory=list)
    _is_stopping: bool = False

    def obey_signals(self) -> None:
        """Let Ctrl-C, SIGTERM and a closed terminal ask for the stop."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self.request_stop)

    def request_stop(self, _number: int = 0, _frame: FrameType | None = None) -> None:
        """Ask for the stop; whoever waits for something gives up soon."""
        self._is_stopping = True

    def start(self, parts: Sequence[Part]) -> None:
        """Start a phase and return when each of its parts is ready; raise StackError or StopRequested."""
        phase = [Watched(part) for part in parts]
        self._phases.append(phase)
        for watched in phase:
            self.breathe()
            watched.part.start()
            self._enter(watched, "starting")
        while [watched for watched in phase if not self._has_become_ready(watched)]:
            self.breathe()

    def run(self, part: Part) -> None:
        """Run a part that ends by itself; raise StackError with its last lines unless it ends well."""
        part.start()
        try:
            while part.is_running():
                self.breathe()
        finally:
            part.kill()
        self.console.pump()
        if part.exit_code() != 0:
            lines = "\n".join(part.last_lines())
            raise StackError(f"`{part.name}` failed with code {part.exit_code()}:\n{lines}")

    def watch(self) -> None:
        """Keep every part running until the stop is asked for."""
        while not self._is_stopping:
            for watched in self._watched():
                self._tend(watched)
            self.console.pump()
            time.sleep(TICK_SECONDS)

    def stop(self) -> None:
        """Stop the phases in the opposite order, each side by side, by force when a part takes too long."""
        self._is_stopping = True
        for phase in reversed(self._phases):
            for watched in phase:
                watched.part.ask_to_stop()
            deadline = time.monotonic() + max((watched.part.stop_seconds for watched in phase), default=0.0)
            for watched in phase:
                watched.part.finish(deadline=deadline)
                self._enter(watched, "stopped")
        self.console.pump()

    def breathe(self) -> None:
        """Let one tick pass, printing what was logged; raise StopRequested when the stop was asked for."""
        if self._is_stopping:
            raise StopRequested
        self.console.pump()
        time.sleep(TICK_SECONDS / 2)

    def _watched(self) -> list[Watched]:
        return [watched for phase in self._phases for watched in phase]

    def _enter(self, watched: Watched, state: State) -> None:
        watched.enter(state)
        self.on_change([each.record() for each in self._watched()])

    def _has_become_ready(self, watched: Watched) -> bool:
        if watched.state == "running":
            return True
        if watched.part.check_ready(elapsed=watched.seconds):
            self._enter(watched, "running")
            return True
        if watched.seconds > watched.part.ready_seconds:
            raise watched.part.late(watched.seconds)
        return False

    def _tend(self, watched: Watched) -> None:
        if watched.state == "waiting":
            if time.monotonic() >= watched.retry_at:
                self._start_again(watched)
        elif not watched.part.is_running():
            self._note_exit(watched)
        elif watched.state == "starting":
            self._note_progress(watched)

    def _note_exit(self, watched: Watched) -> None:
        lived = watched.seconds if watched.state == "running" else 0.0
        watched.failures = 0 if lived > STEADY_SECONDS else watched.failures
        wait = min(FIRST_WAIT_SECONDS * 2**watched.failures, LONGEST_WAIT_SECONDS)
        code = watched.part.exit_code()
        watched.part.kill()  # What is left of its group, such as children that still hold the port.
        watched.failures += 1
        watched.retry_at = time.monotonic() + wait
        self._enter(watched, "waiting")
        self.console.say(f"{watched.part.name} ended ({described(code)}); it is started again in {wait:g} s")

    def _start_again(self, watched: Watched) -> None:
        watched.restarts += 1
        try:
            watched.part.start()
        except (StackError, OSError) as error:
            self._give_time(watched, error)
            return
        self._enter(watched, "starting")

    def _note_progress(self, watched: Watched) -> None:
        if watched.seconds > watched.part.ready_seconds:
            self.console.say(f"{watched.part.name} does not answer; it is killed and started again")
            watched.part.kill()
        elif watched.part.is_ready():
            self._settle_again(watched)

    def _settle_again(self, watched: Watched) -> None:
        try:
            watched.part.settle()
            self.after_restart(watched.part)
        except StopRequested:
            return
        except Exception as error:
            # Whatever a store's client raises while the store comes back must not end the supervisor.
            self._give_time(watched, error)
            return
        self._enter(watched, "running")
        self.console.say(f"{watched.part.name} runs again, pid {watched.part.pid}")

    def _give_time(self, watched: Watched, error: Exception) -> None:
        self.console.say(f"{watched.part.name} is not usable yet: {error}")
        watched.part.kill()
        watched.failures += 1
        watched.retry_at = time.monotonic() + min(
            FIRST_WAIT_SECONDS * 2**watched.failures, LONGEST_WAIT_SECONDS
        )
        self._enter(watched, "waiting")


def described(code: int | None) -> str:
    """Say an exit code in words."""
    if code is not None and code < 0:
        return f"killed by {signal.Signals(-code).name}"
    return f"exit code {code}"
