from collections.abc import Callable

import pytest

from accounts.blocking import block_user
from accounts.models import User
from interactions.draining import drain
from interactions.models import Like
from interactions.selectors import like_count, liked_post_ids
from interactions.services import LIKE, UNLIKE, Liking, like_post, unlike_post
from posts.models import Post
from puppies.errors import NotFound
from puppies.ledger import LONG
from puppies.models import Delivery, LedgerEntry
from puppies.sql import Statement, execute
from tests.factories import PostFactory, UserFactory
from tests.interactions.gathering import gather, posts, stored
from tests.plans import analyze, fill_accounts, generic_plan_of

CROWD = "INSERT INTO interactions_like (user_id, post_id) SELECT id, %(post)s FROM accounts_user"


def changes(post: Post) -> list[tuple[str, int]]:
    """What the ledger holds for the post."""
    return list(LedgerEntry.objects.filter(subject_id=post.id).order_by("id").values_list("counter", "delta"))


@pytest.mark.django_db
def test_a_like_is_a_row_and_a_change_of_the_count() -> None:
    post, user = PostFactory.create(), UserFactory.create()
    facts = Delivery.objects.count()

    assert like_post(user_id=user.id, post_id=post.id) == Liking(is_changed=True, like_count=1)

    assert Like.objects.values_list("user_id", "post_id").get() == (user.id, post.id)
    assert changes(post) == [("post.likes", 1)]
    assert Delivery.objects.count() == facts


@pytest.mark.django_db
def test_liking_again_changes_nothing() -> None:
    post, user = PostFactory.create(), UserFactory.create()
    like_post(user_id=user.id, post_id=post.id)

    assert like_post(user_id=user.id, post_id=post.id) == Liking(is_changed=False, like_count=1)

    assert (Like.objects.count(), changes(post)) == (1, [("post.likes", 1)])


@pytest.mark.django_db
def test_a_like_is_taken_back_once() -> None:
    post, user = PostFactory.create(), UserFactory.create()
    like_post(user_id=user.id, post_id=post.id)

    answers = [unlike_post(user_id=user.id, post_id=post.id) for _ in range(2)]

    assert answers == [Liking(is_changed=True, like_count=0), Liking(is_changed=False, like_count=0)]
    assert (Like.objects.count(), like_count(post_id=post.id)) == (0, 0)
    assert changes(post) == [("post.likes", 1), ("post.likes", -1)]


@pytest.mark.django_db
@pytest.mark.parametrize("act", [like_post, unlike_post])
@pytest.mark.parametrize("state", [Post.State.WAITING, Post.State.HIDDEN, Post.State.DELETED])
def test_a_post_that_cannot_be_seen_cannot_be_touched(act: type, state: Post.State) -> None:
    post, user, fan = PostFactory.create(), UserFactory.create(), UserFactory.create()
    like_post(user_id=fan.id, post_id=post.id)
    Post.objects.update(state=state)

    with pytest.raises(NotFound):
        act(user_id=user.id, post_id=post.id)
    with pytest.raises(NotFound):
        like_post(user_id=fan.id, post_id=post.id)

    assert (Like.objects.get().user_id, changes(post)) == (fan.id, [("post.likes", 1)])


@pytest.mark.django_db
@pytest.mark.parametrize("act", [like_post, unlike_post])
def test_a_post_of_a_suspended_author_cannot_be_touched(act: type) -> None:
    post, user = PostFactory.create(), UserFactory.create()
    User.objects.filter(id=post.author_id).update(state=User.State.SUSPENDED)

    with pytest.raises(NotFound):
        act(user_id=user.id, post_id=post.id)

    assert (Like.objects.count(), changes(post)) == (0, [])


def blocked(post: Post, user: User) -> None:
    block_user(blocker_id=post.author_id, blocked_id=user.id)


def blocking(post: Post, user: User) -> None:
    block_user(blocker_id=user.id, blocked_id=post.author_id)


@pytest.mark.django_db
@pytest.mark.parametrize("away", [blocked, blocking])
def test_a_post_behind_a_block_cannot_be_touched(away: Callable[[Post, User], None]) -> None:
    post, user, other = PostFactory.create(), UserFactory.create(), UserFactory.create()
    like_post(user_id=user.id, post_id=post.id)
    away(post, user)
    away(post, other)

    for act, who in ((like_post, user), (like_post, other), (unlike_post, other)):
        with pytest.raises(NotFound):
            act(user_id=who.id, post_id=post.id)

    assert (Like.objects.get().user_id, changes(post)) == (user.id, [("post.likes", 1)])


def hidden(post: Post, _: User) -> None:
    Post.objects.filter(id=post.id).update(state=Post.State.HIDDEN)


def deleted(post: Post, _: User) -> None:
    Post.objects.filter(id=post.id).update(state=Post.State.DELETED)


def suspended(post: Post, _: User) -> None:
    User.objects.filter(id=post.author_id).update(state=User.State.SUSPENDED)


@pytest.mark.django_db
@pytest.mark.parametrize("away", [blocked, blocking, hidden, deleted, suspended])
def test_what_is_ones_own_like_one_takes_back_whatever_became_of_the_post(
    away: Callable[[Post, User], None],
) -> None:
    post, user, fan = PostFactory.create(), UserFactory.create(), UserFactory.create()
    for liker in (user, fan):
        like_post(user_id=liker.id, post_id=post.id)
    away(post, user)

    answer = unlike_post(user_id=user.id, post_id=post.id)
    with pytest.raises(NotFound):
        unlike_post(user_id=user.id, post_id=post.id)

    assert answer == Liking(is_changed=True, like_count=1)
    assert (Like.objects.get().user_id, like_count(post_id=post.id)) == (fan.id, 1)


@pytest.mark.django_db
def test_a_count_is_told_with_what_the_ledger_holds_and_what_is_stored() -> None:
    (post,) = posts(1)
    fans = UserFactory.create_batch(4)
    told = [like_post(user_id=fan.id, post_id=post.id).like_count for fan in fans[:2]]
    drain()
    told += [like_post(user_id=fan.id, post_id=post.id).like_count for fan in fans[2:]]
    told += [unlike_post(user_id=fan.id, post_id=post.id).like_count for fan in fans]

    assert told == [1, 2, 3, 4, 3, 2, 1, 0]


@pytest.mark.django_db
@pytest.mark.parametrize("act", [like_post, unlike_post])
def test_who_meets_a_long_ledger_adds_it_up(act: Callable[..., Liking]) -> None:
    post, other = posts(2)
    user = UserFactory.create()
    gather(post, LONG - 1)
    gather(other, 1)
    like_post(user_id=user.id, post_id=post.id)
    assert LedgerEntry.objects.filter(subject_id=post.id).count() == LONG

    shown = act(user_id=user.id, post_id=post.id).like_count

    assert shown == like_count(post_id=post.id)
    assert stored() == {post.id: shown, other.id: 0}
    assert LedgerEntry.objects.values_list("subject_id").get() == (other.id,)


@pytest.mark.django_db
@pytest.mark.parametrize("statement", [LIKE, UNLIKE])
@pytest.mark.parametrize("is_empty", [True, False])
def test_a_like_finds_everything_by_key_however_much_there_is(statement: Statement, is_empty: bool) -> None:
    if not is_empty:
        fill_accounts(2_000)
    post = PostFactory.create(author=UserFactory.create(username="star"))
    if not is_empty:
        gather(post, 5_000)
        execute(CROWD, {"post": post.id})
    analyze("puppies_ledgerentry", "interactions_like", "posts_post", "accounts_user", "accounts_block")

    plan = generic_plan_of(statement, post.author_id, post.id)

    assert plan.scanned_whole() == set()
    assert "ledger_by_subject" in plan.indexes()


@pytest.mark.django_db
def test_an_absent_post_cannot_be_liked() -> None:
    user = UserFactory.create()

    with pytest.raises(NotFound):
        like_post(user_id=user.id, post_id=1)

    assert (Like.objects.count(), LedgerEntry.objects.count()) == (0, 0)


@pytest.mark.django_db
def test_which_posts_a_viewer_likes() -> None:
    user, liked, other = UserFactory.create(), PostFactory.create(), PostFactory.create()
    like_post(user_id=user.id, post_id=liked.id)
    like_post(user_id=other.author_id, post_id=other.id)

    assert liked_post_ids(viewer_id=user.id, post_ids=[liked.id, other.id]) == {liked.id}
    assert liked_post_ids(viewer_id=0, post_ids=[liked.id]) == frozenset()
    assert liked_post_ids(viewer_id=user.id, post_ids=[]) == frozenset()
