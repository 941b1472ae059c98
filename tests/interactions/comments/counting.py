"""Who wrote a comment, and whether the counts of comments are exact."""

from django.db.models import Count, Q

from accounts.models import User
from interactions.models import Comment
from posts.models import Post
from posts.selectors import displayed_post


def author_of(comment: Comment) -> User:
    """Whoever wrote a comment that is not deleted."""
    assert comment.author is not None
    return comment.author


def published() -> dict[int, int]:
    """How many comments each post has, by their rows."""
    found = Comment.objects.published().values_list("post_id").annotate(number=Count("id"))
    return dict.fromkeys(Post.objects.values_list("id", flat=True), 0) | dict(found.order_by())


def told() -> dict[int, int]:
    """How many comments each post that is shown tells."""
    shown = Post.objects.filter(Q(state=Post.State.PUBLISHED) & Q(author__state="active"))
    posts = [displayed_post(post_id=post_id, viewer_id=0) for post_id in shown.values_list("id", flat=True)]
    return {post.id: post.comment_count for post in posts if post is not None}


def assert_counts_are_exact() -> None:
    """As stored and waiting in the ledger."""
    counts = told()
    rows = published()
    assert counts == {post_id: rows[post_id] for post_id in counts}
