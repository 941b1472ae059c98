import pytest
from rest_framework.test import APIClient

from puppies.models import Delivery
from puppies.trace import trace_id_of

TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"
GOOD = f"00-{TRACE_ID}-00f067aa0ba902b7-01"


@pytest.mark.parametrize(
    "path", ["/livez", "/v1/feed", "/nothing", "/docs/errors/not_found", "/admin/login/"]
)
def test_every_answer_carries_a_request_id(anonymous_client: APIClient, path: str) -> None:
    first, second = (anonymous_client.get(path)["X-Request-ID"] for _ in range(2))

    assert first != second
    assert len(first) == len(second) == 32


@pytest.mark.parametrize("given", ["request-1", "A" * 128, "a.b_c-d1"])
def test_a_well_formed_request_id_comes_back(anonymous_client: APIClient, given: str) -> None:
    assert anonymous_client.get("/livez", headers={"X-Request-ID": given})["X-Request-ID"] == given


@pytest.mark.parametrize(
    "given",
    [
        "",
        "short",
        "A" * 129,
        "with space",
        "a" * 8 + "\n",
        "line\r\nX-Evil: 1",
        "<script>",
        "ÄÖÜäöüßß",
        "%0d%0a1234",
    ],
)
def test_a_malformed_request_id_is_replaced(anonymous_client: APIClient, given: str) -> None:
    answered = anonymous_client.get("/livez", headers={"X-Request-ID": given})["X-Request-ID"]

    assert answered != given
    assert len(answered) == 32


def test_the_trace_of_the_request_is_told(anonymous_client: APIClient) -> None:
    response = anonymous_client.get("/nothing", headers={"traceparent": GOOD})

    assert (response.json()["trace_id"], response["X-Request-ID"]) == (TRACE_ID, TRACE_ID)


@pytest.mark.parametrize("traceparent", ["", "nonsense", f"{GOOD}\n", GOOD.upper(), "00" + "-" * 100_000])
def test_a_malformed_traceparent_begins_a_new_trace(anonymous_client: APIClient, traceparent: str) -> None:
    trace_id = anonymous_client.get("/nothing", headers={"traceparent": traceparent}).json()["trace_id"]

    assert trace_id != TRACE_ID
    assert len(trace_id) == 32


def test_the_deliveries_of_a_request_carry_its_trace(client: APIClient) -> None:
    client.post("/v1/posts", {"content": "hello"}, headers={"traceparent": GOOD})

    assert trace_id_of(Delivery.objects.get().traceparent) == TRACE_ID
