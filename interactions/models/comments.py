from typing import Any, Self

from django.db import connection, models
from django.db.models import F, Q

from accounts.models import User
from posts.models import Post
from puppies.ids import IdField

COMMENT_LENGTH = 2_200


class CommentQuerySet(models.QuerySet["Comment"]):
    """The vocabulary of comments."""

    def add(
        self, *, post_id: int, author_id: int, content: str, parent_id: int | None, thread_id: int | None
    ) -> int:
        """Insert a comment and tell its id; without a thread it is the root of its own."""
        names: dict[str, Any] = {"post": post_id, "author": author_id, "content": content}
        with connection.cursor() as cursor:
            cursor.execute(INSERT_COMMENT, names | {"parent": parent_id, "thread": thread_id})
            return int(cursor.fetchone()[0])

    def published(self) -> Self:
        """Comments that are neither hidden nor removed nor deleted; whether a viewer may see them is asked at read."""
        return self.filter(state=Comment.State.PUBLISHED)

    def by_author(self, author_id: int) -> Self:
        return self.filter(author_id=author_id)


INSERT_COMMENT = """
INSERT INTO interactions_comment (id, post_id, author_id, thread_id, parent_id, content)
SELECT own.id, %(post)s, %(author)s, coalesce(%(thread)s, own.id), %(parent)s, %(content)s
  FROM (SELECT puppies_next_id() AS id OFFSET 0) AS own
RETURNING id
"""


class Comment(models.Model):
    """What `author` says about `post`, or answers to `parent_id`; threads are one level deep.

    `thread_id` is the id of the thread's root, for a root its own. `parent_id` is what was answered, which may be gone; null for a root.
    A deleted comment's row is removed, but a root with replies stays, as `deleted`, without author and content, until the last of
    them goes. Without foreign-key constraints to the post and the parent: their checks would lock rows that everybody comments on.
    """

    class State(models.TextChoices):
        """`hidden` by the post's author, `removed` by a moderator, whose decision the post's author cannot undo."""

        PUBLISHED = "published"
        HIDDEN = "hidden"
        REMOVED = "removed"
        DELETED = "deleted"

    id = IdField()
    post = models.ForeignKey(
        Post, on_delete=models.CASCADE, related_name="+", db_index=False, db_constraint=False
    )
    author = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+", db_index=False, null=True)
    thread_id = models.BigIntegerField()
    parent_id = models.BigIntegerField(null=True)
    content = models.CharField(max_length=COMMENT_LENGTH)
    state = models.CharField(
        max_length=9, choices=State.choices, default=State.PUBLISHED, db_default=State.PUBLISHED
    )
    created_at = models.DateTimeField(db_default=models.functions.Now())
    edited_at = models.DateTimeField(null=True)

    objects = CommentQuerySet.as_manager()

    class Meta:
        indexes = [
            # In the order of the list.
            models.Index(
                fields=("post", "thread_id", "id"), include=("author", "state"), name="comment_by_post"
            ),
            models.Index("author", "id", name="comment_by_author"),
            # Who comments on a post is counted from this alone, one look for each.
            models.Index(
                fields=("post", "author"), condition=Q(state="published"), name="comment_commenters"
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(parent_id__isnull=True, thread_id=F("id"))
                | Q(parent_id__isnull=False) & ~Q(thread_id=F("id")),
                name="comment_root_or_reply",
            ),
            models.CheckConstraint(
                condition=Q(state="deleted", author__isnull=True, content="", parent_id__isnull=True)
                | ~Q(state="deleted") & Q(author__isnull=False),
                name="comment_deleted_is_bare",
            ),
        ]

    def __str__(self) -> str:
        return f"comment {self.id}"
