import re
from typing import Any

from drf_spectacular.extensions import OpenApiSerializerExtension
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail

from accounts.oidc.proofs import CodeProof, TokenProof
from puppies.api.serializers import Input, Text

CODE_VERIFIER = r"^[A-Za-z0-9._~-]{43,128}$"
OF_A_TOKEN = ("id_token", "nonce")
OF_A_CODE = ("code", "code_verifier", "redirect_uri")
NAME_MOST = 100
# Longer ones are not even looked at; what is too long for a token is refused as one.
TOKEN_MOST = 65_536


class AppleNameInput(Input):
    firstName = Text(max_length=NAME_MOST, required=False, allow_blank=True, allow_null=True)  # noqa: N815 - Apple's
    lastName = Text(max_length=NAME_MOST, required=False, allow_blank=True, allow_null=True)  # noqa: N815 - Apple's


class AppleUserInput(Input):
    """What Apple tells the client the first time, and never again."""

    name = AppleNameInput(required=False)
    email = Text(max_length=254, required=False, help_text="Ignored: the identity token's counts.")


@extend_schema_field({"type": "string", "pattern": CODE_VERIFIER})
class VerifierText(Text):
    """A verifier as RFC 7636, 4.1 writes it."""

    default_error_messages = {"form": "Use 43 to 128 letters, digits, dots, hyphens, underscores and tildes."}

    def to_internal_value(self, data: Any) -> str:
        text = super().to_internal_value(data)
        if not re.fullmatch(CODE_VERIFIER[1:-1], text):
            self.fail("form")
        return text


class ProofInput(Input):
    """Either `id_token` and `nonce`, or `code`, `code_verifier` and `redirect_uri`."""

    id_token = Text(
        max_length=TOKEN_MOST,
        required=False,
        help_text="The provider's; its access tokens are of no use here.",
    )
    nonce = Text(
        min_length=16,
        max_length=255,
        required=False,
        help_text="The one that the client gave the provider, new each time. With a code it may be left out.",
    )
    code = Text(max_length=2_048, required=False)
    code_verifier = VerifierText(required=False, help_text="Of PKCE with S256 (RFC 7636).")
    redirect_uri = Text(max_length=2_048, required=False, help_text="As it was given to the provider.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        wanted, others = (OF_A_CODE, OF_A_TOKEN[:1]) if "code" in attrs else (OF_A_TOKEN, OF_A_CODE)
        problems = {name: _problem("Leave it out.", "not_allowed") for name in others if name in attrs}
        problems |= {
            name: _problem("This field is required.", "required") for name in wanted if name not in attrs
        }
        if problems:
            raise serializers.ValidationError(problems)
        return attrs

    @property
    def proof(self) -> TokenProof | CodeProof:
        """What the body proves; only of a valid one."""
        data = self.validated_data
        if "code" in data:
            return CodeProof(**{name: data[name] for name in OF_A_CODE}, nonce=data.get("nonce"))
        return TokenProof(id_token=data["id_token"], nonce=data["nonce"])


class OAuthInput(ProofInput):
    user = AppleUserInput(
        required=False, help_text="With Apple only: what it gave the client beside the first proof."
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if "user" in attrs and self.context["provider"] != "apple":
            raise serializers.ValidationError(
                {"user": _problem("This field is not known here.", "unknown_field")}
            )
        return super().validate(attrs)

    @property
    def name(self) -> str:
        """The person's name, if Apple told it; "" otherwise."""
        name = self.validated_data.get("user", {}).get("name", {})
        return " ".join(filter(None, (name.get("firstName"), name.get("lastName"))))


class ProofSchema(OpenApiSerializerExtension):  # type: ignore[no-untyped-call]
    """Tells in the schema which members go together."""

    target_class = ProofInput
    match_subclasses = True

    def map_serializer(self, auto_schema: Any, direction: Any) -> dict[str, Any]:
        flat = auto_schema._map_serializer(  # noqa: SLF001 - as its documentation does
            self.target, direction, bypass_extensions=True
        )
        forms = [
            _form(flat, "With an identity token", wanted=OF_A_TOKEN, others=OF_A_CODE),
            _form(flat, "With an authorization code", wanted=OF_A_CODE, others=OF_A_TOKEN[:1]),
        ]
        return {"description": flat["description"], "oneOf": forms}


def _form(
    flat: dict[str, Any], title: str, *, wanted: tuple[str, ...], others: tuple[str, ...]
) -> dict[str, Any]:
    members = {name: member for name, member in flat["properties"].items() if name not in others}
    return {"type": "object", "title": title, "properties": members, "required": list(wanted)}


def _problem(message: str, code: str) -> list[ErrorDetail]:
    return [ErrorDetail(message, code=code)]
