"""A small demo network: a few puppies who follow, post, like and comment, and an admin.

Made through the services, so it travels like real use.
"""

from dataclasses import dataclass

from django.contrib.auth.hashers import make_password
from django.db import transaction

from accounts.models import User
from accounts.services import follow_user
from config.stack import demo
from interactions.comments.services import publish_comment
from interactions.services import like_post
from posts.models import Post
from posts.services import publish_post


@dataclass(frozen=True, slots=True)
class Puppy:
    """One demo account: whom it follows and what it says."""

    username: str
    display_name: str
    bio: str
    follows: tuple[str, ...]
    posts: tuple[str, ...]


PUPPIES = (
    Puppy(
        "rex",
        "Rex",
        "German shepherd. Guards the garden.",
        ("bella", "luna", "milo"),
        ("First morning in the new garden.", "The postman came back. So did I."),
    ),
    Puppy(
        "bella",
        "Bella",
        "Golden retriever. Fetches anything.",
        ("rex", "luna"),
        ("Two sticks at once. A personal record.", "Mud is a lifestyle."),
    ),
    Puppy(
        "luna", "Luna", "Border collie. Counts sheep.", ("bella", "coco"), ("Forty-one, forty-two, sheep.",)
    ),
    Puppy(
        "milo",
        "Milo",
        "Dachshund. Low profile.",
        ("rex", "bella", "coco"),
        ("Found a hole. Made it longer.",),
    ),
    Puppy("coco", "Coco", "Poodle. Reads the comments.", ("luna",), ("The hairdresser listens, I bark.",)),
)

# Under which post, who says what, and which earlier line of the talk that answers.
TALK = (
    ("The postman came back. So did I.", "milo", "Did he bring biscuits?", None),
    ("The postman came back. So did I.", "bella", "Leave him alone, he is nice.", None),
    ("The postman came back. So did I.", "rex", "He brought a parcel. It is safe now.", 0),
    ("The postman came back. So did I.", "milo", "Safe, or eaten?", 2),
    ("Two sticks at once. A personal record.", "rex", "Teach me.", None),
    ("Two sticks at once. A personal record.", "bella", "It is all in the jaw.", 4),
    ("Two sticks at once. A personal record.", "luna", "I count two. Confirmed.", None),
    ("Forty-one, forty-two, sheep.", "coco", "The hairdresser says hello to all of them.", None),
    ("Found a hole. Made it longer.", "rex", "That was my flower bed.", None),
    ("Found a hole. Made it longer.", "milo", "Was.", 8),
)


@transaction.atomic
def seed_demo_network() -> bool:
    """Create the demo network; False when it is there already."""
    if User.objects.filter(username__in=[demo.ADMIN, *(puppy.username for puppy in PUPPIES)]).exists():
        return False
    password = make_password(demo.PASSWORD)
    users = {puppy.username: _create_user(puppy, password) for puppy in PUPPIES}
    User.objects.create(
        username=demo.ADMIN,
        email="admin@example.test",
        password=password,
        is_staff=True,
        is_superuser=True,
    )
    for puppy in PUPPIES:
        for followee in puppy.follows:
            follow_user(follower_id=users[puppy.username].id, followee_id=users[followee].id)
    posts = [
        publish_post(author_id=users[puppy.username].id, content=content)
        for puppy in PUPPIES
        for content in puppy.posts
    ]
    _like_each_others(posts, list(users.values()))
    _talk(posts, users)
    return True


def _create_user(puppy: Puppy, password: str) -> User:
    user: User = User.objects.create(
        username=puppy.username,
        email=f"{puppy.username}@example.test",
        password=password,
        display_name=puppy.display_name,
        bio=puppy.bio,
    )
    return user


def _talk(posts: list[Post], users: dict[str, User]) -> None:
    by_content = {post.content: post.id for post in posts}
    said: list[int] = []
    for content, username, words, answered in TALK:
        said.append(
            publish_comment(
                author_id=users[username].id,
                post_id=by_content[content],
                content=words,
                parent_id=None if answered is None else said[answered],
            )
        )


def _like_each_others(posts: list[Post], users: list[User]) -> None:
    for number, post in enumerate(posts):
        for user in users[: 1 + number % len(users)]:
            if user.id != post.author_id:
                like_post(user_id=user.id, post_id=post.id)
