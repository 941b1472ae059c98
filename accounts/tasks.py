from accounts import audit, deletion, export, mail, sessions
from accounts.oidc import nonces
from puppies.outbox.runner import delivered, performed
from puppies.periodic import periodic


@performed(name="accounts.send_email_token")
def send_email_token(*, token_id: int, **_: object) -> None:
    mail.send_email_token(token_id=token_id)


@periodic(name="accounts.remove_old_credentials")
def remove_old_credentials() -> None:
    sessions.remove_ended_sessions()
    mail.remove_expired_tokens()
    nonces.remove_expired_nonces()


@periodic(name="accounts.remove_old_audit_entries")
def remove_old_audit_entries() -> None:
    audit.remove_old()


@periodic(name="accounts.start_purges")
def start_purges() -> None:
    deletion.start_due_purges()


@delivered(name="accounts.purge_account")
def purge_account(*, user_id: int, position: int, **_: object) -> int | None:
    return deletion.purge_batch(user_id=user_id, step=position)


@periodic(name="accounts.build_exports")
def build_exports() -> None:
    export.build_waiting()


@periodic(name="accounts.remove_expired_exports")
def remove_expired_exports() -> None:
    export.remove_expired()
