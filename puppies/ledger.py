"""The ledger of changes to counts.

A count that many writers change is one hot row. So a writer only appends `(counter, subject, actor, ±1)` in its own transaction; a
drain adds up what has gathered. A count is what its row stores plus what the ledger still holds for it, read in one statement.
"""

from collections.abc import Collection

from puppies.models import LedgerEntry


def record(*, counter: str, subject_id: int, actor_id: int, delta: int) -> None:
    """Append one change of `counter` for `subject_id`; call it in the transaction of the row that is counted."""
    LedgerEntry.objects.create(counter=counter, subject_id=subject_id, actor_id=actor_id, delta=delta)


def forget(*, counters: Collection[str], subject_ids: Collection[int]) -> None:
    """Drop what the ledger holds for subjects that exist no longer."""
    LedgerEntry.objects.filter(counter__in=counters, subject_id__in=subject_ids).delete()
