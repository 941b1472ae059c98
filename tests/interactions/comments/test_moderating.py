"""What moderators do with comments, by service and in the admin."""

from collections.abc import Callable

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import AuditEntry, User
from accounts.policy import Role
from accounts.roles import OPERATOR, NotYours, suspend_user
from interactions.comments.moderating import remove_comment, restore_comment
from interactions.comments.services import delete_comment
from interactions.models import Comment
from puppies import admin
from puppies.errors import NotFound
from tests.conftest import SignIn
from tests.database import everything_stored
from tests.factories import CommentFactory, PostFactory, UserFactory
from tests.interactions.comments.counting import author_of
from tests.roles import browser_of, of_role

pytestmark = pytest.mark.django_db
LIST = "/admin/interactions/comment/"


def state(comment: Comment) -> str:
    return str(Comment.objects.values_list("state", flat=True).get(id=comment.id))


def test_each_act_is_in_the_audit() -> None:
    comment, moderator = CommentFactory.create(), of_role(Role.MODERATOR)

    done = [
        act(actor_id=moderator.id, comment_id=comment.id)
        for act in (remove_comment, remove_comment, restore_comment, restore_comment)
    ]

    entries = AuditEntry.objects.filter(action__startswith="comment_").order_by("id")
    named = {"comment_id": str(comment.id), "post_id": str(comment.post_id)}
    assert done == [True, False, True, False]
    assert list(entries.values_list("action", "actor_id", "subject_id", "detail")) == [
        (
            "comment_removed",
            moderator.id,
            comment.author_id,
            {**named, "before": "published", "content": comment.content},
        ),
        ("comment_restored", moderator.id, comment.author_id, {**named, "before": "removed"}),
    ]


def test_what_was_removed_is_not_changed_and_known_after_its_author_deleted_it(sign_in: SignIn) -> None:
    comment = CommentFactory.create(content="bad dog")
    remove_comment(actor_id=OPERATOR, comment_id=comment.id)
    author, before = sign_in(author_of(comment)), everything_stored()

    refused = author.patch(f"/v1/comments/{comment.id}", {"content": "good dog"})
    unchanged = everything_stored() == before
    deleted = author.delete(f"/v1/comments/{comment.id}")

    assert (refused.status_code, refused.json()["code"], unchanged) == (403, "removed_by_moderator", True)
    assert (deleted.status_code, Comment.objects.count()) == (204, 0)
    assert AuditEntry.objects.get(action="comment_removed").detail["content"] == "bad dog"


def ordinary() -> User:
    return UserFactory.create()


def suspended() -> User:
    user = of_role(Role.MODERATOR)
    suspend_user(actor_id=OPERATOR, user_id=user.id)
    return user


@pytest.mark.parametrize("act", [remove_comment, restore_comment])
@pytest.mark.parametrize("make", [ordinary, suspended])
def test_nobody_else_may(make: Callable[[], User], act: Callable[..., bool]) -> None:
    comment, user = CommentFactory.create(), make()
    before = everything_stored()

    with pytest.raises(NotYours):
        act(actor_id=user.id, comment_id=comment.id)

    assert everything_stored() == before


def test_a_moderator_does_not_reach_moderators() -> None:
    comment = CommentFactory.create(author=of_role(Role.MODERATOR))

    with pytest.raises(NotYours):
        remove_comment(actor_id=of_role(Role.MODERATOR).id, comment_id=comment.id)

    assert state(comment) == "published"
    assert remove_comment(actor_id=of_role(Role.ADMIN).id, comment_id=comment.id) is True


def test_what_is_deleted_is_nothing_to_remove() -> None:
    root = CommentFactory.create()
    CommentFactory.create(parent=root)
    delete_comment(user_id=root.author_id, comment_id=root.id)

    for act in (remove_comment, restore_comment):
        with pytest.raises(NotFound):
            act(actor_id=OPERATOR, comment_id=root.id)


def test_moderators_find_remove_and_restore_comments_in_the_admin() -> None:
    comment, other = CommentFactory.create(content="bad dog"), CommentFactory.create(content="good dog")
    browser = browser_of(of_role(Role.MODERATOR))

    page = browser.get(LIST, {"q": str(comment.id)}).content.decode()
    removed = browser.post(LIST, {"action": "remove", "_selected_action": [comment.id]}, follow=True)
    after_removal = state(comment), state(other)
    restored = browser.post(LIST, {"action": "restore", "_selected_action": [comment.id]}, follow=True)

    assert ("bad dog" in page, "good dog" in page) == (True, False)
    assert "1 removed." in removed.content.decode()
    assert after_removal == ("removed", "published")
    assert "1 restored." in restored.content.decode()
    assert state(comment) == "published"


def test_the_admin_tells_what_it_could_not_remove() -> None:
    comment = CommentFactory.create(author=of_role(Role.ADMIN))
    browser = browser_of(of_role(Role.MODERATOR))

    page = browser.post(LIST, {"action": "remove", "_selected_action": [comment.id]}, follow=True)

    assert "Your role does not reach" in page.content.decode()
    assert state(comment) == "published"


def test_places_of_deleted_comments_are_listed_too() -> None:
    root = CommentFactory.create()
    CommentFactory.create(parent=root)
    delete_comment(user_id=root.author_id, comment_id=root.id)
    browser = browser_of(of_role(Role.MODERATOR))

    assert browser.get(LIST).status_code == 200
    assert browser.get(f"{LIST}{root.id}/change/").status_code == 200


def test_comments_are_searched_by_id_or_whole_username_through_indexes() -> None:
    rex = UserFactory.create(username="rex")
    mine, other = CommentFactory.create(author=rex, content="by rex"), CommentFactory.create(content="other")
    browser = browser_of(of_role(Role.MODERATOR))

    def found(term: str) -> tuple[bool, bool]:
        page = browser.get(LIST, {"q": term}).content.decode()
        return "by rex" in page, "other</td>" in page

    assert [found(term) for term in (" Rex", str(mine.id), str(other.id), "re", str(mine.post_id), "0")] == [
        (True, False),
        (True, False),
        (False, True),
        (False, False),
        (False, False),
        (False, False),
    ]


def test_a_long_list_is_counted_as_far_as_its_pages_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admin, "COUNTED", 2)
    post = PostFactory.create()
    CommentFactory.create_batch(3, post=post)

    with CaptureQueriesContext(connection) as queries:
        page = browser_of(of_role(Role.MODERATOR)).get(LIST).content.decode()

    assert "2 comments" in page
    counts = [query["sql"] for query in queries if "COUNT(" in query["sql"]]
    assert counts
    assert all("LIMIT 2" in sql for sql in counts)


def test_the_list_costs_the_same_for_three_as_for_one(
    django_assert_num_queries: Callable[..., object],
) -> None:
    browser = browser_of(of_role(Role.MODERATOR))
    CommentFactory.create()
    with django_assert_num_queries(5):  # type: ignore[attr-defined]
        browser.get(LIST)
    CommentFactory.create_batch(2)
    with django_assert_num_queries(5):  # type: ignore[attr-defined]
        browser.get(LIST)
