from celery import shared_task
from django.conf import settings

from puppies.idempotency import services as idempotency
from puppies.outbox import housekeeping


@shared_task(name="puppies.remove_done_deliveries")
def remove_done_deliveries(**_: object) -> None:
    housekeeping.remove_done(keep_seconds=settings.DELIVERY_KEEP_SECONDS)


@shared_task(name="puppies.remove_old_idempotent_answers")
def remove_old_idempotent_answers(**_: object) -> None:
    idempotency.remove_old()
