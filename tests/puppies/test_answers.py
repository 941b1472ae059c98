"""Answers that are made at once instead of rendered later."""

from django.http import HttpResponse
from hypothesis import given
from hypothesis import strategies as st

from puppies.api.headers import add_headers
from puppies.api.json import Answer, dumps

NAMES = st.sampled_from(["ETag", "etag", "Vary", "Content-Type", "X-Request-ID"])
VALUES = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=20)


@given(st.dictionaries(NAMES, VALUES), st.dictionaries(NAMES, VALUES))
def test_headers_are_added_as_django_would_and_what_is_there_stays(
    present: dict[str, str], added: dict[str, str]
) -> None:
    ours, djangos = Answer({}), HttpResponse(content_type="application/json")
    for name, value in present.items():
        ours[name] = djangos[name] = value
    for name, value in added.items():
        djangos.headers.setdefault(name, value)

    add_headers(ours, added)

    assert list(ours.items()) == list(djangos.items())


def test_a_document_that_was_made_already_is_not_made_again() -> None:
    data = {"content": "Ünter den Linden"}

    made, given = Answer(data, status=201), Answer(data, document=b"{}")

    assert (made.content, made.status_code, made["Content-Type"]) == (dumps(data), 201, "application/json")
    assert (given.content, given.data) == (b"{}", data)
