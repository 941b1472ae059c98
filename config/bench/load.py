"""A light HTTP client: many keep-alive connections, one process, no parsing beyond the length of the answer.

`python -m config.bench.load PORT SECONDS CONNECTIONS`, the requests (one target and token a line) on standard input; prints the
answers counted and the seconds they took. An answer other than 200 ends it.
"""

import selectors
import socket
import sys
import time
from itertools import cycle

HOST = "127.0.0.1"
OK = b"HTTP/1.1 200 "
LENGTH = b"content-length: "
END = b"\r\n\r\n"


class Exchange:
    """One connection with one request under way."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection((HOST, port), timeout=10)
        self._answer = b""

    def ask(self, request: bytes) -> None:
        """Send a request."""
        self._answer = b""
        self.socket.sendall(request)

    def is_answered(self) -> bool:
        """Read what has come; whether the answer is whole."""
        piece = self.socket.recv(65_536)
        if not piece:
            raise SystemExit("The server closed a connection.")
        self._answer += piece
        head, separator, body = self._answer.partition(END)
        if not separator:
            return False
        if not head.startswith(OK):
            raise SystemExit(f"The server answered {self._answer[:300]!r}")
        return len(body) >= length_of(head)


def length_of(head: bytes) -> int:
    """The length that the headers tell."""
    _, found, rest = head.lower().partition(LENGTH)
    if not found:
        raise SystemExit("The server told no length.")
    return int(rest.partition(b"\r\n")[0])


def encoded(line: str) -> bytes:
    """A target and a token as a request."""
    target, _, token = line.strip().partition(" ")
    return f"GET {target} HTTP/1.1\r\nHost: {HOST}\r\nAuthorization: Bearer {token}\r\n\r\n".encode()


def run(port: int, seconds: float, exchanges: int, lines: list[str]) -> tuple[int, float]:
    """Ask for `seconds`; how many answers came in how many seconds."""
    requests = cycle([encoded(line) for line in lines])
    ready = selectors.DefaultSelector()
    begin = time.perf_counter()
    for _ in range(exchanges):
        exchange = Exchange(port)
        ready.register(exchange.socket, selectors.EVENT_READ, exchange)
        exchange.ask(next(requests))
    count = 0
    while (elapsed := time.perf_counter() - begin) < seconds:
        for key, _ in ready.select(timeout=1):
            if key.data.is_answered():
                count += 1
                key.data.ask(next(requests))
    return count, elapsed


if __name__ == "__main__":
    answers, took = run(int(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3]), sys.stdin.readlines())
    print(answers, took)
