"""I2: each count is what its row stores plus what the ledger holds, and equals the rows counted."""

from config.verification.results import Options, Result, result
from feeds.oracle import rows, snapshot
from interactions.draining import COUNTERS, Counter
from interactions.truths import KEPT, TRUTHS

COUNTS = """
SELECT subject.id, subject.{column} + coalesce(ledger.delta, 0), coalesce(truth.number, 0)
  FROM {table} AS subject
  LEFT JOIN ({truth}) AS truth ON truth.subject = subject.id
  LEFT JOIN (SELECT subject_id, sum(delta) AS delta FROM puppies_ledgerentry
              WHERE counter = '{name}' GROUP BY subject_id) AS ledger ON ledger.subject_id = subject.id
 WHERE subject.{column} + coalesce(ledger.delta, 0) <> coalesce(truth.number, 0) AND {kept}
 ORDER BY subject.id
"""


def counts(_: Options) -> list[Result]:
    """Of every counter, each subject's count."""
    with snapshot():
        return [_count(counter) for counter in COUNTERS]


def _count(counter: Counter) -> Result:
    names = {"name": counter.name, "table": counter.table, "column": counter.column}
    wrong = rows(COUNTS.format(truth=TRUTHS[counter.name].of_all(), kept=KEPT[counter.table], **names))
    findings = [
        f"{counter.name} of {subject} is {stated}, the rows are {true}" for subject, stated, true in wrong
    ]
    [(examined,)] = rows(f"SELECT count(*) FROM {counter.table}")  # noqa: S608 - a constant of the drain
    return result("I2", f"{counter.name} equals its rows", examined, findings)
