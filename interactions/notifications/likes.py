"""Likes that the drain took from the ledger become notifications in the drain's own transaction.

The drain holds the posts. What is written follows from the likes as they are now, not from the entries: entries that come later have
their own turn, and an entry that is read again changes nothing.
"""

from collections.abc import Sequence

from django.db import connection

from interactions.notifications.inboxes import lock_inboxes
from interactions.notifications.writing import FRESH, RISE

AUTHORS = "SELECT DISTINCT author_id FROM posts_post WHERE id = ANY(%(posts)s)"

# Whoever likes again is found by the row that stayed, and is shown where it was before. Rows are found one by one by their keys, and do
# not move meanwhile: their inboxes are locked. A join would be planned by what was last counted of tables that grow by bursts.
LIKED = f"""
WITH changed AS MATERIALIZED (
    SELECT post_id, actor_id, max(number) AS number
      FROM unnest(%(posts)s::bigint[], %(actors)s::bigint[]) WITH ORDINALITY AS entry (post_id, actor_id, number)
     GROUP BY post_id, actor_id
), current AS MATERIALIZED (
    SELECT post.author_id AS recipient_id, post.id AS post_id, changed.actor_id, changed.number, post.state = 'published' AS is_there,
           (SELECT true FROM interactions_like WHERE user_id = changed.actor_id AND post_id = changed.post_id) IS TRUE AS is_liked
      FROM changed JOIN posts_post AS post ON post.id = changed.post_id
), act AS MATERIALIZED (
    SELECT recipient_id, 'like' AS kind, post_id AS subject_id, actor_id, post_id, NULL::bigint AS comment_id, number
      FROM current WHERE is_liked AND is_there
), fresh AS ({FRESH}), turned AS (
    UPDATE interactions_notification SET is_withdrawn = NOT is_withdrawn WHERE ctid = ANY (ARRAY (
        SELECT (SELECT known.ctid FROM interactions_notification AS known
                 WHERE known.recipient_id = current.recipient_id AND known.kind = 'like' AND known.subject_id = current.post_id
                   AND known.actor_id = current.actor_id AND known.is_withdrawn = current.is_liked)
          FROM current WHERE (post_id, actor_id) NOT IN (SELECT subject_id, actor_id FROM fresh)))
)
{RISE}
"""  # noqa: S608 - put together from constants of the package


def notify_likes(changes: Sequence[tuple[int, int]]) -> None:
    """Tell authors of the likes behind these (post, liker) changes, and take back what is liked no more. Call it in a transaction
    that holds the posts.
    """
    if not changes:
        return
    posts, actors = map(list, zip(*changes, strict=True))
    with connection.cursor() as cursor:
        cursor.execute(AUTHORS, {"posts": list(set(posts))})
        lock_inboxes([author_id for (author_id,) in cursor.fetchall()])
        cursor.execute(LIKED, {"posts": posts, "actors": actors})
