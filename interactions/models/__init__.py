"""What people do with posts, and what they are told of it."""

from interactions.models.comments import COMMENT_LENGTH, Comment
from interactions.models.likes import Like
from interactions.models.notifications import Kind, Notification, NotificationGroup, NotificationInbox
from interactions.models.rounds import RecountRound

__all__ = [
    "COMMENT_LENGTH",
    "Comment",
    "Kind",
    "Like",
    "Notification",
    "NotificationGroup",
    "NotificationInbox",
    "RecountRound",
]
