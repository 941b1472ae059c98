"""HTTP sessions whose connections somebody else can end."""

import socket
from typing import Any

import requests
from requests.adapters import HTTPAdapter

from accounts.oidc.doors import Line


def session_on(line: Line) -> requests.Session:
    """A session for one exchange; the line holds each connection from before TLS begins."""
    session = requests.Session()
    for scheme in ("https://", "http://"):
        session.mount(scheme, HeldAdapter(line))
    return session


class HeldAdapter(HTTPAdapter):
    """The usual adapter, on a line."""

    def __init__(self, line: Line) -> None:
        self._line = line
        super().__init__()

    def get_connection_with_tls_context(self, *arguments: Any, **options: Any) -> Any:
        """The usual pool, direct or by a proxy, of connections that the line holds."""
        pool: Any = super().get_connection_with_tls_context(*arguments, **options)
        pool.ConnectionCls = _held(pool.ConnectionCls, self._line)
        return pool


def _held(usual: Any, line: Line) -> Any:
    class Held(usual):  # type: ignore[misc]
        def _new_conn(self) -> socket.socket:
            connected: socket.socket = super()._new_conn()
            line.hold(connected)
            return connected

    return Held
