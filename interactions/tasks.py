from celery import shared_task

from interactions import draining


@shared_task(name="interactions.drain_ledger")
def drain_ledger(**_: object) -> None:
    draining.drain()
