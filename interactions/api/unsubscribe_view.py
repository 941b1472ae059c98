from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt

from interactions.notifications import unsubscribing

TEMPLATE = "interactions/unsubscribe.html"


# Mail programs send the form without having seen the page (RFC 8058); the token is what proves whose it is.
@csrf_exempt
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """A page for whoever follows the link of a digest; only its form, which mail programs send by themselves, ends anything."""
    if request.method == "POST":
        unsubscribing.unsubscribe(token)
        return render(request, TEMPLATE, {"is_done": True})
    unsubscribing.account_of(token)
    return render(request, TEMPLATE, {"is_done": False})


unsubscribe.only_methods = frozenset({"GET", "HEAD", "OPTIONS", "POST"})  # type: ignore[attr-defined]
