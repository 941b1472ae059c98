from celery import shared_task

from accounts import deletion, export, mail, sessions
from puppies.outbox.runner import delivered, performed


@performed(name="accounts.send_email_token")
def send_email_token(*, token_id: int, **_: object) -> None:
    mail.send_email_token(token_id=token_id)


@shared_task(name="accounts.remove_old_credentials")
def remove_old_credentials(**_: object) -> None:
    sessions.remove_ended_sessions()
    mail.remove_expired_tokens()


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
