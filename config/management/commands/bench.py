import json
import signal
import sys
import time
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from config.bench import depth, fanout, feed, likes, report, transport
from config.bench.figures import Chapter
from config.bench.machine import machine
from config.stack.errors import StackError

BENCHES: dict[str, Callable[..., Chapter]] = {
    "fanout": fanout.measure,
    "feed": feed.measure,
    "likes": likes.measure,
    "depth": depth.measure,
    "transport": transport.measure,
}


class Command(BaseCommand):
    help = (
        "Measure the budgets on stores and ports of their own, each work beside its peer, and print medians and ratios. "
        "Exit code 1 when a budget is missed."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("work", nargs="?", default="all", choices=(*BENCHES, "all"))
        parser.add_argument("--quick", action="store_true", help="fewer rows and rounds")
        parser.add_argument("--json", action="store_true", help="for programs, every figure unrounded")
        parser.add_argument("--write", action="store_true", help="write docs/benchmarks.md anew (with all)")

    def handle(self, *args: Any, **options: Any) -> None:
        names = list(BENCHES) if options["work"] == "all" else [options["work"]]
        if options["write"] and len(names) < len(BENCHES):
            raise CommandError(
                "docs/benchmarks.md holds every work: type `.venv/bin/python manage.py bench all --write`."
            )
        # A terminated benchmark takes down what it started, as an interrupted one does.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
        chapters = [self._measure(name, quick=options["quick"]) for name in names]
        self._show(chapters, as_json=options["json"])
        if options["write"]:
            (settings.BASE_DIR / "docs" / "benchmarks.md").write_text(
                report.page(chapters, machine()), encoding="utf-8"
            )
        if missed := [figure.work for chapter in chapters for figure in chapter.figures if not figure.is_met]:
            raise CommandError(f"Below budget: {', '.join(missed)}.")

    def _measure(self, name: str, *, quick: bool) -> Chapter:
        begin = time.monotonic()
        try:
            chapter = BENCHES[name](quick=quick, secret_key=settings.SECRET_KEY, say=self._say)
        except StackError as error:
            raise CommandError(str(error)) from error
        self._say(f"{name}: took {time.monotonic() - begin:.0f} s")
        return chapter

    def _say(self, progress: str) -> None:
        self.stderr.write(progress, self.style.NOTICE)

    def _show(self, chapters: list[Chapter], *, as_json: bool) -> None:
        if as_json:
            found = {"machine": machine(), "chapters": [chapter.as_json() for chapter in chapters]}
            self.stdout.write(json.dumps(found, indent=2))
        else:
            self.stdout.write(report.text(chapters, machine()))
