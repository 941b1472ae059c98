"""How tests get at what was mailed."""

import re

from django.core import mail as outgoing
from rest_framework.test import APIClient

from tests.feeds.readers import work_all_off

NEW = "another-Walk-42"
CHANGE = "/v1/auth/password/change"
RESET = "/v1/auth/password/reset"
CONFIRM = "/v1/auth/password/reset/confirm"
VERIFY = "/v1/auth/email/verify"


def mailed_token() -> str:
    """Send what waits; the token in the last mail."""
    work_all_off(task="accounts.send_email_token")
    found = re.search(r"^\d+:[\w-]+$", str(outgoing.outbox[-1].body), re.MULTILINE)
    assert found is not None
    return found[0]


def reset_token(email: str = "rex@example.test") -> str:
    APIClient().post(RESET, {"email": email})
    return mailed_token()
