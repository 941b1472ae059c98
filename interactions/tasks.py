from interactions import draining, recounting
from interactions.notifications import digests, facts, housekeeping
from puppies.outbox.runner import delivered, performed
from puppies.periodic import periodic


@periodic(name="interactions.drain_ledger")
def drain_ledger() -> None:
    draining.drain()


@periodic(name="interactions.recount_counters")
def recount_counters() -> None:
    recounting.sweep()


@delivered(name="interactions.notify_comment")
def notify_comment(*, comment_id: int, **_: object) -> None:
    facts.tell_of_comment(comment_id=comment_id)


@delivered(name="interactions.notify_mentioned")
def notify_mentioned(*, post_id: int, **_: object) -> None:
    facts.tell_of_post(post_id=post_id)


@delivered(name="interactions.notify_followed")
def notify_followed(*, follower_id: int, followee_id: int, **_: object) -> None:
    facts.tell_of_follow(follower_id=follower_id, followee_id=followee_id)


@performed(name="interactions.send_digest")
def send_digest(*, user_id: int, after: int, up_to: int, **_: object) -> None:
    digests.send_digest(user_id=user_id, after=after, up_to=up_to)


@periodic(name="interactions.claim_digests")
def claim_digests() -> None:
    digests.claim_due()


@periodic(name="interactions.remove_old_notifications")
def remove_old_notifications() -> None:
    housekeeping.remove_old()
