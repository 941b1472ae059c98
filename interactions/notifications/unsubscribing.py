"""The link by which a mail's reader ends the digests, without signing in.

What is signed is the account's id, for this purpose alone; it does not expire, since old mails are what people unsubscribe from.
"""

from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.urls import reverse

from interactions.notifications.preferences import stop_digests
from puppies.errors import NotFound
from puppies.ids import parse_id

_signer = Signer(salt="interactions.unsubscribe")


def unsubscribe_url(*, user_id: int) -> str:
    """Where a POST ends this account's digests."""
    return settings.API_URL.rstrip("/") + reverse("unsubscribe", args=[_signer.sign(str(user_id))])


def account_of(token: str) -> int:
    """Whose digests the token ends. Raises NotFound for one that we did not sign."""
    try:
        user_id = parse_id(_signer.unsign(token))
    except BadSignature as error:
        raise NotFound from error
    if user_id is None:
        raise NotFound
    return user_id


def unsubscribe(token: str) -> None:
    """End the digests of the account that the token names, if it gets any. Raises NotFound."""
    stop_digests(user_id=account_of(token))
