"""What everybody should be told, kept in plain sets while the real services write: the oracle of the stateful test.

People are numbers, posts and comments their ids. `places` counts how often anything rose.
"""

import itertools
from collections import defaultdict
from dataclasses import dataclass, field

Pair = tuple[int, int]
Group = tuple[int, str, int]  # recipient, kind, subject

KINDS = ("like", "comment", "reply", "mention", "follow")


@dataclass
class Words:
    """A comment, or a post of which `post` is its own id: who wrote it, under which post, in answer to whom, mentioning whom."""

    author: int
    post: int
    parent: int | None = None
    mentions: tuple[int, ...] = ()


@dataclass
class Village:
    """The state of the world, as far as it decides who is told what."""

    words: dict[int, Words] = field(default_factory=dict)
    gone: set[int] = field(default_factory=set)
    likes: set[Pair] = field(default_factory=set)
    follows: set[Pair] = field(default_factory=set)
    blocks: set[Pair] = field(default_factory=set)
    mutes: set[Pair] = field(default_factory=set)
    suspended: set[int] = field(default_factory=set)
    unwanted: set[tuple[int, str]] = field(default_factory=set)
    pending: list[Pair] = field(default_factory=list)
    told: dict[Group, list[int]] = field(default_factory=lambda: defaultdict(list))
    withdrawn: set[tuple[Group, int]] = field(default_factory=set)
    places: dict[Group, int] = field(default_factory=dict)
    read_up_to: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    risen: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    def is_blocked(self, one: int, other: int) -> bool:
        return bool({(one, other), (other, one)} & self.blocks)

    def is_quiet(self, recipient: int, actor: int) -> bool:
        """Whether the recipient hears nothing of the actor."""
        return self.is_blocked(recipient, actor) or (recipient, actor) in self.mutes

    def sees(self, who: int, post: int) -> bool:
        author = self.words[post].author
        return not (post in self.gone or author in self.suspended or self.is_blocked(who, author))

    # What the drain and the tasks do.

    def tell(self, recipient: int, kind: str, subject: int, actor: int) -> None:
        group = (recipient, kind, subject)
        is_wanted = recipient != actor and actor not in self.suspended and not self.is_quiet(recipient, actor)
        if is_wanted and (recipient, kind) not in self.unwanted and actor not in self.told[group]:
            self.told[group].append(actor)
            self.places[group] = next(self.risen)

    def drain(self) -> None:
        """Likes as they are now, post by post, whoever changed it last being the newest."""
        latest = {change: number for number, change in enumerate(self.pending)}
        for post, actor in sorted(latest, key=lambda change: (change[0], latest[change])):
            group = (self.words[post].author, "like", post)
            is_liked = (actor, post) in self.likes
            if actor in self.told[group]:
                (self.withdrawn.discard if is_liked else self.withdrawn.add)((group, actor))
            elif is_liked and post not in self.gone:
                self.tell(*group, actor)
        self.pending.clear()

    def follow_told(self, follower: int, followee: int) -> None:
        if (follower, followee) in self.follows:
            self.tell(followee, "follow", follower, follower)

    def words_told(self, own_id: int) -> None:
        """A post or a comment: everybody is told once, under the first kind that is wanted."""
        words = self.words[own_id]
        author = self.words[words.post].author
        if {own_id, words.post} & self.gone or author in self.suspended:
            return
        pairs = [(who, "mention") for who in words.mentions if self.may_be_told(who, author)]
        if own_id != words.post:
            pairs = [(author, "comment"), *pairs]
        if words.parent is not None and words.parent not in self.gone:
            answered = self.words[words.parent].author
            pairs = [(answered, "reply")] * self.may_be_told(answered, author) + pairs
        first: dict[int, str] = {}
        for who, kind in pairs:
            if (who, kind) not in self.unwanted:
                first.setdefault(who, kind)
        for who, kind in first.items():
            self.tell(who, kind, own_id, words.author)

    def may_be_told(self, who: int, author: int) -> bool:
        return who not in self.suspended and not self.is_blocked(who, author)

    # What is shown.

    def shown(self, who: int) -> list[tuple[int, str, list[int]]]:
        """(place, kind, actors), the newest first."""
        groups = [
            (place, group[1], self.actors(group))
            for group, place in self.places.items()
            if group[0] == who and (who, group[1]) not in self.unwanted and self.is_there(group)
        ]
        return sorted((row for row in groups if row[2]), reverse=True)

    def is_there(self, group: Group) -> bool:
        who, kind, subject = group
        if kind == "follow":
            return True
        return subject not in self.gone and self.sees(who, self.words[subject].post)

    def actors(self, group: Group) -> list[int]:
        who, kind, subject = group
        left = {
            "like": lambda actor: (actor, subject) in self.likes,
            "follow": lambda actor: (actor, who) in self.follows,
        }.get(kind, lambda actor: True)
        return [
            actor
            for actor in reversed(self.told[group])
            if left(actor) and actor not in self.suspended and not self.is_quiet(who, actor)
            and (group, actor) not in self.withdrawn
        ]  # fmt: skip

    def unread(self, who: int) -> int:
        return sum(place > self.read_up_to[who] for place, _, _ in self.shown(who))

    def top(self, who: int) -> int:
        """The newest place of anything that was told, shown or not."""
        return max((place for group, place in self.places.items() if group[0] == who), default=0)
