"""A reader goes through 5,000 posts, far below the stored feed's floor, while others write, delete and block."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tests.flows.installation import Installation
from tests.flows.people import Person

Make = Callable[[str], Person]

POSTS = 5_000
# In turn by four authors, one of them pulled; published in the past, a second apart.
PUBLISHED = """
INSERT INTO posts_post (id, feed_id, author_id, content, delivery)
SELECT id, id, (%(authors)s::bigint[])[1 + n %% 4], 'number ' || n, CASE WHEN n %% 4 = 0 THEN 'pulled' ELSE 'pushed' END
  FROM generate_series(1, %(posts)s) AS n, LATERAL (
       SELECT (((extract(epoch FROM now()) * 1000)::bigint - 1767225600000 - (%(posts)s + 60 - n) * 1000) << 22) + n AS id) AS own
RETURNING id, author_id
"""
COUNTED = """
UPDATE accounts_user SET posts_count = (SELECT count(*) FROM posts_post WHERE author_id = accounts_user.id)
 WHERE id = ANY (%(authors)s)
"""


DELETED = """
WITH gone AS (UPDATE posts_post SET state = 'deleted' WHERE id = %s RETURNING author_id)
INSERT INTO puppies_ledgerentry (counter, subject_id, actor_id, delta) SELECT 'user.posts', author_id, author_id, -1 FROM gone
"""


@contextmanager
def busy(
    installation: Installation, author: Person, victims: Iterator[int], reader: Person
) -> Iterator[list[int]]:
    """Within, one author posts, and posts vanish, without a pause."""
    is_over, gone = threading.Event(), list[int]()

    def write() -> None:
        while not is_over.is_set():
            author.post("while somebody reads")
            gone.append(next(victims))
            installation.rows(DELETED, gone[-1])
            reader.like(author.post("another one"))

    writer = threading.Thread(target=write)
    writer.start()
    try:
        yield gone
    finally:
        is_over.set()
        writer.join()


def test_a_walk_through_5_000_posts_while_others_write_delete_and_block(
    installation: Installation, person: Make
) -> None:
    authors, reader = [person("author") for _ in range(4)], person("reader")
    with installation.transaction() as cursor:
        names = {"authors": [author.id for author in authors], "posts": POSTS}
        cursor.execute(PUBLISHED, names)
        by_author = {author.id: set[int]() for author in authors}
        for post, author_id in cursor.fetchall():
            by_author[author_id].add(post)
        cursor.execute(COUNTED, names)
    for author in authors:
        reader.follow(author)
    installation.wait_delivered()
    floor = installation.value("SELECT floor FROM feeds_feedstate WHERE user_id = %s", reader.id)
    kept, vanishing, blocking = by_author[authors[0].id], by_author[authors[1].id], authors[2]

    # From the old end, so that the walk meets the holes.
    with busy(installation, authors[3], iter(sorted(vanishing)), reader) as gone:
        pages = [reader.page("/v1/feed?limit=100")]
        while pages[-1]["next"]:
            if len(pages) == 20:
                assert blocking.send("POST", f"/v1/users/{reader.username}/block").status_code == 200
            pages.append(reader.page(pages[-1]["next"]))
    walked = [[int(post["id"]) for post in page["results"]] for page in pages]
    shown = [post for page in walked for post in page]

    everything = set().union(*by_author.values())
    blocked = by_author[blocking.id]
    assert floor > min(everything)
    assert all(len(page) == 100 for page in walked[:-1])
    assert shown == sorted(set(shown), reverse=True)
    # What was there throughout is there once, whatever was there at no time is not.
    assert everything - blocked - set(gone) <= set(shown)
    assert not blocked & {post for page in walked[20:] for post in page}
    assert len(gone) > 3
    assert kept <= set(shown)
    assert reader.feed()[-1] == min(everything - blocked - set(gone))
