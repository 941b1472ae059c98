import pytest

from accounts.selectors import counts_of
from posts.events import PostPublished
from posts.models import Post
from posts.services import EmptyContent, mark_pushed, publish_post
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
        PostPublished.name,
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
