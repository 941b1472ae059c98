"""Two at once on one comment, with real transactions: each step is where the other waits, or sees nothing of it."""

from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from typing import TypeVar

import pytest
from django.db import transaction

from accounts.blocking import block_user
from interactions.comments import rows
from interactions.comments.erasing import erase_given, erase_received
from interactions.comments.moderating import remove_comment, restore_comment
from interactions.comments.selectors import shown_comment
from interactions.comments.services import (
    RemovedByModerator,
    UnknownParent,
    delete_comment,
    edit_comment,
    hide_comment,
    publish_comment,
    unhide_comment,
)
from interactions.models import Comment
from puppies.errors import NotFound
from tests.elsewhere import LIMIT_SECONDS, Elsewhere
from tests.factories import CommentFactory, PostFactory, UserFactory
from tests.interactions.comments.counting import assert_counts_are_exact
from tests.threads import run_together

T = TypeVar("T")
pytestmark = pytest.mark.django_db(transaction=True)


def result(future: "Future[T]") -> T:
    return future.result(timeout=LIMIT_SECONDS)


def delete(comment: Comment) -> Callable[[], None]:
    return lambda: delete_comment(user_id=comment.author_id, comment_id=comment.id)


def reply_to(comment: Comment) -> Callable[[], int]:
    author = UserFactory.create()
    return lambda: publish_comment(
        author_id=author.id, post_id=comment.post_id, content="reply", parent_id=comment.id
    )


def hide(comment: Comment) -> Callable[[], bool]:
    owner = comment.post.author_id
    return lambda: hide_comment(user_id=owner, comment_id=comment.id)


def unhide(comment: Comment) -> Callable[[], bool]:
    owner = comment.post.author_id
    return lambda: unhide_comment(user_id=owner, comment_id=comment.id)


def edit(comment: Comment) -> Callable[[], Comment]:
    return lambda: edit_comment(
        user_id=comment.author_id, comment_id=comment.id, content="edited", allow=lambda _: None
    )


def test_a_reply_waits_for_the_deletion_of_its_root_and_is_refused(elsewhere: Elsewhere) -> None:
    root = CommentFactory.create()
    reply = reply_to(root)

    with transaction.atomic():
        delete(root)()
        waiting = elsewhere.start(reply)

    with pytest.raises(UnknownParent):
        result(waiting)
    assert Comment.objects.count() == 0
    assert_counts_are_exact()


def test_a_reply_to_a_reply_waits_for_its_deletion_and_is_refused(elsewhere: Elsewhere) -> None:
    reply = CommentFactory.create(parent=CommentFactory.create())
    answer = reply_to(reply)

    with transaction.atomic():
        delete(reply)()
        waiting = elsewhere.start(answer)

    with pytest.raises(UnknownParent):
        result(waiting)
    assert Comment.objects.count() == 1
    assert_counts_are_exact()


def test_the_deletion_of_a_root_waits_for_a_reply_and_leaves_its_place(elsewhere: Elsewhere) -> None:
    root = CommentFactory.create()
    reply = reply_to(root)

    with transaction.atomic():
        reply()
        waiting = elsewhere.start(delete(root))

    assert result(waiting) is None
    assert list(Comment.objects.order_by("id").values_list("state", flat=True)) == ["deleted", "published"]
    assert_counts_are_exact()


def test_the_last_reply_goes_while_another_comes(elsewhere: Elsewhere) -> None:
    """The place of a deleted root is neither lost nor left without replies."""
    root = CommentFactory.create()
    first, second = CommentFactory.create(parent=root), CommentFactory.create(parent=root)
    delete(root)()
    delete(first)()
    answer = reply_to(second)

    with transaction.atomic():
        newest = answer()
        waiting = elsewhere.start(delete(second))

    assert result(waiting) is None
    assert set(Comment.objects.values_list("id", flat=True)) == {root.id, newest}
    assert_counts_are_exact()


def test_replies_to_one_root_do_not_wait_for_each_other_or_for_an_edit(elsewhere: Elsewhere) -> None:
    root = CommentFactory.create()
    first, second = reply_to(root), reply_to(root)

    with transaction.atomic():
        first()
        edit(root)()
        assert elsewhere.do(second) > 0

    assert Comment.objects.count() == 3
    assert_counts_are_exact()


def test_a_deletion_waits_for_a_hide_and_is_not_counted_twice(elsewhere: Elsewhere) -> None:
    comment = CommentFactory.create()

    with transaction.atomic():
        hide(comment)()
        waiting = elsewhere.start(delete(comment))

    assert (result(waiting), Comment.objects.count()) == (None, 0)
    assert_counts_are_exact()


@pytest.mark.parametrize("act", [hide, edit], ids=["hide", "edit"])
def test_a_change_waits_for_a_deletion_and_finds_nothing(
    elsewhere: Elsewhere, act: Callable[[Comment], Callable[[], object]]
) -> None:
    comment = CommentFactory.create()
    change = act(comment)

    with transaction.atomic():
        delete(comment)()
        waiting = elsewhere.start(change)

    with pytest.raises(NotFound):
        result(waiting)
    assert Comment.objects.count() == 0
    assert_counts_are_exact()


def test_an_edit_and_a_hide_at_once_both_happen(elsewhere: Elsewhere) -> None:
    comment = CommentFactory.create()

    with transaction.atomic():
        edit(comment)()
        waiting = elsewhere.start(hide(comment))

    assert result(waiting) is True
    comment.refresh_from_db()
    assert (comment.content, comment.state) == ("edited", "hidden")
    assert_counts_are_exact()


@pytest.mark.parametrize("act", [hide, edit, delete], ids=["hide", "edit", "delete"])
def test_the_same_at_once_is_done_once(act: Callable[[Comment], Callable[[], object]]) -> None:
    comment = CommentFactory.create()

    def attempt() -> bool:
        try:
            return call() is not False
        except NotFound:
            return False

    call = act(comment)
    outcomes = run_together(*[attempt] * 4)

    assert sum(outcomes) == (4 if act is edit else 1)
    assert_counts_are_exact()


def test_everybody_at_once_leaves_an_exact_count() -> None:
    post = PostFactory.create()
    comment = CommentFactory.create(post=post)
    acts = [hide(comment), unhide(comment), reply_to(comment), edit(comment), reply_to(comment)]
    acts += [lambda: remove_comment(actor_id=None, comment_id=comment.id)]
    acts += [lambda: restore_comment(actor_id=None, comment_id=comment.id)]

    def attempt(act: Callable[[], object]) -> Callable[[], None]:
        def run() -> None:
            with suppress(UnknownParent, RemovedByModerator):
                act()

        return run

    for _ in range(5):
        run_together(*map(attempt, acts))

    assert_counts_are_exact()


def test_a_comment_and_a_block_at_once_do_not_see_each_other(elsewhere: Elsewhere) -> None:
    """Neither waits; the comment that survives is for nobody's eyes on either side: what is shown is decided at read."""
    post, user = PostFactory.create(), UserFactory.create()

    with transaction.atomic():
        comment_id = publish_comment(author_id=user.id, post_id=post.id, content="wuff")
        assert elsewhere.do(lambda: block_user(blocker_id=post.author_id, blocked_id=user.id))

    assert shown_comment(comment_id=comment_id, viewer_id=post.author_id) is None
    assert shown_comment(comment_id=comment_id, viewer_id=user.id) is None
    assert shown_comment(comment_id=comment_id, viewer_id=0) is not None
    assert_counts_are_exact()


def test_after_the_block_nothing_is_written() -> None:
    comment = CommentFactory.create()
    block_user(blocker_id=comment.post.author_id, blocked_id=comment.author_id)

    with pytest.raises(NotFound):
        publish_comment(author_id=comment.author_id, post_id=comment.post_id, content="wuff")

    assert Comment.objects.count() == 1
    assert_counts_are_exact()


@pytest.mark.parametrize("purge", ["given", "received"])
def test_two_purges_lock_roots_before_replies(elsewhere: Elsewhere, purge: str) -> None:
    """So that none holds what another, that holds what it wants, waits for."""
    post, user = PostFactory.create(), UserFactory.create()
    root = CommentFactory.create(post=post, author=user)
    reply = CommentFactory.create(parent=root, author=user)
    later = CommentFactory.create(post=post, author=user)
    purges = {
        "given": lambda: erase_given(user_id=user.id),
        "received": lambda: erase_received(author_id=post.author_id),
    }

    with transaction.atomic():
        rows.lock(ids=[later.id])
        waiting = elsewhere.start(transaction.atomic(purges[purge]))
        assert Comment.objects.select_for_update(nowait=True).get(id=reply.id) == reply

    assert result(waiting) is True
    assert Comment.objects.count() == 0
