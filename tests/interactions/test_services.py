import pytest

from accounts.models import User
from interactions.models import Like
from interactions.selectors import like_count, liked_post_ids
from interactions.services import like_post, unlike_post
from posts.models import Post
from puppies.errors import NotFound
from puppies.models import Delivery, LedgerEntry
from tests.factories import PostFactory, UserFactory


def changes(post: Post) -> list[tuple[str, int]]:
    """What the ledger holds for the post."""
    return list(LedgerEntry.objects.filter(subject_id=post.id).order_by("id").values_list("counter", "delta"))


@pytest.mark.django_db
def test_a_like_is_a_row_and_a_change_of_the_count() -> None:
    post, user = PostFactory.create(), UserFactory.create()
    facts = Delivery.objects.count()

    assert like_post(user_id=user.id, post_id=post.id) is True

    assert Like.objects.values_list("user_id", "post_id").get() == (user.id, post.id)
    assert changes(post) == [("post.likes", 1)]
    assert Delivery.objects.count() == facts


@pytest.mark.django_db
def test_liking_again_changes_nothing() -> None:
    post, user = PostFactory.create(), UserFactory.create()
    like_post(user_id=user.id, post_id=post.id)

    assert like_post(user_id=user.id, post_id=post.id) is False

    assert (Like.objects.count(), changes(post)) == (1, [("post.likes", 1)])


@pytest.mark.django_db
def test_a_like_is_taken_back_once() -> None:
    post, user = PostFactory.create(), UserFactory.create()
    like_post(user_id=user.id, post_id=post.id)

    answers = [unlike_post(user_id=user.id, post_id=post.id) for _ in range(2)]

    assert answers == [True, False]
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
        act(user_id=fan.id, post_id=post.id)

    assert (Like.objects.get().user_id, changes(post)) == (fan.id, [("post.likes", 1)])


@pytest.mark.django_db
@pytest.mark.parametrize("act", [like_post, unlike_post])
def test_a_post_of_a_suspended_author_cannot_be_touched(act: type) -> None:
    post, user = PostFactory.create(), UserFactory.create()
    User.objects.filter(id=post.author_id).update(state=User.State.SUSPENDED)

    with pytest.raises(NotFound):
        act(user_id=user.id, post_id=post.id)

    assert (Like.objects.count(), changes(post)) == (0, [])


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
