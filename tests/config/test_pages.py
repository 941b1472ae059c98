import pytest
from django.conf import settings
from django.test import Client
from django.utils.module_loading import import_string

from accounts.api import password_views, serializers, session_views
from posts.api.serializers import PostInput
from puppies.api import problems
from puppies.api.field_codes import FIELD_CODES
from puppies.api.serializers import Input

BODIES: tuple[type[Input], ...] = (
    PostInput,
    serializers.RegisterInput,
    serializers.TokenInput,
    serializers.ProfileInput,
    password_views.PasswordChangeInput,
    password_views.PasswordResetInput,
    session_views.RefreshInput,
)


@pytest.mark.django_db
@pytest.mark.parametrize(("path", "target"), [("/", "/docs"), ("/docs/", "/docs"), ("/admin", "/admin/")])
def test_an_address_typed_by_hand_leads_to_the_page_that_is_meant(path: str, target: str) -> None:
    response = Client().get(path)

    assert (response.status_code, response["Location"]) == (302, target)


@pytest.mark.django_db
def test_all_codes_are_listed_on_one_page() -> None:
    page = Client().get("/docs/errors").content.decode()

    missing = {code for code in {*problems.meanings(), *FIELD_CODES} if f"<code>{code}</code>" not in page}
    assert missing == set()
    assert all(f'href="/docs/errors/{code}"' in page for code in problems.meanings())


def test_every_code_that_a_body_can_get_is_explained() -> None:
    fields = [field for body in BODIES for field in body().fields.values()]
    bodies = [body() for body in BODIES]

    codes = {code for node in (*fields, *bodies) for code in node.error_messages}

    # What the fields could say but never do: they have no minimum, and everything is text already.
    assert codes - {"min_length"} <= set(FIELD_CODES)
    for field in fields:
        assert {validator.code for validator in field.validators if hasattr(validator, "code")} <= set(
            FIELD_CODES
        )


@pytest.mark.parametrize("validator", settings.AUTH_PASSWORD_VALIDATORS)
def test_every_rule_of_passwords_is_explained(validator: dict[str, str]) -> None:
    rule = import_string(validator["NAME"]).__name__
    code = {
        "UserAttributeSimilarityValidator": "password_too_similar",
        "MinimumLengthValidator": "password_too_short",
        "CommonPasswordValidator": "password_too_common",
    }[rule]

    assert code in FIELD_CODES
