"""The OpenAPI document, made once per process and form: making it takes as long as a hundred other answers."""

from django.http import HttpResponse
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.views import SpectacularAPIView
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request


class SchemaView(SpectacularAPIView):
    """The same document for everybody, in the form that is asked for; the query changes nothing."""

    def _get_schema_response(self, request: Request) -> HttpResponse:
        renderer = request.accepted_renderer
        answer = HttpResponse(
            _rendered(renderer.__class__.__name__, renderer), content_type=renderer.media_type
        )
        answer["Content-Disposition"] = 'inline; filename="puppies.yaml"'
        return answer


_documents: dict[str, bytes] = {}


def _rendered(form: str, renderer: BaseRenderer) -> bytes:
    if form not in _documents:
        document = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
        rendered = renderer.render(document, renderer_context={})
        _documents[form] = rendered.encode() if isinstance(rendered, str) else rendered
    return _documents[form]
