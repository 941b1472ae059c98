from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase

from accounts import audit
from puppies.client_address import client_address


class AuditMiddleware:
    """Lets the audit know the client's address during a request, whichever service writes an entry."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        address = client_address(request.META)
        token = audit.client_ip.set(str(address) if address else None)
        try:
            return self.get_response(request)
        finally:
            audit.client_ip.reset(token)
