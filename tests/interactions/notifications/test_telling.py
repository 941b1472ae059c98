"""Who is told of what."""

import pytest

from accounts import mentions
from accounts.blocking import block_user, mute_user, unmute_user
from accounts.deletion import request_deletion
from accounts.models import User
from accounts.services import follow_user, unfollow_user
from interactions.comments.services import delete_comment, hide_comment, publish_comment
from interactions.draining import drain
from interactions.models import Notification, NotificationGroup
from interactions.notifications.preferences import change_preferences
from interactions.services import like_post, unlike_post
from posts.services import delete_post, publish_post
from puppies.models import Delivery
from tests.conftest import SignIn
from tests.factories import PostFactory, UserFactory
from tests.feeds.readers import work_all_off, work_off
from tests.interactions.notifications.people import brief, settle, told, unread_number

pytestmark = pytest.mark.django_db


@pytest.fixture
def rex() -> User:
    return UserFactory.create(username="rex")


@pytest.fixture
def bella() -> User:
    return UserFactory.create(username="bella")


def written() -> list[tuple[int, str, int, int]]:
    return sorted(Notification.objects.values_list("recipient_id", "kind", "subject_id", "actor_id"))


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("@rex", ["rex"]),
        ("hello @Rex, @BELLA! and (@luna_1).", ["rex", "bella", "luna_1"]),
        ("@rex @rex @Rex", ["rex"]),
        ("“@rex” '@bella' \n@luna", ["rex", "bella", "luna"]),
        ("write to rex@bella.org, a.b+c@luna or mailto:rex-@bella", []),
        ("@rex@example.org and @rex.brown@example.org", []),
        ("https://example.org/@rex ?by=@rex", []),
        ("@re @abcdefghijklmnopqrstuvwxyz0123456 @@rex @", []),
        ("@rexé é@rex", []),
        ("@rex. @bella.", ["rex", "bella"]),
        ("no mention", []),
        (" ".join(f"@user_{n}" for n in range(12)), [f"user_{n}" for n in range(10)]),
    ],
)
def test_usernames_in_a_text(text: str, names: list[str]) -> None:
    assert mentions.usernames_in(text) == names


def test_a_like_is_told_by_the_drain_and_no_fact_is_written(rex: User, bella: User) -> None:
    post = PostFactory.create(author=rex)
    work_all_off()
    like_post(user_id=bella.id, post_id=post.id)

    before = brief(rex)
    drain()

    assert (before, brief(rex)) == ([], [("like", ["bella"])])
    assert Delivery.objects.filter(done_at=None).count() == 0


def test_to_like_again_is_not_told_again(rex: User, bella: User) -> None:
    post = PostFactory.create(author=rex)
    like_post(user_id=bella.id, post_id=post.id)
    settle()
    place = NotificationGroup.objects.get().place

    unlike_post(user_id=bella.id, post_id=post.id)
    unliked = brief(rex)
    settle()
    like_post(user_id=bella.id, post_id=post.id)
    settle()

    assert (unliked, brief(rex)) == ([], [("like", ["bella"])])
    assert NotificationGroup.objects.get().place == place
    assert Notification.objects.get().is_withdrawn is False


def test_a_like_taken_back_before_the_drain_is_never_told(rex: User, bella: User) -> None:
    post = PostFactory.create(author=rex)
    like_post(user_id=bella.id, post_id=post.id)
    unlike_post(user_id=bella.id, post_id=post.id)

    settle()

    assert (written(), NotificationGroup.objects.count()) == ([], 0)


def test_nobody_is_told_of_own_acts(rex: User) -> None:
    post = publish_post(author_id=rex.id, content="I am @rex")
    like_post(user_id=rex.id, post_id=post.id)
    own = publish_comment(author_id=rex.id, post_id=post.id, content="@rex")
    publish_comment(author_id=rex.id, post_id=post.id, content="yes", parent_id=own)

    settle()

    assert written() == []


def test_a_follow_is_told_until_it_ends_and_not_again_when_it_is_back(rex: User, bella: User) -> None:
    follow_user(follower_id=bella.id, followee_id=rex.id)
    settle()
    followed = told(rex)
    unfollow_user(follower_id=bella.id, followee_id=rex.id)
    ended = told(rex)
    follow_user(follower_id=bella.id, followee_id=rex.id)
    settle()

    assert ([one.kind.value for one in followed], ended, told(rex)) == (["follow"], [], followed)


def test_a_follow_that_ended_before_its_task_is_not_told(rex: User, bella: User) -> None:
    follow_user(follower_id=bella.id, followee_id=rex.id)
    unfollow_user(follower_id=bella.id, followee_id=rex.id)

    work_all_off()

    assert written() == []


def test_a_comment_is_told_to_each_once_under_the_first_kind_that_fits(rex: User, bella: User) -> None:
    luna, milo = UserFactory.create(username="luna"), UserFactory.create(username="milo")
    post = PostFactory.create(author=rex)
    root = publish_comment(author_id=bella.id, post_id=post.id, content="wuff")
    settle()

    reply = publish_comment(
        author_id=luna.id, post_id=post.id, content="@bella @rex @milo @nobody_here", parent_id=root
    )
    settle()

    assert brief(rex) == [("comment", ["luna"]), ("comment", ["bella"])]
    assert (brief(bella), brief(milo), brief(luna)) == ([("reply", ["luna"])], [("mention", ["luna"])], [])
    assert {one.comment.id for one in told(milo) if one.comment} == {reply}


def test_a_reply_to_the_posts_author_is_one_notification(rex: User, bella: User) -> None:
    post = PostFactory.create(author=rex)
    root = publish_comment(author_id=rex.id, post_id=post.id, content="first")
    publish_comment(author_id=bella.id, post_id=post.id, content="second", parent_id=root)

    settle()

    assert brief(rex) == [("reply", ["bella"])]


def test_the_next_kind_is_told_when_the_first_is_not_wanted(rex: User, bella: User) -> None:
    change_preferences(user_id=rex.id, ways={"comment": {"in_app": False}})
    post = PostFactory.create(author=rex)
    publish_comment(author_id=bella.id, post_id=post.id, content="hello @rex")

    settle()

    assert brief(rex) == [("mention", ["bella"])]


def test_ten_mentions_are_told_at_most(rex: User) -> None:
    people = UserFactory.create_batch(12)

    publish_post(author_id=rex.id, content=" ".join(f"@{person.username}" for person in people))
    settle()

    assert [len(told(person)) for person in people] == [1] * 10 + [0] * 2


def test_a_post_that_mentions_nobody_is_no_fact_for_anybody(rex: User) -> None:
    publish_post(author_id=rex.id, content="rex@example.org")

    assert not Delivery.objects.filter(task="interactions.notify_mentioned").exists()


@pytest.mark.parametrize("act", ["post", "comment"])
def test_who_may_not_see_the_post_is_not_told_of_a_mention_in_it(rex: User, bella: User, act: str) -> None:
    luna = UserFactory.create(username="luna")
    block_user(blocker_id=rex.id, blocked_id=bella.id)

    post = publish_post(author_id=rex.id, content="hello @bella" if act == "post" else "hello")
    if act == "comment":
        publish_comment(author_id=luna.id, post_id=post.id, content="hello @bella")
    settle()

    assert [row for row in written() if row[0] == bella.id] == []


@pytest.mark.parametrize(("silence", "is_mine"), [(block_user, True), (block_user, False), (mute_user, True)])
def test_nothing_passes_a_block_of_either_or_a_mute_of_ones_own(
    rex: User, bella: User, silence: type, is_mine: bool
) -> None:
    post = PostFactory.create(author=rex)
    like_post(user_id=bella.id, post_id=post.id)
    publish_comment(author_id=bella.id, post_id=post.id, content="wuff @rex")
    follow_user(follower_id=bella.id, followee_id=rex.id)
    settle()
    by, of = (rex, bella) if is_mine else (bella, rex)
    names = ("blocker_id", "blocked_id") if silence is block_user else ("muter_id", "muted_id")

    before = unread_number(rex)
    silence(**dict(zip(names, (by.id, of.id), strict=True)))

    assert (before, brief(rex), unread_number(rex)) == (3, [], 0)


@pytest.mark.parametrize("is_muted_first", [True, False])
def test_who_is_muted_cannot_tell_by_what_is_not_told(
    rex: User, bella: User, sign_in: SignIn, is_muted_first: bool
) -> None:
    post = PostFactory.create(author=rex)
    if is_muted_first:
        mute_user(muter_id=bella.id, muted_id=rex.id)
    like_post(user_id=bella.id, post_id=post.id)
    publish_comment(author_id=bella.id, post_id=post.id, content="wuff")
    follow_user(follower_id=bella.id, followee_id=rex.id)
    settle()
    if not is_muted_first:
        mute_user(muter_id=bella.id, muted_id=rex.id)

    likers = sign_in(rex).get(f"/v1/posts/{post.id}/likes").json()["results"]
    assert [liker["id"] for liker in likers] == [str(bella.id)]
    assert sorted(brief(rex)) == [(kind, ["bella"]) for kind in ("comment", "follow", "like")]
    assert unread_number(rex) == 3


def test_what_happens_while_muted_is_not_told_later(rex: User, bella: User) -> None:
    post = PostFactory.create(author=rex)
    mute_user(muter_id=rex.id, muted_id=bella.id)
    like_post(user_id=bella.id, post_id=post.id)
    publish_comment(author_id=bella.id, post_id=post.id, content="wuff")
    settle()

    unmute_user(muter_id=rex.id, muted_id=bella.id)

    assert (written(), brief(rex)) == ([], [])


def test_what_is_gone_is_not_told_any_more(rex: User, bella: User) -> None:
    kept, deleted = PostFactory.create_batch(2, author=rex)
    for post in (kept, deleted):
        like_post(user_id=bella.id, post_id=post.id)
    comments = [publish_comment(author_id=bella.id, post_id=kept.id, content=f"{n}") for n in range(3)]
    settle()

    delete_post(post_id=deleted.id)
    delete_comment(user_id=bella.id, comment_id=comments[0])
    hide_comment(user_id=rex.id, comment_id=comments[1])

    left = [(one.kind.value, one.comment.content if one.comment else "") for one in told(rex)]
    assert sorted(left) == [("comment", "2"), ("like", "")]
    assert unread_number(rex) == 2


def test_who_deletes_the_account_is_gone_at_once(rex: User, bella: User) -> None:
    post, luna = PostFactory.create(author=rex), UserFactory.create(username="luna")
    for fan in (bella, luna):
        like_post(user_id=fan.id, post_id=post.id)
    settle()

    request_deletion(user_id=luna.id)

    assert [(one.actors_count, [actor.username for actor in one.actors]) for one in told(rex)] == [
        (1, ["bella"])
    ]


def test_a_task_that_comes_twice_or_after_the_comment_went_changes_nothing(rex: User, bella: User) -> None:
    post = PostFactory.create(author=rex)
    first = publish_comment(author_id=bella.id, post_id=post.id, content="wuff")
    second = publish_comment(author_id=bella.id, post_id=post.id, content="gone")
    tasks = {
        row.payload["comment_id"]: row for row in Delivery.objects.filter(task__endswith="notify_comment")
    }
    delete_comment(user_id=bella.id, comment_id=second)

    for comment in (second, first, first):
        Delivery.objects.update(done_at=None)
        work_off(tasks[comment])

    assert written() == [(rex.id, "comment", first, bella.id)]
    assert len(told(rex)) == 1
