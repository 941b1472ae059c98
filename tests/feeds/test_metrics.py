import time

import pytest
from django.db import transaction
from prometheus_client import REGISTRY
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from feeds.services import push_post_batch
from tests.factories import PostFactory, UserFactory
from tests.feeds.readers import Reader, work_all_off


def counted(kind: str) -> float:
    return REGISTRY.get_sample_value(f"puppies_feeds_fan_out_lag_seconds_{kind}") or 0.0


@pytest.mark.django_db(transaction=True)
def test_the_lag_is_told_once_and_reaches_to_the_last_follower(settings: Settings) -> None:
    settings.FEED_BATCH = 1
    author = UserFactory.create()
    Reader.following(author)
    post = PostFactory.create(author=author)
    count, total, begin = counted("count"), counted("sum"), time.time()

    with transaction.atomic():
        follower = push_post_batch(post_id=post.id, after=0)
    unfinished = counted("count") - count
    for _ in range(2):
        with transaction.atomic():
            push_post_batch(post_id=post.id, after=follower or 0)
        waited = time.time() - begin

    assert (unfinished, counted("count") - count) == (0, 1)
    assert 0 <= counted("sum") - total <= waited + 30


@pytest.mark.django_db
def test_a_fan_out_that_is_rolled_back_tells_nothing(
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    PostFactory.create()
    before = counted("count")

    with django_capture_on_commit_callbacks(execute=False):
        work_all_off()

    assert counted("count") == before
