"""Addresses that belong to no app: health, the meaning of errors, and the last answers when no view could give one."""

import sys

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.templatetags.static import static
from django.utils.crypto import constant_time_compare
from django_prometheus.exports import ExportToDjangoView
from prometheus_client import CollectorRegistry, generate_latest

from config.analytics.metrics import FiguresCollector
from feeds.metrics import PopularCollector
from interactions.metrics import RecountCollector
from puppies import health
from puppies.api import problems
from puppies.api.field_codes import FIELD_CODES
from puppies.api.requests import reads_only
from puppies.limits.metrics import REFUSED
from puppies.outbox.metrics import OutboxCollector

# What has not happened yet is 0, not absent: an alert that compares with nothing is silent.
for limit in settings.LIMITS:
    REFUSED.labels(limit.name)


@reads_only
def livez(request: HttpRequest) -> HttpResponse:
    """The process runs."""
    return JsonResponse({"status": "ok"})


@reads_only
def readyz(request: HttpRequest) -> HttpResponse:
    """The process can serve: PostgreSQL answers. Redis, Kafka and the object store are not asked; without them the API still works."""
    is_ready = health.database_answers()
    return JsonResponse(
        {"status": "ok" if is_ready else "unavailable", "database": is_ready}, status=200 if is_ready else 503
    )


@reads_only
def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus metrics of all processes of this API, for whoever has METRICS_TOKEN; in production there is no other way in."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    is_open = not settings.METRICS_TOKEN and settings.ENVIRONMENT != "production"
    is_known = bool(settings.METRICS_TOKEN) and constant_time_compare(token, settings.METRICS_TOKEN)
    if not (is_open or (scheme == "Bearer" and is_known)):
        raise Http404
    stores = CollectorRegistry()
    stores.register(OutboxCollector())
    stores.register(PopularCollector())
    stores.register(FiguresCollector())
    stores.register(RecountCollector())
    answer: HttpResponse = ExportToDjangoView(request)
    answer.content += generate_latest(stores)
    return answer


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return problems.response(request, status=400)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    return problems.response(request, status=403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return problems.response(request, status=404)


def server_error(request: HttpRequest) -> HttpResponse:
    error = sys.exc_info()[1]
    return (
        problems.of_exception(error, request)
        if isinstance(error, Exception)
        else problems.response(request, status=500)
    )


@reads_only
def to_docs(request: HttpRequest) -> HttpResponse:
    """Whoever opens the service in a browser comes to its documentation."""
    return redirect("docs")


@reads_only
def to_admin(request: HttpRequest) -> HttpResponse:
    return redirect("admin:index")


@reads_only
def favicon(request: HttpRequest) -> HttpResponse:
    """Browsers ask for it by this name whatever page they show."""
    return redirect(static("puppies/favicon.svg"))


@reads_only
def error_pages(request: HttpRequest) -> HttpResponse:
    """Every `code` that a problem document or one of its `errors` can carry."""
    codes = sorted(problems.meanings().items())
    return render(request, "config/error_pages.html", {"codes": codes, "field_codes": FIELD_CODES})


@reads_only
def error_page(request: HttpRequest, code: str) -> HttpResponse:
    """What one `code` of a problem document means; 404 for a code that no answer carries."""
    meaning = problems.meanings().get(code)
    if meaning is None:
        raise Http404
    return render(request, "config/error_page.html", {"code": code, **meaning})
