"""What each change of a comment means to the count, the ledger and the facts."""

from collections.abc import Callable

import pytest

from interactions.comments.moderating import remove_comment, restore_comment
from interactions.comments.services import (
    EmptyComment,
    delete_comment,
    edit_comment,
    hide_comment,
    publish_comment,
    unhide_comment,
)
from interactions.events import CommentPublished
from interactions.models import Comment
from posts.models import Post
from posts.selectors import displayed_post
from puppies import subscriptions
from puppies.models import Delivery, LedgerEntry
from puppies.subscriptions import Subscription, subscriptions_to
from tests.factories import CommentFactory, PostFactory, UserFactory

pytestmark = pytest.mark.django_db


def changes(post: Post) -> list[int]:
    """What the ledger holds of the post's comments, in order."""
    entries = LedgerEntry.objects.filter(counter="post.comments", subject_id=post.id)
    return list(entries.order_by("id").values_list("delta", flat=True))


def count(post: Post) -> int:
    shown = displayed_post(post_id=post.id, viewer_id=0)
    assert shown is not None
    return shown.comment_count


def delete(comment: Comment) -> None:
    delete_comment(user_id=comment.author_id, comment_id=comment.id)


def hide(comment: Comment) -> bool:
    return hide_comment(user_id=comment.post.author_id, comment_id=comment.id)


def unhide(comment: Comment) -> bool:
    return unhide_comment(user_id=comment.post.author_id, comment_id=comment.id)


def remove(comment: Comment) -> bool:
    return remove_comment(actor_id=None, comment_id=comment.id)


def restore(comment: Comment) -> bool:
    return restore_comment(actor_id=None, comment_id=comment.id)


def test_a_comment_is_a_row_and_a_change_of_the_count() -> None:
    post, user = PostFactory.create(), UserFactory.create()

    comment_id = publish_comment(author_id=user.id, post_id=post.id, content="wuff")

    row = Comment.objects.values_list("post_id", "author_id", "thread_id", "parent_id", "content", "state")
    assert row.get(id=comment_id) == (post.id, user.id, comment_id, None, "wuff", "published")
    assert (changes(post), count(post)) == ([1], 1)


def test_its_fact_is_published_with_it_to_whoever_subscribes(monkeypatch: pytest.MonkeyPatch) -> None:
    post, user = PostFactory.create(), UserFactory.create()
    known = subscriptions_to(CommentPublished)
    own = Subscription(CommentPublished, task="tests.react_to_comment", key="author_id")
    monkeypatch.setitem(subscriptions._by_event, CommentPublished, [*known, own])

    comment_id = publish_comment(author_id=user.id, post_id=post.id, content="wuff")

    (delivery,) = Delivery.objects.filter(task="tests.react_to_comment")
    assert (delivery.fact, delivery.partition_key) == ("interactions.comment_published.v1", str(user.id))
    assert delivery.payload == {"comment_id": comment_id, "post_id": post.id, "author_id": user.id}
    assert Delivery.objects.filter(fact=delivery.fact).count() == len(known) + 1


@pytest.mark.parametrize("content", ["", " ", "\u200b\u2800"])
def test_text_that_shows_nothing_is_no_comment(content: str) -> None:
    comment = CommentFactory.create()

    with pytest.raises(EmptyComment):
        publish_comment(author_id=comment.author_id, post_id=comment.post_id, content=content)
    with pytest.raises(EmptyComment):
        edit_comment(user_id=comment.author_id, comment_id=comment.id, content=content, allow=lambda _: None)

    assert (Comment.objects.get().content, changes(comment.post)) == (comment.content, [1])


HISTORIES: dict[str, tuple[tuple[Callable[[Comment], object], ...], list[int], str]] = {
    "hidden twice": ((hide, hide), [1, -1], "hidden"),
    "hidden and shown": ((hide, unhide, unhide), [1, -1, 1], "published"),
    "shown and never hidden": ((unhide,), [1], "published"),
    "removed twice": ((remove, remove), [1, -1], "removed"),
    "removed and restored": ((remove, restore, restore), [1, -1, 1], "published"),
    "hidden, then removed": ((hide, remove), [1, -1], "removed"),
    "hidden, removed, restored": ((hide, remove, restore), [1, -1, 1], "published"),
    "removed, then hidden": ((remove, hide), [1, -1], "removed"),
    "hidden, which no moderator did": ((hide, restore), [1, -1], "hidden"),
}


@pytest.mark.parametrize(("acts", "expected", "state"), HISTORIES.values(), ids=HISTORIES)
def test_what_is_published_is_counted_once(
    acts: tuple[Callable[[Comment], object], ...], expected: list[int], state: str
) -> None:
    comment = CommentFactory.create()

    for act in acts:
        act(comment)

    comment.refresh_from_db()
    assert (changes(comment.post), comment.state) == (expected, state)
    assert count(comment.post) == sum(expected) == (state == "published")


@pytest.mark.parametrize("away", [hide, remove])
def test_what_is_not_published_is_not_uncounted_again_when_it_is_deleted(
    away: Callable[[Comment], object],
) -> None:
    comment = CommentFactory.create()
    away(comment)

    delete(comment)

    assert (changes(comment.post), Comment.objects.count()) == ([1, -1], 0)


def test_a_hidden_comment_is_still_changed_by_its_author() -> None:
    comment = CommentFactory.create()
    hide(comment)

    edit_comment(user_id=comment.author_id, comment_id=comment.id, content="sorry", allow=lambda _: None)

    comment.refresh_from_db()
    assert (comment.content, comment.state, comment.edited_at is None) == ("sorry", "hidden", False)
    assert changes(comment.post) == [1, -1]


def test_a_deleted_comment_without_replies_leaves_nothing() -> None:
    root, other = CommentFactory.create(), CommentFactory.create()

    delete(root)

    assert list(Comment.objects.values_list("id", flat=True)) == [other.id]
    assert (changes(root.post), count(other.post)) == ([1, -1], 1)


def test_a_deleted_root_with_replies_leaves_its_place_and_nothing_of_its_author() -> None:
    root = CommentFactory.create()
    reply, deeper = CommentFactory.create(parent=root), CommentFactory.create(parent=root)

    delete(root)

    left = Comment.objects.filter(author_id=None, content="", state="deleted", edited_at=None)
    assert left.values_list("id", flat=True).get() == root.id
    assert count(root.post) == 2
    delete(reply)
    assert Comment.objects.filter(id=root.id).exists()
    delete(deeper)
    assert (Comment.objects.count(), count(root.post)) == (0, 0)


def test_a_place_is_kept_for_replies_that_are_hidden() -> None:
    """They may be shown again."""
    root = CommentFactory.create()
    hide(CommentFactory.create(parent=root))

    delete(root)

    assert Comment.objects.get(id=root.id).state == "deleted"


def test_deleting_a_reply_leaves_what_answered_it() -> None:
    root = CommentFactory.create()
    reply = CommentFactory.create(parent=root)
    deeper = CommentFactory.create(parent=reply)

    delete(reply)

    deeper.refresh_from_db()
    assert (deeper.thread_id, deeper.parent_id) == (root.id, reply.id)
    assert set(Comment.objects.values_list("id", flat=True)) == {root.id, deeper.id}
