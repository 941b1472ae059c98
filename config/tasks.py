from config.analytics import active, counting, latency
from puppies.outbox.runner import delivered
from puppies.periodic import periodic


@delivered(name="config.count_signup")
def count_signup(*, user_id: int, **_: object) -> None:
    counting.add_fact(figure="signups", identifier=user_id)


@delivered(name="config.count_follow")
def count_follow(*, follow_id: int, **_: object) -> None:
    counting.add_fact(figure="follows", identifier=follow_id)


@delivered(name="config.count_comment")
def count_comment(*, comment_id: int, **_: object) -> None:
    counting.add_fact(figure="comments", identifier=comment_id)


@periodic(name="config.count_figures")
def count_figures() -> None:
    counting.add_drained()
    counting.count_settled()


@periodic(name="config.count_active_users")
def count_active_users() -> None:
    active.count_active_users()


@periodic(name="config.measure_feed_latency")
def measure_feed_latency() -> None:
    latency.measure_feed_latency()
