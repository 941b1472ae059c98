from typing import Self

from django.db import models
from django.db.models import F, Q

from accounts.models import User, blocked_pair
from puppies.ids import IdField

CONTENT_LENGTH = 2_200


class PostQuerySet(models.QuerySet["Post"]):
    """The vocabulary of posts."""

    def visible(self) -> Self:
        """Published posts of active authors."""
        return self.filter(state=Post.State.PUBLISHED, author__state=User.State.ACTIVE)

    def visible_to(self, viewer_id: int) -> Self:
        """Visible posts but for those of authors with whom the viewer has a block, in either direction."""
        return self.visible().exclude(blocked_pair(viewer_id, "author_id"))

    def by_author(self, author_id: int) -> Self:
        return self.filter(author_id=author_id)


class Post(models.Model):
    """A post. `feed_id` is taken when it is published: one number orders, pages and deduplicates it in every feed."""

    class Delivery(models.TextChoices):
        """How readers find the post: by themselves (`pulled`, `pushing`) or in their stored feeds (`pushed`)."""

        PULLED = "pulled"
        PUSHING = "pushing"
        PUSHED = "pushed"

    class State(models.TextChoices):
        WAITING = "waiting"
        PUBLISHED = "published"
        HIDDEN = "hidden"
        DELETED = "deleted"

    id = IdField()
    author = models.ForeignKey(User, on_delete=models.CASCADE, related_name="posts", db_index=False)
    content = models.CharField(max_length=CONTENT_LENGTH)
    feed_id = models.BigIntegerField(null=True, unique=True)
    delivery = models.CharField(
        max_length=7, choices=Delivery.choices, default=Delivery.PUSHING, db_default=Delivery.PUSHING
    )
    state = models.CharField(
        max_length=9, choices=State.choices, default=State.PUBLISHED, db_default=State.PUBLISHED
    )
    like_count = models.BigIntegerField(default=0, db_default=0)
    comment_count = models.BigIntegerField(default=0, db_default=0)
    created_at = models.DateTimeField(db_default=models.functions.Now())
    edited_at = models.DateTimeField(null=True)

    objects = PostQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index("author", F("created_at").desc(), name="post_by_author_created"),
            models.Index("author", F("feed_id").desc(), name="post_by_author"),
            models.Index(
                "author", F("feed_id").desc(), name="post_unpushed", condition=~Q(delivery="pushed")
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(state="waiting") | Q(feed_id__isnull=False), name="post_published_has_feed_id"
            ),
        ]

    def __str__(self) -> str:
        return f"post {self.id}"
