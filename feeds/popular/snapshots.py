"""Where snapshots lie: in this process, in Redis, in PostgreSQL. Each may be gone; they are the same in each, for they never change."""

import logging
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from threading import Lock
from time import monotonic
from typing import Any

import orjson
from django.conf import settings
from django.db import Error
from redis.exceptions import RedisError

from feeds.popular.models import PopularSnapshot
from puppies.breaker import first_line
from puppies.deadline import deadline
from puppies.ids import created_at, first_id_at
from puppies.redis_client import ask_guarded

# For so long a process does not ask which snapshot is the newest.
FRESH_SECONDS = 5.0
# A name that was not renewed for a few periods is not to be believed: Redis may have refused the later ones.
PERIODS_BELIEVED = 3
MOST_REMEMBERED = 32
STORED_MS = 50

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Ids of posts, the most popular first. Its id tells when it was made."""

    id: int
    post_ids: tuple[int, ...]

    @property
    def age_seconds(self) -> float:
        return (datetime.now(UTC) - created_at(self.id)).total_seconds()


EMPTY = Snapshot(0, ())


class Memory:
    """The snapshots that this process has met, and which of them was the newest when it last asked."""

    def __init__(self) -> None:
        self._known: dict[int, Snapshot] = {}
        self._newest: Snapshot | None = None
        self._asked_at = 0.0
        self._lock = Lock()

    def get(self, snapshot_id: int) -> Snapshot | None:
        return self._known.get(snapshot_id)

    def newest(self) -> Snapshot | None:
        """The newest snapshot, however long ago it was found to be."""
        return self._newest

    def fresh(self) -> Snapshot | None:
        """The newest snapshot, if it was found to be so a moment ago."""
        return self._newest if monotonic() - self._asked_at < FRESH_SECONDS else None

    def keep(self, snapshot: Snapshot) -> None:
        with self._lock:
            self._known[snapshot.id] = snapshot
            while len(self._known) > MOST_REMEMBERED:
                del self._known[min(self._known)]

    def keep_newest(self, snapshot: Snapshot) -> Snapshot:
        """The newest of this one and what was remembered: where Redis lags behind, nobody is sent back."""
        self.keep(snapshot)
        if self._newest is None or snapshot.id > self._newest.id:
            self._newest = snapshot
        self._asked_at = monotonic()
        return self._newest


memory = Memory()


def newest() -> Snapshot:
    """The snapshot that a reader begins with; an empty one before the first was made.

    Raises django.db.Error when neither Redis nor PostgreSQL has it and this process remembers none.
    """
    return memory.fresh() or _newest_elsewhere()


def _newest_elsewhere() -> Snapshot:
    remembered = memory.newest()
    try:
        found = _newest_in_redis() or newest_stored() or remembered
    except Error as error:
        if remembered is None:
            raise
        logger.warning("popular_not_read error=%s", first_line(error))
        found = remembered
    return EMPTY if found is None else memory.keep_newest(found)


def named(snapshot_id: int) -> Snapshot | None:
    """The snapshot that a cursor names; None when it is older than snapshots are kept. Raises django.db.Error when that is not known."""
    if snapshot_id < _oldest_kept() and snapshot_id != newest().id:
        return None
    found = memory.get(snapshot_id) or _in_redis(snapshot_id) or _stored(snapshot_id)
    if found is not None:
        memory.keep(found)
    return found


def _oldest_kept() -> int:
    return first_id_at(datetime.now(UTC) - timedelta(seconds=settings.POPULAR_KEEP_SECONDS))


def newest_stored() -> Snapshot | None:
    """The newest snapshot in PostgreSQL."""
    return _first(PopularSnapshot.objects.order_by("-id"))


def store(post_ids: list[int]) -> Snapshot:
    """Insert a snapshot of these posts."""
    row = PopularSnapshot.objects.create(post_ids=post_ids)
    return Snapshot(row.id, tuple(post_ids))


def remove_old(*, newest_id: int) -> None:
    """Remove what no cursor may name any more, and never the newest: it is better than none, however old."""
    PopularSnapshot.objects.filter(id__lt=min(_oldest_kept(), newest_id)).delete()


def announce(snapshot: Snapshot) -> None:
    """Put the snapshot into Redis and name it as the newest; readers find it in PostgreSQL when that fails."""
    believed = PERIODS_BELIEVED * settings.POPULAR_PERIOD_SECONDS
    try:
        ask_guarded(
            "SET", _key(snapshot.id), orjson.dumps(snapshot.post_ids), "EX", settings.POPULAR_KEEP_SECONDS
        )
        ask_guarded("SET", _key("newest"), snapshot.id, "EX", believed)
    except (RedisError, OSError) as error:
        logger.warning("popular_not_announced snapshot=%s error=%s", snapshot.id, first_line(error))


def _stored(snapshot_id: int) -> Snapshot | None:
    return _first(PopularSnapshot.objects.filter(id=snapshot_id))


def _first(rows: Any) -> Snapshot | None:
    # A table that is locked must not use up the time of an answer that the other levels can give.
    with deadline(STORED_MS):
        row = rows.values_list("id", "post_ids").first()
    return Snapshot(row[0], tuple(row[1])) if row else None


def _newest_in_redis() -> Snapshot | None:
    name = _number(_get("newest"))
    return None if name is None else memory.get(name) or _in_redis(name)


def _in_redis(snapshot_id: int) -> Snapshot | None:
    ids = _ids(_get(snapshot_id))
    return None if ids is None else Snapshot(snapshot_id, ids)


def _get(name: int | str) -> Any:
    try:
        return ask_guarded("GET", _key(name))
    except (RedisError, OSError):
        return None  # The breaker has told.


def _key(name: int | str) -> str:
    return f"{settings.REDIS_PREFIX}popular:{name}"


def _number(answer: Any) -> int | None:
    return int(answer) if isinstance(answer, bytes) and answer.isdigit() else None


def _ids(answer: Any) -> tuple[int, ...] | None:
    try:
        found = orjson.loads(answer or b"")
    except orjson.JSONDecodeError:
        return None
    is_ours = isinstance(found, list) and all(type(identifier) is int for identifier in found)
    return tuple(found) if is_ours else None
