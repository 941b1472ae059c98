"""The ledger of changes to counts.

A count that many writers change is one hot row. So a writer only appends `(counter, subject, actor, ±1)` in its own transaction; a
drain adds up what has gathered. A count is what its row stores plus what the ledger still holds for it, read in one statement. So that
it never gets dear to read, drain or no drain, a writer of what comes in bursts (likes, follows) who meets a `LONG` list of one subject does
the drain's work for it. The drain's app says in its `draining.py` how.
"""

from collections.abc import Callable, Collection

from puppies.models import LedgerEntry

# So many entries of one subject are read in a tenth of a millisecond. The drain keeps below it unless it is away, or there is a burst.
LONG = 500

_adders: dict[str, Callable[[int], None]] = {}


def added_up_by(counter: str, add_up: Callable[[int], None]) -> None:
    """Let `add_up(subject_id)` do the drain's work for one subject of this counter."""
    _adders[counter] = add_up


def add_up(*, counter: str, subject_id: int) -> None:
    """Do the drain's work for a subject whose list was found to be long; call it outside the transaction that found it."""
    _adders[counter](subject_id)


def record(*, counter: str, subject_id: int, actor_id: int, delta: int) -> None:
    """Append one change of `counter` for `subject_id`; call it in the transaction of the row that is counted."""
    LedgerEntry.objects.create(counter=counter, subject_id=subject_id, actor_id=actor_id, delta=delta)


def forget(*, counters: Collection[str], subject_ids: Collection[int]) -> None:
    """Drop what the ledger holds for subjects that exist no longer."""
    LedgerEntry.objects.filter(counter__in=counters, subject_id__in=subject_ids).delete()
