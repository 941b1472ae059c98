import json
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.selectors import account_named
from feeds.explaining import Explanation, explain
from posts.models import Post


class Command(BaseCommand):
    help = "Tell why a post is in somebody's home feed, or which rule keeps it out. Nothing is changed."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")
        parser.add_argument("post", type=int, help="the post's id")
        parser.add_argument("--json", action="store_true", help="one JSON document on standard output")

    def handle(self, *args: Any, **options: Any) -> None:
        reader = account_named(options["username"])
        if reader is None:
            raise CommandError(f"There is no account {options['username']}. Usernames are in lower case.")
        post = Post.objects.select_related("author").filter(id=options["post"]).first()
        if post is None:
            raise CommandError(f"There is no post {options['post']}.")
        found = explain(reader=reader, post=post)
        self.stdout.write(json.dumps(asdict(found)) if options["json"] else text(reader.username, found))
        if found.is_shown != found.is_expected:
            raise CommandError("The feed is not what it should be: keep this output, and run verify_feeds.")


def text(username: str, found: Explanation) -> str:
    """The explanation in lines."""
    lines = [f"The post is {'' if found.is_shown else 'not '}in the home feed of {username}."]
    lines += [f"  kept out: {rule}" for rule in found.kept_out_by]
    lines += [f"  found {source}" for source in found.found]
    lines += [f"  {name.replace('_', ' ')}: {value}" for name, value in found.facts.items()]
    return "\n".join(lines)
