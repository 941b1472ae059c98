"""How often a provider is asked for its keys, and for how long they are good."""

import secrets
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from accounts.oidc.fetching import ProviderUnavailable
from accounts.oidc.jwks import KeySet
from tests.accounts.oidc.provider import IdentityProvider, ec_jwk, rsa_jwk, wide_jwk, written
from tests.clock import Clock

DAY = 86_400.0


@pytest.fixture
def provider() -> Iterator[IdentityProvider]:
    with IdentityProvider() as running:
        yield running


@pytest.fixture
def keys(provider: IdentityProvider, clock: Clock) -> KeySet:
    return KeySet(f"{provider.url}/jwks", clock=clock)


def known(keys: KeySet, kid: str) -> bool:
    return keys.key(kid) is not None


def test_known_keys_are_fetched_once_an_hour(provider: IdentityProvider, keys: KeySet, clock: Clock) -> None:
    for _ in range(60):
        assert known(keys, "first")
        clock.now += 60

    assert known(keys, "curved")
    assert provider.asked == {"/jwks": 1}
    clock.now += 1
    assert known(keys, "first")
    assert provider.asked == {"/jwks": 2}


def test_unknown_keys_make_us_ask_once_a_minute_however_many_come(
    provider: IdentityProvider, keys: KeySet, clock: Clock
) -> None:
    for _ in range(10):
        assert not any(known(keys, secrets.token_hex(4)) for _ in range(50))
        clock.now += 59.9

    assert provider.asked == {"/jwks": 5}


def test_many_at_once_ask_once(provider: IdentityProvider, keys: KeySet) -> None:
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda number: known(keys, f"unknown-{number}"), range(40)))

    assert (any(found), provider.asked) == (False, {"/jwks": 1})


def test_a_new_key_is_found_within_a_minute_and_an_old_one_forgotten(
    provider: IdentityProvider, keys: KeySet, clock: Clock
) -> None:
    assert known(keys, "first")
    provider.keys = [rsa_jwk("second")]

    early = known(keys, "second")
    clock.now += 60
    late = known(keys, "second")

    assert (early, late, known(keys, "first")) == (False, True, False)


def test_keys_stay_good_for_a_day_while_the_provider_is_away(
    provider: IdentityProvider, keys: KeySet, clock: Clock
) -> None:
    assert known(keys, "first")
    provider.stop()

    clock.now += DAY
    assert known(keys, "first")
    clock.now += 1
    with pytest.raises(ProviderUnavailable):
        keys.key("first")


def test_an_unknown_key_cannot_be_judged_while_the_provider_is_away(
    provider: IdentityProvider, keys: KeySet, clock: Clock
) -> None:
    assert known(keys, "first")
    provider.answers["/jwks"] = written(500, {})
    clock.now += 60

    for _ in range(3):
        with pytest.raises(ProviderUnavailable) as refusal:
            keys.key("second")
        assert refusal.value.retry_after == 60

    assert provider.asked == {"/jwks": 2}
    assert known(keys, "first")


def test_whoever_has_no_key_at_all_asks_again_after_ten_seconds(
    provider: IdentityProvider, keys: KeySet, clock: Clock
) -> None:
    provider.answers["/jwks"] = written(503, {})

    for _ in range(3):
        with pytest.raises(ProviderUnavailable) as refusal:
            keys.key("first")
    del provider.answers["/jwks"]
    clock.now += 10

    assert refusal.value.retry_after == 10
    assert known(keys, "first")
    assert provider.asked == {"/jwks": 2}


def test_a_key_need_not_be_named_where_there_is_one_only(
    provider: IdentityProvider, keys: KeySet, clock: Clock
) -> None:
    of_several = keys.key(None)
    provider.keys = [rsa_jwk("second")]
    clock.now += 60

    (only,) = {keys.key(None) for _ in range(10)}

    assert of_several is None
    assert only is not None
    assert only.key_id == "second"
    assert provider.asked == {"/jwks": 2}


ODD: list[Any] = [
    {"kty": "oct", "k": "c2VjcmV0", "kid": "odd", "alg": "HS256"},
    {"kty": "RSA", "kid": "odd"},
    {"kty": "RSA", "kid": "odd", "n": 7, "e": "AQAB"},
    rsa_jwk("first") | {"kid": "odd", "use": "enc"},
    rsa_jwk("first") | {"kid": "odd", "alg": "RS512"},
    rsa_jwk("first") | {"kid": "odd", "alg": "none"},
    rsa_jwk("first") | {"kid": 7},
    rsa_jwk("short") | {"kid": "odd"},
    ec_jwk("curved") | {"kid": "odd", "crv": "P-999"},
    wide_jwk("odd"),
    "a key",
    None,
]


@pytest.mark.parametrize("row", ODD, ids=range(len(ODD)))
def test_a_key_that_we_cannot_use_is_passed_over(provider: IdentityProvider, keys: KeySet, row: Any) -> None:
    provider.keys = [row, rsa_jwk("first")]

    assert (known(keys, "odd"), known(keys, "first")) == (False, True)


@pytest.mark.parametrize("document", [{}, {"keys": []}, {"keys": None}, {"keys": {"a": 1}}, [], "keys", None])
def test_a_set_without_keys_is_no_answer(provider: IdentityProvider, keys: KeySet, document: Any) -> None:
    provider.answers["/jwks"] = written(200, document)

    with pytest.raises(ProviderUnavailable):
        keys.key("first")
