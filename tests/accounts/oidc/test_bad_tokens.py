"""Identity tokens that prove nothing: each is refused by its rule, and nothing in the database has changed."""

import hashlib
import hmac
import json
from collections.abc import Callable
from time import time
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from rest_framework.test import APIClient

from accounts.oidc.verifying import MOST_CHARACTERS
from tests.accounts.oidc.provider import (
    APPLE,
    GONE,
    IOS,
    WEB,
    IdentityProvider,
    curved,
    encoded,
    rsa_jwk,
    rsa_key,
    signed,
)
from tests.database import everything_stored

GOOGLE = "/v1/auth/oauth/google"
NONCE = "0123456789abcdef0123"

Make = Callable[[IdentityProvider], str]


def now() -> int:
    return int(time())


def claiming(**changes: Any) -> Make:
    """Rightly signed, with these claims."""
    return lambda idp: signed(idp.claims(**{"nonce": NONCE, **changes}))


def timed(**seconds: int) -> Make:
    """Rightly signed, with these times, in seconds from now."""

    def make(idp: IdentityProvider) -> str:
        return claiming(**{name: now() + late for name, late in seconds.items()})(idp)

    return make


def without(claim: str) -> Make:
    return lambda idp: signed(idp.claims(**{"nonce": NONCE, claim: GONE}))


def headed(**header: Any) -> Make:
    """Rightly signed and claimed, with this in the header."""
    return lambda idp: signed(idp.claims(nonce=NONCE), **header)


def forged(**header: Any) -> Make:
    """Signed by somebody else's key."""
    return lambda idp: signed(idp.claims(nonce=NONCE), key="other", **{"kid": "first", **header})


def by_hand(header: Any, sign: Callable[[bytes], bytes] = lambda _: b"") -> Make:
    """Claimed rightly, under a header that no library would write."""

    def make(idp: IdentityProvider) -> str:
        head = encoded(json.dumps(header).encode())
        body = f"{head}.{encoded(json.dumps(idp.claims(nonce=NONCE)).encode())}"
        return f"{body}.{encoded(sign(body.encode()))}"

    return make


def by_public_key(body: bytes) -> bytes:
    """HMAC with what everybody knows."""
    pem = rsa_key("first").public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return hmac.digest(pem, body, hashlib.sha256)


def tampered(idp: IdentityProvider) -> str:
    head, _, signature = signed(idp.claims(nonce=NONCE)).split(".")
    return ".".join([head, encoded(json.dumps(idp.claims(nonce=NONCE, sub="1")).encode()), signature])


def hs256(idp: IdentityProvider) -> str:
    return jwt.encode(
        idp.claims(nonce=NONCE), "a secret of thirty-two characters", "HS256", headers={"kid": "first"}
    )


def pointing_home(idp: IdentityProvider) -> str:
    """To keys that are even there."""
    return forged(jku=f"{idp.url}/jwks-of-the-thief")(idp)


BAD: dict[str, tuple[Make, str]] = {
    "garbage": (lambda idp: "garbage", "malformed"),
    "a provider's access token": (lambda idp: "ya29.a0AfB_byC-opaque", "malformed"),
    "an encrypted token": (lambda idp: "a.b.c.d.e", "malformed"),
    "dots": (lambda idp: "..", "malformed"),
    "no base64": (lambda idp: "!.!.!", "malformed"),
    "not ascii": (lambda idp: "é.é.é", "malformed"),
    "a header that is a list": (by_hand(["alg"]), "malformed"),
    "claims that are a list": (lambda idp: signed(["sub"]), "malformed"),
    "claims that are no json": (lambda idp: signed(float("nan")), "signature"),
    "an oversize token": (claiming(picture="x" * MOST_CHARACTERS), "too_long"),
    "none": (by_hand({"alg": "none", "kid": "first"}), "algorithm"),
    "None": (by_hand({"alg": "None", "kid": "first"}), "algorithm"),
    "an algorithm that is a list": (by_hand({"alg": ["RS256"], "kid": "first"}), "algorithm"),
    "no algorithm": (by_hand({"kid": "first"}), "algorithm"),
    "HS256": (hs256, "algorithm"),
    "HS256 with the public key": (by_hand({"alg": "HS256", "kid": "first"}, by_public_key), "algorithm"),
    "RS256 with the key of ES256": (lambda idp: signed(idp.claims(nonce=NONCE), kid="curved"), "algorithm"),
    "ES256 with the key of RS256": (lambda idp: curved(idp.claims(nonce=NONCE), kid="first"), "algorithm"),
    "another's signature": (forged(), "signature"),
    "no signature": (by_hand({"alg": "RS256", "kid": "first"}), "signature"),
    "changed claims": (tampered, "signature"),
    "an unknown key": (forged(kid="other"), "unknown_key"),
    "a key without a name": (by_hand({"alg": "RS256"}), "unknown_key"),
    "a key that is called null": (by_hand({"alg": "RS256", "kid": None}), "unknown_key"),
    "a key with an odd name": (by_hand({"alg": "RS256", "kid": 7}), "unknown_key"),
    "a key with an endless name": (forged(kid="x" * 256), "unknown_key"),
    "a key brought along": (forged(jwk=rsa_jwk("other")), "header"),
    "a key to be fetched": (pointing_home, "header"),
    "a certificate brought along": (forged(x5c=["MIIB"]), "header"),
    "a certificate to be fetched": (headed(x5u="http://127.0.0.1/"), "header"),
    "an extension that must be understood": (headed(crit=["b64"], b64=True), "header"),
    "an access token's type": (headed(typ="at+jwt"), "header"),
    "another issuer": (claiming(iss="https://thief.example.test"), "issuer"),
    "no issuer": (without("iss"), "issuer"),
    "an issuer that is a list": (lambda idp: claiming(iss=[idp.url])(idp), "issuer"),
    "a token of the other provider": (lambda idp: signed(idp.apple_claims(nonce=NONCE)), "issuer"),
    "another audience": (claiming(aud="another-application"), "audience"),
    "the other provider's audience": (claiming(aud=APPLE), "audience"),
    "no audience": (without("aud"), "audience"),
    "an empty list of audiences": (claiming(aud=[]), "audience"),
    "an audience that is an object": (claiming(aud={WEB: True}), "audience"),
    "a stranger among the audiences": (claiming(aud=[WEB, "another"], azp=WEB), "audience"),
    "a list of numbers as audiences": (claiming(aud=[WEB, 7], azp=WEB), "audience"),
    "audiences without a party": (claiming(aud=[WEB, IOS], azp=GONE), "authorized_party"),
    "another party": (claiming(azp="another"), "authorized_party"),
    "a party that is null": (claiming(azp=None), "authorized_party"),
    "a party that is a list": (claiming(aud=[WEB, IOS], azp=[WEB]), "authorized_party"),
    "expired": (timed(iat=-3_700, exp=-61), "expired"),
    "no expiry": (without("exp"), "times"),
    "an expiry in words": (claiming(exp="tomorrow"), "times"),
    "an expiry that is true": (claiming(exp=True), "times"),
    "an endless expiry": (claiming(exp=10**30), "times"),
    "good for a week": (timed(exp=604_800), "lifetime"),
    "issued in the future": (timed(iat=120), "not_yet_valid"),
    "no time of issue": (without("iat"), "times"),
    "not valid yet": (timed(nbf=120), "not_yet_valid"),
    "a beginning in words": (claiming(nbf="today"), "times"),
    "no subject": (without("sub"), "subject"),
    "an empty subject": (claiming(sub=""), "subject"),
    "a subject that is a number": (claiming(sub=1080), "subject"),
    "an endless subject": (claiming(sub="1" * 256), "subject"),
    "a subject with NUL": (claiming(sub="10\x0080"), "subject"),
    "a subject that looks like another": (claiming(sub="１０８０"), "subject"),
    "an address that is not verified": (claiming(email_verified=False), "email_unverified"),
    "an address that is false in words": (claiming(email_verified="false"), "email_unverified"),
    "an address of which nothing is said": (without("email_verified"), "email_unverified"),
    "an address that is 1": (claiming(email_verified=1), "email_unverified"),
    "an address that is a list": (claiming(email_verified=[True]), "email_unverified"),
    "no address": (claiming(email="rex"), "email"),
    "an address with look-alikes": (claiming(email="rеx@example.test"), "email"),
    "an endless address": (claiming(email="r" * 250 + "@example.test"), "email"),
    "no nonce": (without("nonce"), "nonce_missing"),
    "another nonce": (claiming(nonce="fedcba9876543210fedc"), "nonce"),
    "an empty nonce": (claiming(nonce=""), "nonce"),
    "a nonce that is a number": (claiming(nonce=123456789012345678), "nonce"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_token_is_refused_and_changes_nothing(
    idp: IdentityProvider, anonymous_client: APIClient, name: str
) -> None:
    make, rule = BAD[name]
    before = everything_stored()

    response = anonymous_client.post(GOOGLE, {"id_token": make(idp), "nonce": NONCE})

    body = response.json()
    assert (response.status_code, body["code"]) == (401, "invalid_identity_token"), body
    assert [(row["pointer"], row["code"]) for row in body["errors"]] == [("/id_token", rule)]
    assert everything_stored() == before


def test_the_thiefs_keys_are_never_asked_for(idp: IdentityProvider, anonymous_client: APIClient) -> None:
    for make in (pointing_home, headed(x5u=f"{idp.url}/thief")):
        anonymous_client.post(GOOGLE, {"id_token": make(idp), "nonce": NONCE})

    assert set(idp.asked) <= {"/jwks"}


def test_a_token_is_good_once(idp: IdentityProvider, anonymous_client: APIClient) -> None:
    body = idp.body()
    first = anonymous_client.post(GOOGLE, body)
    before = everything_stored()

    again = anonymous_client.post(GOOGLE, body)

    assert (first.status_code, again.status_code, again.json()["code"]) == (201, 401, "nonce_reused")
    assert everything_stored() == before


def test_a_nonce_is_good_once_in_whatever_token(idp: IdentityProvider, anonymous_client: APIClient) -> None:
    anonymous_client.post(GOOGLE, idp.body(nonce=NONCE))

    again = anonymous_client.post(GOOGLE, idp.body(nonce=NONCE, sub="2", email="two@example.test"))

    assert (again.status_code, again.json()["code"]) == (401, "nonce_reused")


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": [WEB]},
        {"aud": [WEB, IOS], "azp": IOS},
        {"aud": IOS, "azp": IOS},
        {"azp": GONE},
        {"iss": "accounts.example.test"},
        {"nbf": 1},
        {"email_verified": "true"},
        {"picture": "https://example.test/rex.png", "at_hash": "x", "hd": "example.test"},
    ],
)
def test_what_google_may_say_is_accepted(
    idp: IdentityProvider, anonymous_client: APIClient, changes: dict[str, Any]
) -> None:
    response = anonymous_client.post(GOOGLE, idp.body(**changes))

    assert response.status_code == 201, response.json()


def test_clocks_may_differ_a_little(idp: IdentityProvider, anonymous_client: APIClient) -> None:
    early = anonymous_client.post(GOOGLE, idp.body(iat=now() + 30, nbf=now() + 30))
    late = anonymous_client.post(GOOGLE, idp.body(iat=now() - 3_600, exp=now() - 30))

    assert (early.status_code, late.status_code) == (201, 200)


def test_both_algorithms_are_verified(idp: IdentityProvider, anonymous_client: APIClient) -> None:
    claims = idp.claims()

    response = anonymous_client.post(GOOGLE, {"id_token": curved(claims), "nonce": claims["nonce"]})

    assert response.status_code == 201
