from django.conf import settings

from feeds import merging, purging, services, sleeping, trimming
from feeds.popular import ranking
from puppies.outbox.runner import delivered
from puppies.periodic import periodic


@delivered(name="feeds.fan_out_post")
def fan_out_post(*, post_id: int, position: int, **_: object) -> int | None:
    return services.push_post_batch(post_id=post_id, after=position)


@delivered(name="feeds.purge_post")
def purge_post(*, post_id: int, position: int, **_: object) -> int | None:
    return purging.purge_post_batch(post_id=post_id, after=position)


@delivered(name="feeds.merge_follow")
def merge_follow(*, follow_id: int, follower_id: int, followee_id: int, **_: object) -> None:
    merging.merge_follow(follow_id=follow_id, follower_id=follower_id, followee_id=followee_id)


@delivered(name="feeds.purge_unfollowed")
def purge_unfollowed(*, follower_id: int, followee_id: int, **_: object) -> None:
    purging.purge_unfollowed(follower_id=follower_id, followee_id=followee_id)


@delivered(name="feeds.rebuild_feed")
def rebuild_feed(*, user_id: int, **_: object) -> None:
    merging.rebuild_feed(user_id=user_id)


@periodic(name="feeds.trim_feeds")
def trim_feeds() -> None:
    trimming.sweep()


@periodic(name="feeds.put_to_sleep")
def put_to_sleep() -> None:
    sleeping.put_absent_to_sleep()


@periodic(name="feeds.rank_popular")
def rank_popular() -> None:
    # Half a period, since beat is not punctual, and there may be two of them.
    ranking.rank_popular(spacing_seconds=settings.POPULAR_PERIOD_SECONDS / 2)
