"""Things that happened at an instant of the test's choice, and what the days' rows say of them."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection

from accounts.models import RefreshToken, Session, User
from config.analytics.models import DailyFigures
from posts.models import Post
from puppies.ids import first_id_at

MIDNIGHT = datetime(2026, 11, 22, tzinfo=UTC)
BEFORE, AFTER = date(2026, 11, 21), date(2026, 11, 22)
A_MOMENT = timedelta(milliseconds=1)


def figures(day: date, *names: str) -> tuple[Any, ...]:
    """These columns of the day's row."""
    row: tuple[Any, ...] = DailyFigures.objects.values_list(*names).get(day=day)
    return row


def settled(instant: datetime) -> datetime:
    """When everything before this instant is counted."""
    return instant + timedelta(seconds=settings.ANALYTICS_SETTLE_SECONDS)


def post_at(author: User, instant: datetime, *, place: int = 0) -> Post:
    """A post published in this very millisecond, `place` after its first id."""
    identifier = first_id_at(instant) + place
    post: Post = Post.objects.create(id=identifier, feed_id=identifier, author=author, content="then")
    return post


def be_active_at(user: User, instant: datetime, *, place: int = 0) -> None:
    """Sign in, or continue a session, in this millisecond."""
    session = Session.objects.create(user=user, expires_at=instant + timedelta(days=90))
    identifier = first_id_at(instant) + place
    RefreshToken.objects.create(id=identifier, session=session, digest=f"{identifier}".encode())


def drained_at(instant: datetime, *, raised: int, lowered: int = 0) -> None:
    """A batch of likes that the drain added up in this millisecond."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO puppies_drainedtally (id, counter, raised, lowered) VALUES (%s, 'post.likes', %s, %s)",
            [first_id_at(instant), raised, lowered],
        )
