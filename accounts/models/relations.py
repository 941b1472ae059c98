from typing import Self

from django.db import connection, models
from django.db.models import Exists, F, OuterRef, Q

from accounts.models.users import User
from puppies.ids import NextId
from puppies.sql import execute


class FollowQuerySet(models.QuerySet["Follow"]):
    """The vocabulary of follows."""

    def add(self, *, follower_id: int, followee_id: int) -> int | None:
        """Insert the follow and tell its id; None when it was there already."""
        with connection.cursor() as cursor:
            cursor.execute(INSERT_FOLLOW, {"follower": follower_id, "followee": followee_id})
            row = cursor.fetchone()
        return None if row is None else int(row[0])

    def lock_unmerged(self, *, follow_id: int, follower_id: int, followee_id: int) -> bool:
        """Keep this very follow from ending until the transaction does; False when it is merged or has ended, also if a newer one began."""
        rows = self.filter(follower_id=follower_id, followee_id=followee_id, id=follow_id, merged=False)
        return bool(rows.select_for_update(no_key=True).values_list("id"))


INSERT_FOLLOW = """
INSERT INTO accounts_follow (follower_id, followee_id) VALUES (%(follower)s, %(followee)s) ON CONFLICT DO NOTHING
RETURNING id
"""


class Follow(models.Model):
    """`follower` reads `followee`. Until `merged`, the followee's earlier posts are not in the follower's stored feed.

    The pair is the key; `id` tells one follow from the next after an unfollow in between.
    """

    pk = models.CompositePrimaryKey("follower_id", "followee_id")
    follower = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+", db_index=False)
    followee = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+", db_index=False)
    id = models.BigIntegerField(db_default=NextId(), editable=False)
    merged = models.BooleanField(default=False, db_default=False)
    created_at = models.DateTimeField(db_default=models.functions.Now())

    objects = FollowQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index("followee", "follower", name="follow_by_followee"),
            models.Index("followee", F("id").desc(), name="follow_followers_newest"),
            models.Index("follower", F("id").desc(), name="follow_following_newest"),
        ]
        constraints = [
            models.CheckConstraint(condition=~Q(follower=F("followee")), name="follow_not_oneself"),
        ]

    def __str__(self) -> str:
        return f"{self.follower_id} follows {self.followee_id}"


class BlockQuerySet(models.QuerySet["Block"]):
    """The vocabulary of blocks."""

    def add(self, *, blocker_id: int, blocked_id: int) -> bool:
        """Insert the block; False when it was there already."""
        return execute(INSERT_BLOCK, {"blocker": blocker_id, "blocked": blocked_id}) == 1

    def between(self, first_id: int, second_id: int) -> Self:
        """Blocks of one of the two by the other."""
        return self.filter(
            Q(blocker_id=first_id, blocked_id=second_id) | Q(blocker_id=second_id, blocked_id=first_id)
        )


INSERT_BLOCK = """
INSERT INTO accounts_block (blocker_id, blocked_id) VALUES (%(blocker)s, %(blocked)s) ON CONFLICT DO NOTHING
"""


class Block(models.Model):
    """`blocker` and `blocked` do not exist for each other. `id` orders a list of blocks."""

    pk = models.CompositePrimaryKey("blocker_id", "blocked_id")
    blocker = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+", db_index=False)
    blocked = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+", db_index=False)
    id = models.BigIntegerField(db_default=NextId(), editable=False)
    created_at = models.DateTimeField(db_default=models.functions.Now())

    objects = BlockQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index("blocked", "blocker", name="block_by_blocked"),
            models.Index("blocker", F("id").desc(), name="block_newest"),
        ]
        constraints = [
            models.CheckConstraint(condition=~Q(blocker=F("blocked")), name="block_not_oneself"),
        ]

    def __str__(self) -> str:
        return f"{self.blocker_id} blocks {self.blocked_id}"


def blocked_pair(viewer_id: int, column: str) -> Q:
    """The condition that a block stands between the viewer and the account whose id is in `column`; never for id 0, nobody."""
    other = OuterRef(column)
    by_viewer = Block.objects.filter(blocker_id=viewer_id, blocked_id=other)
    of_viewer = Block.objects.filter(blocker_id=other, blocked_id=viewer_id)
    return Q(Exists(by_viewer)) | Q(Exists(of_viewer))


class MuteQuerySet(models.QuerySet["Mute"]):
    """The vocabulary of mutes."""

    def add(self, *, muter_id: int, muted_id: int) -> bool:
        """Insert the mute; False when it was there already."""
        return execute(INSERT_MUTE, {"muter": muter_id, "muted": muted_id}) == 1


INSERT_MUTE = """
INSERT INTO accounts_mute (muter_id, muted_id) VALUES (%(muter)s, %(muted)s) ON CONFLICT DO NOTHING
"""


class Mute(models.Model):
    """`muter` does not want posts of `muted` in the home feed; `muted` is not told. `id` orders a list of mutes."""

    pk = models.CompositePrimaryKey("muter_id", "muted_id")
    muter = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+", db_index=False)
    muted = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+", db_index=False)
    id = models.BigIntegerField(db_default=NextId(), editable=False)
    created_at = models.DateTimeField(db_default=models.functions.Now())

    objects = MuteQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index("muted", "muter", name="mute_by_muted"),
            models.Index("muter", F("id").desc(), name="mute_newest"),
        ]
        constraints = [
            models.CheckConstraint(condition=~Q(muter=F("muted")), name="mute_not_oneself"),
        ]

    def __str__(self) -> str:
        return f"{self.muter_id} mutes {self.muted_id}"
