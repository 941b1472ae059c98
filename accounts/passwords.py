"""Passwords: changed by who knows the old one, reset by who reads the account's mail. Either ends the sessions that should not go on."""

from django.contrib.auth.hashers import check_password, make_password
from django.db import connection, transaction
from django.db.models.functions import Now

from accounts import audit, mail
from accounts.models import EmailToken, User
from accounts.oidc.linking import unlink_every_identity
from accounts.services import refuse_weak_password
from puppies.errors import DomainError, FieldProblem

# The trigger that ends an account's sessions spares the one named here, for this transaction.
KEEP_SESSION = "SELECT set_config('puppies.kept_session', %s, true)"


class WrongPassword(DomainError):
    code = "wrong_password"
    title = "The current password is wrong"


def change_password(*, user_id: int, session_id: int, current_password: str, new_password: str) -> None:
    """Choose a new password and end every other session. Raises WrongPassword or WeakPassword."""
    user = User.objects.active().get(id=user_id)
    if not check_password(current_password, user.password):
        raise WrongPassword(errors=(FieldProblem("/current_password", "wrong", WrongPassword.title),))
    refuse_weak_password(new_password, user, member="new_password")
    encoded = make_password(new_password)
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(KEEP_SESSION, [str(session_id)])
        if not User.objects.filter(id=user_id, password=user.password).update(password=encoded):
            raise WrongPassword  # somebody else has changed it since it was checked
        audit.record(action=audit.PASSWORD_CHANGED, actor_id=user_id, subject_id=user_id)


@transaction.atomic
def confirm_reset(*, token: str, new_password: str) -> None:
    """Choose a new password with a mailed token; every session and every linked identity ends. The address counts as verified.

    Raises InvalidEmailToken, or WeakPassword, after which the token is still good.
    """
    claimed = mail.claim_token(purpose=EmailToken.Purpose.RESET, value=token)
    user = User.objects.get(id=claimed.user_id)
    refuse_weak_password(new_password, user, member="new_password")
    User.objects.filter(id=user.id).update(password=make_password(new_password))
    _mark_verified(claimed)
    # Whoever had the account before its owner came may have left an identity in it.
    unlink_every_identity(user_id=user.id)
    audit.record(action=audit.PASSWORD_RESET, actor_id=user.id, subject_id=user.id)


@transaction.atomic
def verify_email(*, token: str) -> None:
    """Record that the account's address is its own; the first time ends what was linked before anybody had shown that.

    Raises InvalidEmailToken, also when the account has another address by now.
    """
    claimed = mail.claim_token(purpose=EmailToken.Purpose.VERIFY, value=token)
    if not _mark_verified(claimed):
        raise mail.InvalidEmailToken


def _mark_verified(token: EmailToken) -> bool:
    """Record the verification; False when the account has another address by now."""
    user_id = token.user_id or 0
    accounts = User.objects.with_email(token.email).filter(id=user_id)
    if accounts.filter(email_verified_at=None).update(email_verified_at=Now()):
        unlink_every_identity(user_id=user_id)
    elif not accounts.exists():
        return False
    if token.purpose == EmailToken.Purpose.VERIFY:
        audit.record(action=audit.EMAIL_VERIFIED, actor_id=user_id, subject_id=user_id)
    return True


def resend_verification(*, user_id: int) -> None:
    """Ask for the mail again unless the address is verified."""
    for email in User.objects.filter(id=user_id, email_verified_at=None).values_list("email", flat=True):
        mail.request_verification(user_id=user_id, email=email)
