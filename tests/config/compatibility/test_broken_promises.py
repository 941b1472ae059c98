"""Each kind of change, both ways: what breaks a client is told, with its place; what is only added is not."""

from pathlib import Path

import pytest
import yaml
from django.conf import settings
from django.core.management import CommandError, call_command

from config.compatibility import broken_promises
from tests.config.compatibility.documents import PROMISED, Change, add, changed, put, without

ROUTE = "paths /v1/walks/{id}"
PUT = f"{ROUTE} put"
ASKED = "components schemas WalkInput"
TOLD = "components schemas Walk"
WHERE = "PUT /v1/walks/{id}"

BREAKING: dict[str, tuple[Change, str]] = {
    "path gone": (without(ROUTE), f"{WHERE}: is gone"),
    "method gone": (without(f"{ROUTE} get"), "GET /v1/walks/{id}: is gone"),
    "parameter gone": (without(f"{PUT} parameters 1"), f"{WHERE} ?limit: is gone"),
    "parameter required": (put(f"{PUT} parameters 1 required", True), f"{WHERE} ?limit: is required now"),
    "required parameter added": (
        add(f"{PUT} parameters", {"in": "query", "name": "q", "required": True, "schema": {}}),
        f"{WHERE} ?q: is required now",
    ),
    "parameter's bound tightened": (
        put(f"{PUT} parameters 1 schema maximum", 50),
        f"{WHERE} ?limit: maximum was 100, is 50",
    ),
    "parameter's default changed": (
        put(f"{PUT} parameters 1 schema default", 50),
        f"{WHERE} ?limit: default was 20, is 50",
    ),
    "parameter's type changed": (
        put(f"{PUT} parameters 2 schema type", "integer"),
        f"{WHERE} ?If-Match: type was string, is integer",
    ),
    "body required": (put(f"{PUT} requestBody required", True), f"{WHERE} body: is required now"),
    "body's media type gone": (
        put(f"{PUT} requestBody content", {"application/xml": {}}),
        f"{WHERE} body: is no application/json any more",
    ),
    "member of the body gone": (without(f"{ASKED} properties pace"), f"{WHERE} body.pace: is gone"),
    "member of the body required": (add(f"{ASKED} required", "pace"), f"{WHERE} body.pace: is required now"),
    "body closed": (
        put(f"{ASKED} additionalProperties", False),
        f"{WHERE} body: takes no other members any more",
    ),
    "body's maxLength lowered": (
        put(f"{ASKED} properties title maxLength", 40),
        f"{WHERE} body.title: maxLength was 50, is 40",
    ),
    "body's minLength raised": (
        put(f"{ASKED} properties title minLength", 2),
        f"{WHERE} body.title: minLength was 1, is 2",
    ),
    "body's pattern added": (
        put(f"{ASKED} properties title pattern", "^x"),
        f"{WHERE} body.title: pattern was not given, is ^x",
    ),
    "body's format added": (
        put(f"{ASKED} properties title format", "uri"),
        f"{WHERE} body.title: format was not given, is uri",
    ),
    "body's enum narrowed": (
        put(f"{ASKED} properties pace enum", ["slow"]),
        f"{WHERE} body.pace: enum was ['slow', 'fast'], is ['slow']",
    ),
    "body's null refused": (
        put(f"{ASKED} properties note nullable", False),
        f"{WHERE} body.note: type was string or null, is string",
    ),
    "body's items narrowed": (
        put(f"{ASKED} properties dogs items maxLength", 9),
        f"{WHERE} body.dogs[]: maxLength was not given, is 9",
    ),
    "body's maxItems lowered": (
        put(f"{ASKED} properties dogs maxItems", 4),
        f"{WHERE} body.dogs: maxItems was 5, is 4",
    ),
    "security added": (
        put(f"{PUT} security", [{"bearer": []}]),
        f"{WHERE}: is not open any more to whoever has no token",
    ),
    "scope added": (
        put(f"{PUT} security", [{"bearer": ["walks"]}]),
        f"{WHERE}: is not open any more to whoever has bearer",
    ),
    "status gone": (without(f"{PUT} responses 409"), f"{WHERE} 409: is gone"),
    "answer's media type gone": (
        put(f"{PUT} responses 200 content", {}),
        f"{WHERE} 200: is no application/json any more",
    ),
    "header gone": (without(f"{PUT} responses 200 headers ETag"), f"{WHERE} 200 ETag: is gone"),
    "header optional": (
        put(f"{PUT} responses 200 headers ETag required", False),
        f"{WHERE} 200 ETag: may be missing now",
    ),
    "code gone": (
        put("components responses Conflict description", "Refused: `too_far`."),
        f"{WHERE} 409: code too_late is gone",
    ),
    "member of the answer gone": (without(f"{TOLD} properties length"), f"{WHERE} 200.length: is gone"),
    "member of the answer optional": (
        put(f"{TOLD} required", ["id", "pace"]),
        f"{WHERE} 200.began_at: may be missing now",
    ),
    "answer's type changed": (
        put(f"{TOLD} properties id type", "integer"),
        f"{WHERE} 200.id: type was string, is integer",
    ),
    "answer's type widened": (
        put(f"{TOLD} properties length type", "number"),
        f"{WHERE} 200.length: type was integer, is number",
    ),
    "answer's format changed": (
        put(f"{TOLD} properties began_at format", "date"),
        f"{WHERE} 200.began_at: format was date-time, is date",
    ),
    "answer's pattern gone": (
        without(f"{TOLD} properties id pattern"),
        f"{WHERE} 200.id: pattern was ^[0-9]+$, is not given",
    ),
    "answer's bound gone": (
        without(f"{TOLD} properties length minimum"),
        f"{WHERE} 200.length: minimum was 0, is not given",
    ),
    "answer's null new": (
        put(f"{TOLD} properties id nullable", True),
        f"{WHERE} 200.id: type was string, is string or null",
    ),
    "answer's enum widened": (
        put("components schemas Pace enum", ["slow", "fast", "wild"]),
        f"{WHERE} 200.pace: enum was ['slow', 'fast'], is ['slow', 'fast', 'wild']",
    ),
    "answer's items changed": (
        without("components schemas Dog properties name"),
        f"{WHERE} 200.dogs[].name: is gone",
    ),
    "answer's new alternative": (
        add(f"{TOLD} properties mood oneOf", {"type": "integer"}),
        f"{WHERE} 200.mood: alternative {{'type': 'integer'}} was not there before",
    ),
}

ADDITIVE: dict[str, Change] = {
    "nothing": lambda document: None,
    "path": put("paths /v1/naps", {"get": {"responses": {}}}),
    "method": put(f"{ROUTE} delete", {"responses": {}}),
    "place renamed": lambda document: rename_place(document["paths"]),
    "optional parameter": add(f"{PUT} parameters", {"in": "query", "name": "q", "schema": {}}),
    "parameter's bound loosened": put(f"{PUT} parameters 1 schema maximum", 200),
    "optional member of the body": put(f"{ASKED} properties place", {"type": "string"}),
    "member of the body no longer required": put(f"{ASKED} required", []),
    "body's maxLength raised": put(f"{ASKED} properties title maxLength", 60),
    "body's minLength gone": without(f"{ASKED} properties title minLength"),
    "body's enum widened": put(f"{ASKED} properties pace enum", ["slow", "fast", "wild"]),
    "body's enum gone": without(f"{ASKED} properties pace enum"),
    "body's null allowed": put(f"{ASKED} properties title nullable", True),
    "body's media type": put(f"{PUT} requestBody content application/cbor", {}),
    "another way in": put(f"{PUT} security", [{"bearer": []}, {}, {"cookie": []}]),
    "no security": without(f"{PUT} security"),
    "status": put(f"{PUT} responses 412", {"description": "`precondition_failed`"}),
    "code": put("components responses Conflict description", "`too_far`, `too_late`, `too_wet`."),
    "header": put(f"{PUT} responses 200 headers X-More", {"schema": {}}),
    "member of the answer": put(f"{TOLD} properties weather", {"type": "string"}),
    "member of the answer always there": add(f"{TOLD} required", "length"),
    "answer's enum narrowed": put("components schemas Pace enum", ["slow"]),
    "answer never null": put(f"{TOLD} properties ended_at nullable", False),
    "answer's bound tightened": put(f"{TOLD} properties length maximum", 10),
    "answer's format new": put("components schemas Dog properties name format", "name"),
    "alternative no longer sent": without(f"{TOLD} properties mood oneOf 1"),
    "descriptions": put(f"{TOLD} properties pace description", "Other words."),
}


def rename_place(paths: dict[str, dict[str, dict[str, list[dict[str, str]]]]]) -> None:
    """Clients fill the place in; they never see its name."""
    item = paths["/v1/walks/{walk_id}"] = paths.pop("/v1/walks/{id}")
    item["put"]["parameters"][0]["name"] = "walk_id"


@pytest.mark.parametrize("kind", BREAKING)
def test_what_breaks_clients_is_told_with_its_place(kind: str) -> None:
    change, told = BREAKING[kind]

    assert told in [str(row) for row in broken_promises(PROMISED, changed(change))]


@pytest.mark.parametrize("kind", ADDITIVE)
def test_what_is_only_added_breaks_nobody(kind: str) -> None:
    assert broken_promises(PROMISED, changed(ADDITIVE[kind])) == []


def test_the_published_schema_keeps_its_promises() -> None:
    call_command("schema_changes")


def test_a_broken_promise_is_refused_and_not_promised_away(tmp_path: Path) -> None:
    old, new = tmp_path / "old.yaml", tmp_path / "new.yaml"
    old.write_text(yaml.safe_dump(PROMISED))
    new.write_text(yaml.safe_dump(changed(without(f"{ROUTE} get"))))

    with pytest.raises(CommandError, match=r"GET /v1/walks/\{id\}: is gone"):
        call_command("schema_changes", "--promise", old=old, new=new)

    assert yaml.safe_load(old.read_text()) == PROMISED


def test_what_was_added_is_a_promise_from_the_release_on(tmp_path: Path) -> None:
    old, new = tmp_path / "old.yaml", tmp_path / "new.yaml"
    more = changed(put("paths /v1/naps", {"get": {"responses": {}}}))
    old.write_text(yaml.safe_dump(PROMISED))
    new.write_text(yaml.safe_dump(more))

    call_command("schema_changes", "--promise", old=old, new=new)

    assert yaml.safe_load(old.read_text()) == more
    new.write_text(yaml.safe_dump(PROMISED))
    with pytest.raises(CommandError, match="GET /v1/naps: is gone"):
        call_command("schema_changes", old=old, new=new)


def test_what_ci_runs_includes_it() -> None:
    makefile = (settings.BASE_DIR / "Makefile").read_text()

    (check,) = [line for line in makefile.splitlines() if line.startswith("check:")]
    drift = makefile.partition("\ndrift:")[2].partition("\n\n")[0]
    assert "drift" in check.split()
    assert "$(MANAGE) schema_changes" in drift
