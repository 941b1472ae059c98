"""Random histories of one post's comments: what each viewer is shown, and every refusal, is what a small model in memory says."""

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from django.db import transaction
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from accounts.blocking import block_user, unblock_user
from accounts.models import User
from interactions.comments import services
from interactions.comments.erasing import erase_given
from interactions.comments.moderating import remove_comment, restore_comment
from interactions.comments.selectors import comments_of
from interactions.draining import drain
from posts.models import Post
from puppies.api.pairs import PairWindow
from puppies.errors import DomainError
from tests.factories import PostFactory, UserFactory
from tests.interactions.comments.counting import assert_counts_are_exact

NOBODY = -1
OWNER = 0
PEOPLE = 4
Shown = list[tuple[int, bool]]  # ids in the order of the list, and whether more than the place is shown


@dataclass
class Said:
    """A comment as the model knows it."""

    id: int
    author: int
    thread: int
    state: str = "published"


@dataclass
class Model:
    """What was said under a post of person 0, who blocks whom, and who is suspended."""

    said: dict[int, Said] = field(default_factory=dict)
    blocks: set[tuple[int, int]] = field(default_factory=set)
    away: set[int] = field(default_factory=set)

    def meets(self, viewer: int, other: int) -> bool:
        return other not in self.away and not {(viewer, other), (other, viewer)} & self.blocks

    def sees(self, viewer: int, row: Said) -> bool:
        is_open = row.state == "published" or (row.state != "deleted" and viewer in (row.author, OWNER))
        return is_open and self.meets(viewer, OWNER) and self.meets(viewer, row.author)

    def governs(self, actor: int, row: Said) -> bool:
        return actor == OWNER and row.state != "deleted" and row.author not in self.away

    def replies(self, row: Said) -> list[Said]:
        return [other for other in self.said.values() if other.thread == row.id != other.id]

    def shown(self, viewer: int) -> Shown | None:
        if not self.meets(viewer, OWNER):
            return None
        rows = sorted(self.said.values(), key=lambda row: (row.thread, row.id))
        return [
            (row.id, self.sees(viewer, row))
            for row in rows
            if self.sees(viewer, row) or any(self.sees(viewer, reply) for reply in self.replies(row))
        ]

    def delete(self, *rows: Said) -> None:
        gone = {row.id for row in rows}
        for row in rows:
            if any(reply.id not in gone for reply in self.replies(row)):
                row.state = "deleted"
            else:
                del self.said[row.id]
        for root in [self.said[row.thread] for row in rows if row.thread in self.said]:
            if root.state == "deleted" and not self.replies(root):
                self.said.pop(root.id, None)


class Town:
    """The model beside the real thing: each act is done to both, or must be refused by both."""

    def __init__(self) -> None:
        self.people: list[User] = UserFactory.create_batch(PEOPLE)
        self.post: Post = PostFactory.create(author=self.people[OWNER])
        self.model = Model()

    def act(self, kind: str, actor: int, target: int) -> None:
        """One step, by a person who may act, upon a comment or a person."""
        if actor in self.model.away and kind not in {"return", "erase"}:
            return
        getattr(self, f"_{kind}")(actor, target)

    def check(self) -> None:
        """Everybody, and nobody, sees what the model says; in one page and in small ones, both ways."""
        for viewer in range(NOBODY, PEOPLE):
            expected = self.model.shown(viewer)
            assert self._pages(viewer, 100, backward=False) == expected
            assert self._pages(viewer, 3, backward=False) == expected
            assert self._pages(viewer, 3, backward=True) == (expected and expected[::-1])
        if OWNER not in self.model.away:
            assert_counts_are_exact()

    def _pages(self, viewer: int, limit: int, *, backward: bool) -> Shown | None:
        found: Shown = []
        place = (2**63 - 1, 0) if backward else (0, 0)
        while True:
            window = PairWindow(limit, place, backward=backward)
            page = comments_of(post_id=self.post.id, viewer_id=self._id(viewer), window=window)
            if page is None:
                return None
            found += [(row.id, row.is_seen) for row in page]
            if len(page) < limit:
                return found
            place = page[-1].place

    def _id(self, person: int) -> int:
        return 0 if person == NOBODY else int(self.people[person].id)

    def _row(self, target: int) -> Said | None:
        rows = list(self.model.said.values())
        return rows[target % len(rows)] if rows else None

    def _attempt(self, call: Callable[[], object], *, allowed: bool) -> bool:
        try:
            call()
        except DomainError:
            assert not allowed
            return False
        assert allowed
        return True

    def _say(self, actor: int, target: int) -> None:
        made: list[int] = []
        names = {"author_id": self._id(actor), "post_id": self.post.id, "content": "wuff"}
        say = lambda: made.append(services.publish_comment(**names))  # noqa: E731
        if self._attempt(say, allowed=self.model.meets(actor, OWNER)):
            self.model.said[made[0]] = Said(made[0], actor, made[0])

    def _reply(self, actor: int, target: int) -> None:
        row = self._row(target)
        if row is None:
            return
        made: list[int] = []
        names = {
            "author_id": self._id(actor),
            "post_id": self.post.id,
            "content": "wuff",
            "parent_id": row.id,
        }
        say = lambda: made.append(services.publish_comment(**names))  # noqa: E731
        if self._attempt(say, allowed=row.state == "published" and self.model.sees(actor, row)):
            self.model.said[made[0]] = Said(made[0], actor, row.thread)

    def _delete(self, actor: int, target: int) -> None:
        row = self._row(target)
        if row and self._attempt(
            lambda: services.delete_comment(user_id=self._id(actor), comment_id=row.id),
            allowed=row.author == actor and row.state != "deleted",
        ):
            self.model.delete(row)

    def _hide(self, actor: int, target: int) -> None:
        row = self._row(target)
        if row and self._attempt(
            lambda: services.hide_comment(user_id=self._id(actor), comment_id=row.id),
            allowed=self.model.governs(actor, row),
        ):
            row.state = "hidden" if row.state == "published" else row.state

    def _unhide(self, actor: int, target: int) -> None:
        row = self._row(target)
        if row and self._attempt(
            lambda: services.unhide_comment(user_id=self._id(actor), comment_id=row.id),
            allowed=self.model.governs(actor, row) and row.state != "removed",
        ):
            row.state = "published"

    def _remove(self, _: int, target: int) -> None:
        row = self._row(target)
        if row and self._attempt(
            lambda: remove_comment(actor_id=None, comment_id=row.id), allowed=row.state != "deleted"
        ):
            row.state = "removed"

    def _restore(self, _: int, target: int) -> None:
        row = self._row(target)
        if row and self._attempt(
            lambda: restore_comment(actor_id=None, comment_id=row.id), allowed=row.state != "deleted"
        ):
            row.state = "published" if row.state == "removed" else row.state

    def _block(self, actor: int, target: int) -> None:
        other = target % PEOPLE
        if other != actor:
            block_user(blocker_id=self._id(actor), blocked_id=self._id(other))
            self.model.blocks.add((actor, other))

    def _unblock(self, actor: int, target: int) -> None:
        other = target % PEOPLE
        unblock_user(blocker_id=self._id(actor), blocked_id=self._id(other))
        self.model.blocks.discard((actor, other))

    def _leave(self, actor: int, _: int) -> None:
        User.objects.filter(id=self._id(actor)).update(state=User.State.SUSPENDED)
        self.model.away.add(actor)

    def _return(self, actor: int, _: int) -> None:
        User.objects.filter(id=self._id(actor)).update(state=User.State.ACTIVE)
        self.model.away.discard(actor)

    def _erase(self, actor: int, _: int) -> None:
        erase_given(user_id=self._id(actor))
        mine = [row for row in self.model.said.values() if row.author == actor and row.state != "deleted"]
        self.model.delete(*mine)

    def _drain(self, _: int, __: int) -> None:
        drain()


OFTEN = ["say", "reply", "reply", "delete", "hide", "hide", "unhide"]
SELDOM = ["remove", "restore", "block", "unblock", "leave", "return", "erase", "drain"]
STEPS = st.lists(
    st.tuples(
        st.sampled_from(OFTEN * 2 + SELDOM), st.sampled_from([OWNER, *range(PEOPLE)]), st.integers(0, 20)
    ),
    min_size=10,
    max_size=40,
)


@pytest.mark.django_db(transaction=True)
def test_everybody_sees_what_the_model_says() -> None:
    """However a post's comments came to be as they are. Each history is a transaction of its own, for transactions have an end."""

    @hypothesis_settings(max_examples=60, deadline=None)
    @given(steps=STEPS)
    def live(steps: list[tuple[str, int, int]]) -> None:
        with transaction.atomic():
            town = Town()
            for number, (kind, actor, target) in enumerate(steps, 1):
                town.act(kind, actor, target)
                if number % 8 == 0:
                    town.check()
            town.check()
            transaction.set_rollback(True)

    live()
