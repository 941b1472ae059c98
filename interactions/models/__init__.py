"""What people do with posts."""

from interactions.models.comments import COMMENT_LENGTH, Comment
from interactions.models.likes import Like

__all__ = ["COMMENT_LENGTH", "Comment", "Like"]
