from django.conf import settings

from puppies.idempotency import services as idempotency
from puppies.outbox import housekeeping
from puppies.periodic import periodic


@periodic(name="puppies.remove_done_deliveries")
def remove_done_deliveries() -> None:
    housekeeping.remove_done(keep_seconds=settings.DELIVERY_KEEP_SECONDS)


@periodic(name="puppies.remove_old_idempotent_answers")
def remove_old_idempotent_answers() -> None:
    idempotency.remove_old()
