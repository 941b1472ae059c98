from celery import shared_task

from accounts import deletion, export
from puppies.outbox.runner import delivered


@shared_task(name="accounts.start_purges")
def start_purges(**_: object) -> None:
    deletion.start_due_purges()


@delivered(name="accounts.purge_account")
def purge_account(*, user_id: int, position: int, **_: object) -> int | None:
    return deletion.purge_batch(user_id=user_id, step=position)


@shared_task(name="accounts.build_exports")
def build_exports(**_: object) -> None:
    export.build_waiting()


@shared_task(name="accounts.remove_expired_exports")
def remove_expired_exports(**_: object) -> None:
    export.remove_expired()
