"""I3 and I6: what the home feeds show, asked of the oracle (`feeds.oracle`)."""

from config.verification.results import Options, Result, result
from feeds.oracle import claim_faults, feed_faults, rows, snapshot, walk_and_oracle, walk_faults

# Readers at even distances over all ids, so that a sample meets old accounts and new ones.
READERS = """
SELECT id FROM (SELECT id, row_number() OVER (ORDER BY id) AS place, count(*) OVER () AS size
                  FROM accounts_user WHERE state = 'active') AS reader
 WHERE %(readers)s = 0 OR size <= %(readers)s OR (place * %(readers)s) / size <> ((place - 1) * %(readers)s) / size
 ORDER BY id
"""


def feeds(options: Options) -> list[Result]:
    """Each reader's home feed, walked page by page, is the oracle's list, in order, each post once, and what it stores is
    what it claims.
    """
    readers = [row[0] for row in rows(READERS, {"readers": options.readers})]
    wrong, restless, lacking = list[str](), list[str](), list[str]()
    for reader in readers:
        with snapshot():
            walked, expected = walk_and_oracle(reader_id=reader, posts=options.posts, page=options.page)
            lacking += claim_faults(reader_id=reader)
        wrong += feed_faults(reader, walked, expected)
        restless += walk_faults(reader, walked, expected)
    return [
        result("I3", "feeds equal the oracle", len(readers), wrong),
        result("I3", "stored feeds hold what they claim", len(readers), lacking),
        result("I6", "page walks are in order, each post once", len(readers), restless),
    ]
