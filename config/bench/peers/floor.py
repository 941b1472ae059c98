"""The floor: one prepared statement, its rows as dictionaries, orjson; the reader is whom the address names."""

from django.http import HttpRequest, HttpResponse

from feeds.api.serializers import item_json
from feeds.selectors import HOME, HomeItem
from puppies.api.json import dumps
from puppies.ids import MAX_ID

PAGE = 20


def home_feed(request: HttpRequest) -> HttpResponse:
    """The first page of the home feed, as `GET /v1/feed` gives it, but for an unsigned `next`."""
    reader, session = int(request.GET["reader"]), int(request.GET["session"])
    rows = HOME.rows(reader, session, MAX_ID, PAGE + 1)
    shown = [row for row in rows if row[3] is not None][:PAGE]
    body = {
        "results": [item_json(HomeItem(*row[3:])) for row in shown],
        "next": f"http://127.0.0.1/floor?before={shown[-1][3]}" if len(rows) > PAGE else None,
        "previous": None,
        "source": "home",
    }
    content = dumps(body)
    return HttpResponse(
        content, content_type="application/json", headers={"Content-Length": str(len(content))}
    )
