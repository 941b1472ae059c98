import pytest

from accounts.models import User
from accounts.selectors import counts_of
from posts.events import PostAwaitsFanOut
from posts.models import Post
from posts.services import EmptyContent, delete_post, mark_pushed, publish_post, publish_waiting_post
from puppies.ids import created_at
from puppies.models import Delivery, LedgerEntry
from tests.factories import PostFactory, UserFactory


@pytest.mark.django_db
def test_publishing_is_a_row_a_fact_and_a_count() -> None:
    author = UserFactory.create()

    post = publish_post(author_id=author.id, content="hello 🐶")

    post.refresh_from_db()
    delivery = Delivery.objects.get()
    assert (post.author_id, post.content, post.feed_id) == (author.id, "hello 🐶", post.id)
    assert (post.state, post.delivery, post.edited_at) == ("published", "pushing", None)
    assert abs((post.created_at - created_at(post.id)).total_seconds()) < 60
    assert (delivery.fact, delivery.task, delivery.partition_key) == (
        PostAwaitsFanOut.name,
        "feeds.fan_out_post",
        str(author.id),
    )
    assert delivery.payload == {"post_id": post.id, "author_id": author.id}
    assert counts_of(user_id=author.id).posts == 1


@pytest.mark.django_db
@pytest.mark.parametrize(
    "content",
    ["", " ", "\n\t", "\u200b", "\u200b\u200d\ufeff", "\u00a0\u3000", "\u202e\u2066", "\u2028", "\x07"],
)
def test_text_without_a_visible_character_is_refused(content: str) -> None:
    author = UserFactory.create()

    with pytest.raises(EmptyContent) as caught:
        publish_post(author_id=author.id, content=content)

    assert [(row.pointer, row.code) for row in caught.value.errors] == [("/content", "blank")]
    assert (Post.objects.count(), Delivery.objects.count(), LedgerEntry.objects.count()) == (0, 0, 0)


@pytest.mark.django_db
def test_a_post_is_pushed_once() -> None:
    post = PostFactory.create()

    mark_pushed(post_id=post.id)
    mark_pushed(post_id=post.id)

    assert Post.objects.get().delivery == Post.Delivery.PUSHED


@pytest.mark.django_db
def test_a_pulled_post_stays_pulled() -> None:
    post = PostFactory.create()
    Post.objects.update(delivery=Post.Delivery.PULLED)

    mark_pushed(post_id=post.id)

    assert Post.objects.get().delivery == Post.Delivery.PULLED


@pytest.mark.django_db
def test_the_author_s_mode_decides_once_how_a_post_is_delivered() -> None:
    author = UserFactory.create(fanout_mode=User.FanoutMode.PULL)
    pulled = PostFactory.create(author=author)
    User.objects.update(fanout_mode=User.FanoutMode.PUSH)
    pushing = PostFactory.create(author=author)

    for post in (pulled, pushing):
        post.refresh_from_db()

    assert (pulled.delivery, pushing.delivery) == ("pulled", "pushing")
    # A pulled post needs no fan-out.
    assert [delivery.payload["post_id"] for delivery in Delivery.objects.all()] == [pushing.id]


@pytest.mark.django_db
@pytest.mark.parametrize(("mode", "delivery"), [("push", "pushing"), ("pull", "pulled")])
def test_a_waiting_post_is_published_as_of_now(mode: str, delivery: str) -> None:
    author = UserFactory.create()
    waiting = Post.objects.create(author=author, content="with a picture", state=Post.State.WAITING)
    newer = PostFactory.create(author=author)
    User.objects.update(fanout_mode=mode)

    published = [publish_waiting_post(post_id=waiting.id) for _ in range(2)]

    waiting.refresh_from_db()
    assert published == [True, False]
    assert (waiting.state, waiting.delivery) == ("published", delivery)
    assert waiting.id < newer.id < (waiting.feed_id or 0)
    assert counts_of(user_id=author.id).posts == 2
    assert Delivery.objects.filter(payload__post_id=waiting.id).count() == (delivery == "pushing")


@pytest.mark.django_db
def test_only_a_waiting_post_can_be_published_later() -> None:
    post = PostFactory.create()

    assert [publish_waiting_post(post_id=number) for number in (post.id, 1)] == [False, False]


@pytest.mark.django_db
def test_deleting_is_a_state_and_a_count() -> None:
    post = PostFactory.create()

    deleted = [delete_post(post_id=post.id) for _ in range(2)]

    post.refresh_from_db()
    assert (deleted, post.state) == ([True, False], "deleted")
    assert counts_of(user_id=post.author_id).posts == 0
    assert delete_post(post_id=1) is False
