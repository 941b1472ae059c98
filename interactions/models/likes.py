from django.db import models

from accounts.models import User
from posts.models import Post
from puppies.sql import execute


class LikeQuerySet(models.QuerySet["Like"]):
    """The vocabulary of likes."""

    def add(self, *, user_id: int, post_id: int) -> bool:
        """Insert the like; False when it was there already."""
        return execute(INSERT_LIKE, {"user": user_id, "post": post_id}) == 1


INSERT_LIKE = """
INSERT INTO interactions_like (user_id, post_id) VALUES (%(user)s, %(post)s) ON CONFLICT DO NOTHING
"""


class Like(models.Model):
    """`user` likes `post`. The row is the truth; counts follow from it by the ledger.

    Without a foreign-key constraint to the post: its check would lock the one row that everybody likes at once.
    """

    pk = models.CompositePrimaryKey("user_id", "post_id")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+", db_index=False)
    post = models.ForeignKey(
        Post, on_delete=models.CASCADE, related_name="+", db_index=False, db_constraint=False
    )
    created_at = models.DateTimeField(db_default=models.functions.Now())

    objects = LikeQuerySet.as_manager()

    class Meta:
        indexes = [models.Index("post", "user", name="like_by_post")]

    def __str__(self) -> str:
        return f"{self.user_id} likes {self.post_id}"
