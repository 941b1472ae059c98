"""What a digest says of one group: names, what they did, and the beginning of a text."""

from typing import NamedTuple

from interactions.models import Kind
from interactions.notifications.selectors import Told

EXCERPT = 80
DID = {
    Kind.LIKE: "liked your post",
    Kind.COMMENT: "commented on your post",
    Kind.REPLY: "replied to your comment",
    Kind.MENTION: "mentioned you",
    Kind.FOLLOW: "followed you",
}


class Line(NamedTuple):
    """One sentence, and what it is about; empty for a follow."""

    sentence: str
    excerpt: str


def line_of(told: Told) -> Line:
    """The group in words. Names are usernames, of which no two look the same."""
    about = told.comment or told.post
    return Line(f"{_names(told)} {DID[told.kind]}", excerpt(about.content) if about else "")


def excerpt(text: str) -> str:
    """The beginning of a text on one line."""
    line = " ".join(text.split())
    return line if len(line) <= EXCERPT else f"{line[: EXCERPT - 1].rstrip()}…"


def _names(told: Told) -> str:
    names = [f"@{actor.username}" for actor in told.actors]
    others = told.actors_count - len(names)
    if others:
        number = f"more than {others}" if told.is_capped else str(others)
        names.append(f"{number} other{'s' if others > 1 else ''}")
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
