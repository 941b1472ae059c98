"""What posts hold of an account."""

from typing import Any

from posts import services
from posts.models import Post
from puppies.personal_data import Eraser, Section, hold


def post_row(post: Post) -> dict[str, Any]:
    """A post as its author's archive tells it."""
    return {
        "id": str(post.id),
        "content": post.content,
        "state": post.state,
        "created_at": post.created_at,
        "edited_at": post.edited_at,
    }


hold(
    Section(
        "posts",
        rows=Post.objects.by_author,
        key="id",
        present=post_row,
    ),
    Eraser("posts.posts", lambda user_id: services.erase_posts(author_id=user_id)),
)
