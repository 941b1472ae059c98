"""An identity provider on loopback, over HTTP with real keys: it says what it is told to, so it can be wrong in every way."""

import hashlib
import json
import secrets
import threading
from base64 import urlsafe_b64encode
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from time import time
from typing import Any, Self
from urllib.parse import parse_qs

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from accounts.oidc.providers import ClientKey, Provider

WEB, IOS, APPLE = "puppies-web", "puppies-ios", "org.example.puppies"
REDIRECT = "https://app.example.test/signed-in"
SECRET = "the secret of puppies-web"
GONE = object()  # a claim that is left out

Claims = dict[str, Any]
Write = Callable[[BaseHTTPRequestHandler], None]


@cache
def rsa_key(name: str) -> rsa.RSAPrivateKey:
    """One key a name; making one takes a while."""
    return rsa.generate_private_key(65_537, 1_024 if name == "short" else 2_048)


@cache
def ec_key(name: str) -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def private_pem(key: Any) -> str:
    return str(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode())


def rsa_jwk(name: str) -> Claims:
    jwk: Claims = RSAAlgorithm.to_jwk(rsa_key(name).public_key(), as_dict=True)
    return {"kty": "RSA", "n": jwk["n"], "e": jwk["e"], "kid": name, "use": "sig", "alg": "RS256"}


def ec_jwk(name: str) -> Claims:
    jwk: Claims = ECAlgorithm.to_jwk(ec_key(name).public_key(), as_dict=True)
    return {**jwk, "kid": name, "use": "sig", "alg": "ES256"}


def wide_jwk(name: str) -> Claims:
    """A key on another curve that says it is for ES256."""
    jwk: Claims = ECAlgorithm.to_jwk(ec.generate_private_key(ec.SECP384R1()).public_key(), as_dict=True)
    return {**jwk, "kid": name, "alg": "ES256"}


def encoded(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def challenge_of(verifier: str) -> str:
    return encoded(hashlib.sha256(verifier.encode()).digest())


@dataclass
class Code:
    """What the provider remembers of a sign-in until its code is exchanged."""

    id_token: str
    challenge: str
    redirect_uri: str
    client_id: str


@dataclass
class IdentityProvider:
    """Answers /jwks and /token; `answers` replaces what a path answers, `asked` counts."""

    keys: list[Claims] = field(default_factory=lambda: [rsa_jwk("first"), ec_jwk("curved")])
    asked: Counter[str] = field(default_factory=Counter)
    answers: dict[str, Write] = field(default_factory=dict)
    codes: dict[str, Code] = field(default_factory=dict)
    forms: list[dict[str, str]] = field(default_factory=list)

    def __enter__(self) -> Self:
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler_of(self))
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self._thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Nobody listens any more; done already is fine."""
        if self._thread.is_alive():
            self.server.shutdown()
            self._thread.join()
            self.server.server_close()

    def google(self, **changes: Any) -> Provider:
        settings: dict[str, Any] = {
            "name": "google",
            "issuers": (self.url, "accounts.example.test"),
            "jwks_url": f"{self.url}/jwks",
            "token_url": f"{self.url}/token",
            "client_ids": (WEB, IOS),
            "redirect_uris": (REDIRECT,),
            "client_secret": SECRET,
        }
        return Provider(**settings | changes)

    def apple(self, **changes: Any) -> Provider:
        key = ClientKey("TEAM", "KEY", private_pem(ec_key("client")))
        issuers, own = (f"{self.url}/apple",), {"name": "apple", "client_ids": (APPLE,), "client_secret": ""}
        return self.google(**own | {"issuers": issuers, "client_key": key} | changes)

    def claims(self, **changes: Any) -> Claims:
        """What Google claims of rex; `GONE` leaves a claim out."""
        now = int(time())
        claims = {
            "iss": self.url,
            "aud": WEB,
            "azp": WEB,
            "sub": "1080",
            "email": "rex@example.test",
            "email_verified": True,
            "name": "Rex Barker",
            "nonce": secrets.token_hex(16),
            "iat": now,
            "exp": now + 3_600,
        }
        return {name: value for name, value in (claims | changes).items() if value is not GONE}

    def apple_claims(self, **changes: Any) -> Claims:
        """What Apple claims of rex: no name, and truth in quotes."""
        own = {"iss": f"{self.url}/apple", "aud": APPLE, "azp": GONE, "name": GONE, "email_verified": "true"}
        return self.claims(**own | changes)

    def body(self, **changes: Any) -> dict[str, str]:
        """What a client sends for a token of rex's."""
        claims = self.claims(**changes)
        return {"id_token": signed(claims), "nonce": claims["nonce"]}

    def apple_body(self, **changes: Any) -> dict[str, Any]:
        claims = self.apple_claims(**changes)
        return {"id_token": signed(claims), "nonce": claims["nonce"]}

    def begin(self, claims: Claims, *, verifier: str, client_id: str = WEB) -> str:
        """A code, as after a sign-in at the provider with this verifier's challenge."""
        code = secrets.token_hex(16)
        self.codes[code] = Code(signed(claims), challenge_of(verifier), REDIRECT, client_id)
        return code

    def exchange(self, form: dict[str, str]) -> tuple[int, Claims]:
        """RFC 6749, 4.1.3 with RFC 7636, 4.6: a code is good once, for whoever began."""
        self.forms.append(form)
        known = self.codes.pop(form.get("code", ""), None)
        if not self.is_client(form):
            return 401, {"error": "invalid_client"}
        is_right = known and (known.challenge, known.redirect_uri, known.client_id) == (
            challenge_of(form.get("code_verifier", "")),
            form.get("redirect_uri"),
            form.get("client_id"),
        )
        if known is None or not is_right or form.get("grant_type") != "authorization_code":
            return 400, {"error": "invalid_grant"}
        return 200, {"access_token": "ya29.opaque", "token_type": "Bearer", "id_token": known.id_token}

    def is_client(self, form: dict[str, str]) -> bool:
        """Google's secret, or Apple's signed one."""
        if form.get("client_id") == WEB:
            return form.get("client_secret") == SECRET
        secret = form.get("client_secret", "")
        claims = jwt.decode(
            secret, ec_key("client").public_key(), algorithms=["ES256"], audience=f"{self.url}/apple"
        )
        header = jwt.get_unverified_header(secret)
        return (claims["iss"], claims["sub"], header["kid"]) == ("TEAM", APPLE, "KEY")


def signed(claims: Any, *, key: str = "first", kid: Any = None, **header: Any) -> str:
    """A token signed by an RSA key; its `kid` is the key's name unless another is given."""
    payload = json.dumps(claims).encode()
    headers = {"kid": key if kid is None else kid, **header}
    return jwt.PyJWS().encode(payload, rsa_key(key), algorithm="RS256", headers=headers)


def curved(claims: Claims, *, kid: str = "curved") -> str:
    """A token signed on P-256."""
    return jwt.encode(claims, ec_key("curved"), algorithm="ES256", headers={"kid": kid})


def write(status: int, body: bytes, **headers: str) -> Write:
    """An answer of these bytes."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(body)

    return answer


def written(status: int, document: Any) -> Write:
    return write(status, json.dumps(document).encode())


def handler_of(provider: IdentityProvider) -> type[BaseHTTPRequestHandler]:
    """The provider as the class that http.server wants."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            provider.asked[self.path] += 1
            own = provider.answers.get(self.path)
            (own or written(200, {"keys": provider.keys}))(self)

        def do_POST(self) -> None:
            provider.asked[self.path] += 1
            raw = self.rfile.read(int(self.headers["Content-Length"])).decode()
            form = {name: values[0] for name, values in parse_qs(raw).items()}
            own = provider.answers.get(self.path)
            (own or written(*provider.exchange(form)))(self)

        def log_message(self, *_: object) -> None:
            pass

    return Handler
