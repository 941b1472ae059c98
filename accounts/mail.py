"""Mailed tokens: asked for in a transaction, sent by a task, good once.

A token's value is the signed id of its row. So neither the database nor Kafka holds anything that would let a reader in, and a mail
that is sent twice says the same.
"""

from datetime import timedelta
from urllib.parse import quote

from django.conf import settings
from django.core.mail import send_mail
from django.core.signing import BadSignature, Signer
from django.db import transaction
from django.db.models.functions import Now
from django.template.loader import render_to_string
from django.utils import timezone

from accounts.events import EmailTokenRequested
from accounts.models import EmailToken, User
from puppies.errors import DomainError
from puppies.events import publish
from puppies.ids import parse_id

BATCH = 1_000
SUBJECTS = {
    EmailToken.Purpose.RESET: "Choose a new password for Puppies",
    EmailToken.Purpose.VERIFY: "Verify your e-mail address for Puppies",
}


class InvalidEmailToken(DomainError):
    """Unknown, expired, or used before: tokens in mails are good once."""

    code = "invalid_email_token"
    title = "The token is not valid any more: ask for a new mail"


def request_verification(*, user_id: int, email: str) -> None:
    """Ask for the mail that verifies the address of an account."""
    _request(EmailToken.Purpose.VERIFY, email, settings.EMAIL_VERIFY_SECONDS, user_id=user_id)


def request_reset(*, email: str) -> None:
    """Ask for the mail that resets a password.

    Does the same whether or not an account has the address: the task finds out.
    """
    _request(EmailToken.Purpose.RESET, email, settings.PASSWORD_RESET_SECONDS, user_id=None)


@transaction.atomic
def _request(purpose: EmailToken.Purpose, email: str, seconds: int, *, user_id: int | None) -> None:
    expires_at = timezone.now() + timedelta(seconds=seconds)
    token = EmailToken.objects.create(purpose=purpose, email=email, user_id=user_id, expires_at=expires_at)
    publish(EmailTokenRequested(token_id=token.id))


def send_email_token(*, token_id: int) -> bool:
    """Send the mail of one token; False when there is nobody to send it to, or the token is no good any more."""
    token = EmailToken.objects.filter(id=token_id, used_at=None, expires_at__gt=Now()).first()
    user = _owner(token) if token else None
    if token is None or user is None:
        return False
    EmailToken.objects.filter(id=token_id).update(user_id=user.id)
    purpose = EmailToken.Purpose(token.purpose)
    value = token_value(token)
    link = f"{settings.APP_URL.rstrip('/')}/{purpose}#token={quote(value)}" if settings.APP_URL else ""
    words = {"username": user.username, "token": value, "link": link}
    send_mail(SUBJECTS[purpose], render_to_string(f"accounts/mail/{purpose}.txt", words), None, [user.email])
    return True


def _owner(token: EmailToken) -> User | None:
    accounts = User.objects.signing_in()
    if token.purpose == EmailToken.Purpose.VERIFY:
        found: User | None = accounts.filter(id=token.user_id, email=token.email).first()
    else:
        found = accounts.with_email(token.email).first()
    return found


def token_value(token: EmailToken) -> str:
    """What the mail tells: the id, signed for its purpose."""
    return _signer(token.purpose).sign(str(token.id))


def claim_token(*, purpose: EmailToken.Purpose, value: str) -> EmailToken:
    """Use a token up; of several attempts exactly one succeeds. Raises InvalidEmailToken."""
    try:
        token_id = parse_id(_signer(purpose).unsign(value))
    except BadSignature as error:
        raise InvalidEmailToken from error
    tokens = EmailToken.objects.filter(id=token_id or 0, purpose=purpose, user__isnull=False)
    if not tokens.filter(used_at=None, expires_at__gt=Now()).update(used_at=Now()):
        raise InvalidEmailToken
    return tokens.get()


def remove_expired_tokens() -> int:
    """Remove tokens that expired `CREDENTIALS_KEEP_DAYS` ago, a batch a transaction; how many."""
    until = timezone.now() - timedelta(days=settings.CREDENTIALS_KEEP_DAYS)
    removed = 0
    while batch := list(EmailToken.objects.filter(expires_at__lt=until).values_list("id", flat=True)[:BATCH]):
        removed += EmailToken.objects.filter(id__in=batch).delete()[0]
    return removed


def _signer(purpose: str) -> Signer:
    return Signer(salt=f"accounts.mail.{purpose}")
