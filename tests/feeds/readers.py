"""A reader of the home feed, and the work that fills the stored ones, as a worker does it."""

from dataclasses import dataclass, replace
from typing import Self

from accounts.models import User
from accounts.services import follow_user
from accounts.sessions import open_session
from config.celery import app
from feeds.models import FeedEntry, FeedState
from feeds.selectors import HomeItem, HomePage, home_page
from puppies.ids import MAX_ID
from puppies.models import Delivery
from tests.factories import UserFactory

app.loader.import_default_modules()  # as a worker does when it starts


@dataclass(frozen=True)
class Reader:
    """A signed-in account."""

    user: User
    session_id: int

    @classmethod
    def following(cls, *authors: User, user: User | None = None) -> Self:
        """An account that follows these authors; their deliveries wait."""
        user = user or UserFactory.create()
        for author in authors:
            follow_user(follower_id=user.id, followee_id=author.id)
        return cls(user, open_session(user=user).session_id)

    def signed_in_anew(self) -> Self:
        """The same account with a new session, after a suspension has ended the last one."""
        return replace(self, session_id=open_session(user=self.user).session_id)

    def page(self, *, limit: int = 20, before: int = MAX_ID) -> HomePage:
        return home_page(reader_id=self.user.id, session_id=self.session_id, limit=limit, before=before)

    def items(self, *, limit: int = 100) -> list[HomeItem]:
        return self.page(limit=limit).items

    def ids(self, *, limit: int = 100, before: int = MAX_ID) -> list[int]:
        return [item.id for item in self.page(limit=limit, before=before).items]

    def walk(self, *, limit: int) -> list[list[int]]:
        """The ids of all pages, from the newest down."""
        pages = []
        before: int | None = MAX_ID
        while before is not None:
            page = self.page(limit=limit, before=before)
            pages.append([item.id for item in page.items])
            before = page.scanned
        return pages

    def stored(self) -> set[int]:
        """The feed ids in the stored feed."""
        return set(FeedEntry.objects.filter(user_id=self.user.id).values_list("feed_id", flat=True))

    def state(self) -> FeedState:
        """What the stored feed claims; what it claims without a row when there is none."""
        return FeedState.objects.filter(user_id=self.user.id).first() or FeedState(user_id=self.user.id)


def work_off(delivery: Delivery) -> None:
    """Do what a worker does that gets the message of this delivery."""
    app.tasks[delivery.task](delivery_id=delivery.id)


def work_all_off(*, task: str = "") -> None:
    """Do what the workers do for every open delivery, of one task where given."""
    waiting = Delivery.objects.filter(done_at=None, dead_at=None).order_by("id")
    for delivery in waiting.filter(task=task) if task else waiting:
        work_off(delivery)
