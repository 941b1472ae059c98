"""The manners of an answer that something was made: where it is, and which version of it the answer shows."""

from typing import Any, ClassVar

import orjson
from drf_spectacular.utils import OpenApiParameter
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from puppies.api.conditional import entity_tag, version_of

LOCATION = OpenApiParameter(
    "Location", str, OpenApiParameter.HEADER, response=[201], description="The address of what was made."
)


class TextViewSet(ViewSet):
    """Texts that people write, each with `id`, `content` and `edited_at`: its version is what its author can change."""

    address: ClassVar[str]

    def finalize_response(self, request: Request, response: Response, *args: Any, **kwargs: Any) -> Response:
        """Tell where the new text is and its tag, also when the answer is a replay, which is bytes only."""
        final = super().finalize_response(request, response, *args, **kwargs)
        if self.action == "create" and final.status_code == status.HTTP_201_CREATED:
            text = getattr(final, "data", None) or orjson.loads(final.content)
            final["Location"] = f"{self.address}/{text['id']}"
            final["ETag"] = text_tag(text)
        return final


def text_version(text: dict[str, Any]) -> str:
    """The version of a text as it is answered."""
    return version_of(text["content"], text["edited_at"])


def text_tag(text: dict[str, Any]) -> str:
    """The entity tag of a text as it is answered."""
    return entity_tag(text, version=text_version(text))
