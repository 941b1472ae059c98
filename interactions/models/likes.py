from django.db import models
from django.db.models import F

from accounts.models import User
from posts.models import Post
from puppies.ids import NextId


class Like(models.Model):
    """`user` likes `post`. The row is the truth; counts follow from it by the ledger.

    The pair is the key; `id` orders who liked a post. Without a foreign-key constraint to the post: its check would lock the one row that
    everybody likes at once.
    """

    pk = models.CompositePrimaryKey("user_id", "post_id")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+", db_index=False)
    post = models.ForeignKey(
        Post, on_delete=models.CASCADE, related_name="+", db_index=False, db_constraint=False
    )
    id = models.BigIntegerField(db_default=NextId(), editable=False)
    created_at = models.DateTimeField(db_default=models.functions.Now())

    class Meta:
        # Of an expression, so that it only serves who means all likes of a post (`post_id + 0`). Were it of the column, plans that are kept
        # could ask it whether one account likes one post: on average as good as the key, on a viral post a walk through all likes.
        indexes = [models.Index(F("post_id") + 0, F("id").desc(), name="like_newest")]

    def __str__(self) -> str:
        return f"{self.user_id} likes {self.post_id}"
