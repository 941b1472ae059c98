"""What people do with posts, and what they are told of it."""

from interactions.models.comments import COMMENT_LENGTH, Comment
from interactions.models.likes import Like
from interactions.models.notifications import Kind, Notification, NotificationGroup, NotificationInbox

__all__ = [
    "COMMENT_LENGTH",
    "Comment",
    "Kind",
    "Like",
    "Notification",
    "NotificationGroup",
    "NotificationInbox",
]
