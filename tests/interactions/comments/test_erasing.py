"""What is left of comments when an account goes: nothing of its author, and exact counts."""

import pytest
from pytest_django import Settings

from accounts.models import User
from interactions.comments.erasing import erase_given, erase_received
from interactions.comments.services import hide_comment
from interactions.draining import drain
from interactions.models import Comment
from posts.models import Post
from posts.services import delete_post
from puppies.personal_data import erasers, sections
from tests.factories import CommentFactory, PostFactory, UserFactory
from tests.interactions.comments.counting import assert_counts_are_exact, author_of

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def small_batches(settings: Settings) -> None:
    settings.PERSONAL_DATA_BATCH = 2


def erase_all_given(user: User) -> int:
    batches = 0
    while erase_given(user_id=user.id):
        batches += 1
    return batches


def test_comments_given_go_batch_by_batch_and_off_the_counts() -> None:
    post, user = PostFactory.create(), UserFactory.create()
    mine = CommentFactory.create_batch(5, post=post, author=user)
    others = CommentFactory.create_batch(2, post=post)
    hide_comment(user_id=post.author_id, comment_id=mine[0].id)

    assert erase_all_given(user) == 3

    assert set(Comment.objects.values_list("id", flat=True)) == {comment.id for comment in others}
    assert_counts_are_exact()
    drain()
    post.refresh_from_db()
    assert post.comment_count == 2


def test_roots_to_which_others_replied_keep_their_places_alone() -> None:
    user = UserFactory.create()
    root, lonely = CommentFactory.create_batch(2, author=user)
    CommentFactory.create(parent=lonely, author=user)
    reply = CommentFactory.create(parent=root)
    CommentFactory.create(parent=reply, author=user)

    erase_all_given(user)

    assert set(Comment.objects.values_list("id", "author_id", "content", "state")) == {
        (root.id, None, "", "deleted"),
        (reply.id, reply.author_id, reply.content, "published"),
    }
    assert_counts_are_exact()


def test_places_that_were_kept_for_the_account_go_with_it() -> None:
    user = UserFactory.create()
    root = CommentFactory.create()
    for _ in range(3):
        CommentFactory.create(parent=root, author=user)
    erase_all_given(author_of(root))

    erase_all_given(user)

    assert Comment.objects.count() == 0
    assert_counts_are_exact()


def test_comments_received_go_with_places_batch_by_batch() -> None:
    mine, other = PostFactory.create_batch(2)
    for comment in CommentFactory.create_batch(2, post=mine):
        CommentFactory.create(parent=comment)
        erase_all_given(author_of(comment))
    kept = CommentFactory.create(post=other)

    batches = [erase_received(author_id=mine.author_id) for _ in range(3)]

    assert batches == [True, True, False]
    assert Comment.objects.get().id == kept.id


def test_comments_under_a_deleted_post_go_too() -> None:
    comment = CommentFactory.create()
    delete_post(post_id=comment.post_id)

    assert erase_all_given(author_of(comment)) == 1

    assert Comment.objects.count() == 0
    assert_counts_are_exact()


def test_the_whole_account_goes() -> None:
    user = UserFactory.create()
    own = PostFactory.create(author=user)
    CommentFactory.create(parent=CommentFactory.create(post=own), author=user)
    root = CommentFactory.create(author=user)
    CommentFactory.create(parent=root)

    for eraser in erasers():
        while eraser.erase(user.id):
            continue

    assert not User.objects.filter(id=user.id).exists()
    assert not Comment.objects.filter(author_id=user.id).exists()
    assert not Post.objects.filter(id=own.id).exists()
    assert not Comment.objects.filter(post_id=own.id).exists()
    assert_counts_are_exact()


def test_an_archive_has_the_comments_of_its_owner() -> None:
    user = UserFactory.create()
    root = CommentFactory.create(author=user)
    reply = CommentFactory.create(parent=CommentFactory.create(), author=user)
    CommentFactory.create()
    section = next(section for section in sections() if section.name == "comments")

    rows = [section.present(row) for row in section.rows(user.id).order_by(section.key)]

    assert rows == [
        {
            "id": str(comment.id),
            "post_id": str(comment.post_id),
            "parent_id": str(comment.parent_id) if comment.parent_id else None,
            "content": comment.content,
            "state": "published",
            "created_at": comment.created_at,
            "edited_at": None,
        }
        for comment in (root, reply)
    ]
