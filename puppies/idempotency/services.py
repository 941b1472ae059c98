"""Lock a key, look its answer up, keep one; all in the transaction of the effect."""

from dataclasses import dataclass
from hashlib import blake2b

from django.db import connection

from puppies.errors import DomainError

KEPT_SECONDS = 86_400
BATCH = 1_000

FIND = """
SELECT fingerprint, status, body FROM puppies_idempotentanswer
 WHERE user_id = %s AND route = %s AND key = %s AND created_at > now() - make_interval(secs => %s)
"""
# The lock is held: a row that is there has expired.
KEEP = """
INSERT INTO puppies_idempotentanswer (user_id, route, key, fingerprint, status, body) VALUES (%s, %s, %s, %s, %s, %s)
ON CONFLICT (user_id, route, key) DO UPDATE
   SET fingerprint = excluded.fingerprint, status = excluded.status, body = excluded.body, created_at = now()
"""
REMOVE_OLD = """
DELETE FROM puppies_idempotentanswer
 WHERE (user_id, route, key) IN (SELECT user_id, route, key FROM puppies_idempotentanswer
                                  WHERE created_at <= now() - make_interval(secs => %s)
                                  ORDER BY created_at LIMIT %s FOR UPDATE SKIP LOCKED)
"""


class StillRunning(DomainError):
    """The first request with this key has not been answered yet; ask again in a moment."""

    code = "idempotency_key_in_use"
    status = 409
    title = "A request with this Idempotency-Key is still running"
    retry_after = 1


class KeyReused(DomainError):
    """A key stands for one request; another request needs another key."""

    code = "idempotency_key_reused"
    status = 422
    title = "This Idempotency-Key was used for another request"


@dataclass(frozen=True, slots=True)
class Key:
    """A client's key, unique for its user and route."""

    user_id: int
    route: str
    key: str

    @property
    def lock(self) -> int:
        """The number of the key's advisory lock."""
        name = f"idempotency\0{self.user_id}\0{self.route}\0{self.key}"
        return int.from_bytes(blake2b(name.encode(), digest_size=8).digest(), signed=True)


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered."""

    status: int
    body: bytes


def claim(key: Key, *, fingerprint: bytes) -> Answer | None:
    """Take the key until the transaction ends; the answer kept under it, None when there is none.

    Raises StillRunning while another transaction has it, KeyReused when the answer is that of a request with another fingerprint.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [key.lock])
        (is_ours,) = cursor.fetchone()
        if not is_ours:
            raise StillRunning
        cursor.execute(FIND, [key.user_id, key.route, key.key, KEPT_SECONDS])
        row = cursor.fetchone()
    if row is None:
        return None
    if bytes(row[0]) != fingerprint:
        raise KeyReused
    return Answer(status=row[1], body=bytes(row[2]))


def keep(key: Key, answer: Answer, *, fingerprint: bytes) -> None:
    """Keep the answer in the transaction that claimed the key."""
    with connection.cursor() as cursor:
        cursor.execute(KEEP, [key.user_id, key.route, key.key, fingerprint, answer.status, answer.body])


def remove_old() -> int:
    """Remove answers kept for a day, a batch a transaction; how many."""
    removed = 0
    while True:
        with connection.cursor() as cursor:
            cursor.execute(REMOVE_OLD, [KEPT_SECONDS, BATCH])
            batch = int(cursor.rowcount)
        removed += batch
        if batch < BATCH:
            return removed
