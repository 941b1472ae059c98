from django.conf import settings

from feeds import services
from feeds.popular import ranking
from puppies.outbox.runner import delivered
from puppies.periodic import periodic


@delivered(name="feeds.fan_out_post")
def fan_out_post(*, post_id: int, position: int, **_: object) -> int | None:
    return services.push_post_batch(post_id=post_id, after=position)


@delivered(name="feeds.merge_follow")
def merge_follow(
    *, follow_id: int, follower_id: int, followee_id: int, position: int, **_: object
) -> int | None:
    return services.merge_follow_batch(
        follow_id=follow_id, follower_id=follower_id, followee_id=followee_id, after=position
    )


@periodic(name="feeds.rank_popular")
def rank_popular() -> None:
    # Half a period, since beat is not punctual, and there may be two of them.
    ranking.rank_popular(spacing_seconds=settings.POPULAR_PERIOD_SECONDS / 2)
