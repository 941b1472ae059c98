from collections.abc import Callable

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from accounts.blocking import block_user, mute_user, unmute_user
from accounts.models import Follow
from tests.factories import PostFactory, UserFactory
from tests.feeds.readers import Reader
from tests.feeds.test_selectors import newest_first, stages


@pytest.fixture(autouse=True)
def small_batches(settings: Settings) -> None:
    settings.FEED_BATCH = 1


@pytest.mark.django_db
@stages
def test_a_muted_author_is_gone_at_once_and_back_at_once(work: Callable[[], None]) -> None:
    author, other = UserFactory.create_batch(2)
    reader = Reader.following(author, other)
    hidden, kept = PostFactory.create(author=author), PostFactory.create(author=other)
    work()

    mute_user(muter_id=reader.user.id, muted_id=author.id)
    muted = reader.ids()
    unmute_user(muter_id=reader.user.id, muted_id=author.id)

    assert (muted, reader.ids()) == ([kept.id], newest_first(hidden, kept))


@pytest.mark.django_db
@stages
@pytest.mark.parametrize("reader_blocks", [True, False])
def test_across_a_block_no_post_is_shown(work: Callable[[], None], reader_blocks: bool) -> None:
    author, other = UserFactory.create_batch(2)
    reader = Reader.following(author, other)
    PostFactory.create(author=author)
    kept = PostFactory.create(author=other)
    work()

    ids = {"blocker_id": reader.user.id, "blocked_id": author.id}
    block_user(**(ids if reader_blocks else {"blocker_id": author.id, "blocked_id": reader.user.id}))
    severed = reader.ids()
    # Whatever made such a row, the filter at read is the truth.
    Follow.objects.add(follower_id=reader.user.id, followee_id=author.id)

    assert severed == reader.ids() == [kept.id]


@pytest.mark.django_db
def test_muting_a_reader_hides_nothing_from_it() -> None:
    author = UserFactory.create()
    reader = Reader.following(author)
    post = PostFactory.create(author=author)

    mute_user(muter_id=author.id, muted_id=reader.user.id)

    assert reader.ids() == [post.id]


@pytest.mark.django_db
def test_hidden_authors_cost_no_query_and_do_not_shorten_a_page() -> None:
    author, muted = UserFactory.create_batch(2)
    reader = Reader.following(author, muted)
    posts = PostFactory.create_batch(2, author=author)
    mute_user(muter_id=reader.user.id, muted_id=muted.id)
    reader.page()

    with CaptureQueriesContext(
        connection,
    ) as queries:
        reader.page()
    PostFactory.create_batch(5, author=muted)

    assert len(queries) == 1
    assert reader.ids(limit=2) == newest_first(*posts)
