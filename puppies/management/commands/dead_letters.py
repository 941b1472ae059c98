import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db.models import QuerySet

from puppies.models import Delivery
from puppies.outbox import dead_letters


class Command(BaseCommand):
    help = "List, replay or drop deliveries whose every attempt failed."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("action", choices=["list", "replay", "drop"])
        parser.add_argument("ids", nargs="*", type=int, help="ids of dead letters; none with --all")
        parser.add_argument("--all", action="store_true", help="replay or drop every one")
        parser.add_argument("--task", default="", help="only those of this task, such as feeds.fan_out_post")
        parser.add_argument("--dry-run", action="store_true", help="tell what would be done, change nothing")
        parser.add_argument("--json", action="store_true", help="one JSON document on standard output")

    def handle(self, *args: Any, **options: Any) -> None:
        letters = dead_letters.dead_letters(task=options["task"], ids=options["ids"])
        if options["action"] == "list":
            self._list(letters, as_json=options["json"])
            return
        if not (options["ids"] or options["all"] or options["task"]):
            raise CommandError(f"Say which to {options['action']}: ids, --task NAME or --all.")
        self._change(letters, **options)

    def _change(self, letters: QuerySet[Delivery], **options: Any) -> None:
        act = dead_letters.replay if options["action"] == "replay" else dead_letters.drop
        count = letters.count() if options["dry_run"] else act(letters=letters)
        if options["json"]:
            result = {"action": options["action"], "count": count, "dry_run": options["dry_run"]}
            self.stdout.write(json.dumps(result))
        else:
            done = {"replay": "replayed", "drop": "dropped"}[options["action"]]
            self.stdout.write(f"{count} {'would be ' if options['dry_run'] else ''}{done}")

    def _list(self, letters: QuerySet[Delivery], *, as_json: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps([_row(letter) for letter in letters.iterator()]))
            return
        for letter in letters.iterator():
            reason = letter.error.strip().rsplit("\n", 1)[-1]
            self.stdout.write(
                f"{letter.id}  {letter.dead_at:%Y-%m-%dT%H:%M:%SZ}  {letter.task}  {json.dumps(letter.payload)}\n    {reason}"
            )
        if not letters.exists():
            self.stdout.write("no dead letters")


def _row(letter: Delivery) -> dict[str, Any]:
    return {
        "id": str(letter.id),
        "fact": letter.fact,
        "task": letter.task,
        "payload": letter.payload,
        "position": letter.position,
        "attempts": letter.attempts,
        "dead_at": letter.dead_at.isoformat() if letter.dead_at else None,
        "error": letter.error,
    }
