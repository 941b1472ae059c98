"""The ledger of changes to counts.

A count that many writers change is one hot row. So a writer only appends `(counter, subject, actor, ±1)` in its own transaction; a
drain adds up what has gathered. A count is what its row stores plus what the ledger still holds for it, read in one statement.
"""

from puppies.models import LedgerEntry


def record(*, counter: str, subject_id: int, actor_id: int, delta: int) -> None:
    """Append one change of `counter` for `subject_id`; call it in the transaction of the row that is counted."""
    LedgerEntry.objects.create(counter=counter, subject_id=subject_id, actor_id=actor_id, delta=delta)
