"""What interactions hold of an account."""

from interactions import erasing
from interactions.models import Like
from puppies.personal_data import Eraser, Section, hold

hold(
    Section(
        "likes",
        rows=lambda user_id: Like.objects.filter(user_id=user_id),
        key="post_id",
        present=lambda like: {"post_id": str(like.post_id), "created_at": like.created_at},
    ),
    Eraser("interactions.likes_given", lambda user_id: erasing.erase_given(user_id=user_id)),
    Eraser("interactions.likes_received", lambda user_id: erasing.erase_received(author_id=user_id)),
)
