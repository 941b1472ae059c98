"""How the schema tells of refusals: every operation declares the problem documents it can answer."""

from typing import Any

from drf_spectacular.openapi import AutoSchema
from rest_framework import serializers

from puppies.api.problems import CONTENT_TYPE


class FieldProblemOutput(serializers.Serializer[Any]):
    pointer = serializers.CharField(
        help_text="JSON pointer to the member of the body, or the parameter's name."
    )
    code = serializers.CharField()
    detail = serializers.CharField()


class Problem(serializers.Serializer[Any]):
    """A refusal or failure (RFC 9457). `code` is stable; compare it, show `detail`."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    instance = serializers.CharField()
    code = serializers.CharField()
    trace_id = serializers.CharField()

    def get_fields(self) -> dict[str, Any]:
        # `errors` is a name of RFC 9457 and of a serializer's attribute; it can only be declared here.
        return {**super().get_fields(), "errors": FieldProblemOutput(many=True)}


class ProblemAutoSchema(AutoSchema):
    """Adds the problem documents that every operation shares to what its decorator declares."""

    def get_response_serializers(self) -> Any:
        declared: Any = super().get_response_serializers()
        by_status: dict[Any, Any] = dict(declared) if isinstance(declared, dict) else {200: declared}
        for status in self._problem_statuses():
            by_status.setdefault((str(status), CONTENT_TYPE), Problem)
        return by_status

    def _problem_statuses(self) -> list[int]:
        statuses = [400, 500, 503]
        if self.get_auth():
            statuses.append(401)
        if "{" in self.path:
            statuses.append(404)
        if self.method in {"POST", "PUT", "PATCH"}:
            statuses += [413, 415]
        return sorted(statuses)
