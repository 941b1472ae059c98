"""Counts that somebody made wrong past the services."""

from accounts.services import follow_user
from interactions.draining import drain
from interactions.recounting import Drift
from interactions.services import like_post
from posts.models import Post
from puppies.sql import execute
from tests.factories import PostFactory, UserFactory

DAMAGES = {
    "post.likes": "UPDATE posts_post SET like_count = like_count + 5 WHERE id = %(post)s",
    "post.comments": "UPDATE posts_post SET comment_count = 7 WHERE id = %(post)s",
    "user.followers": "UPDATE accounts_user SET followers_count = followers_count - 2 WHERE id = %(author)s",
    "user.following": "UPDATE accounts_user SET following_count = 1 WHERE id = %(author)s",
    "user.posts": "UPDATE accounts_user SET posts_count = 40000 WHERE id = %(author)s",
}
DIFFERENCES = {
    "post.likes": -5,
    "post.comments": -7,
    "user.followers": 2,
    "user.following": -1,
    "user.posts": -39_999,
}


def loved() -> Post:
    """A post, liked and drained, liked again and not drained; its author followed."""
    post = PostFactory.create()
    fans = UserFactory.create_batch(3)
    for fan in fans[:2]:
        like_post(user_id=fan.id, post_id=post.id)
        follow_user(follower_id=fan.id, followee_id=post.author_id)
    drain()
    like_post(user_id=fans[2].id, post_id=post.id)
    return post


def damage(counter: str, post: Post) -> Drift:
    execute(DAMAGES[counter], {"post": post.id, "author": post.author_id})
    subject = post.id if counter.startswith("post.") else post.author_id
    return Drift(counter, subject, DIFFERENCES[counter])
