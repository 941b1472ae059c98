from celery import shared_task
from django.conf import settings

from puppies.outbox import housekeeping


@shared_task(name="puppies.remove_done_deliveries")
def remove_done_deliveries(**_: object) -> None:
    housekeeping.remove_done(keep_seconds=settings.DELIVERY_KEEP_SECONDS)
