from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt

from interactions.notifications import unsubscribing
from puppies.errors import NotFound

TEMPLATE = "interactions/unsubscribe.html"


# Mail programs send the form without having seen the page (RFC 8058); the token is what proves whose it is.
@csrf_exempt
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """A page for whoever follows the link of a digest; only its form, which mail programs send by themselves, ends anything."""
    is_sent = request.method == "POST"
    try:
        (unsubscribing.unsubscribe if is_sent else unsubscribing.account_of)(token)
    except NotFound:
        return render(request, TEMPLATE, {"is_bad": True}, status=404)
    return render(request, TEMPLATE, {"is_done": is_sent})


unsubscribe.only_methods = frozenset({"GET", "HEAD", "OPTIONS", "POST"})  # type: ignore[attr-defined]
