"""Choosing TCP ports on the loopback interface."""

import random
import socket
from collections.abc import Collection

from config.stack.errors import StackError

HOST = "127.0.0.1"
# Below the range from which systems take the ports of outgoing connections.
CANDIDATES = range(20_000, 32_000)


def is_free(port: int) -> bool:
    """Tell whether a server could listen on the port now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def free_port(*, taken: Collection[int] = ()) -> int:
    """Return a port nobody listens on and that is not among `taken`, or raise StackError."""
    for _ in range(200):
        port = random.choice(CANDIDATES)  # noqa: S311
        if port not in taken and is_free(port):
            return port
    raise StackError("No free TCP port was found between 20000 and 32000. Stop other servers and try again.")


def other_port(port: int) -> int:
    """Return a free port to offer instead of one that is taken: ten further, twenty further and so on."""
    tens = range(port + 10, min(port + 500, 65_536), 10)
    return next((candidate for candidate in tens if is_free(candidate)), None) or free_port()


def preferred_port(*, preferred: int, taken: Collection[int] = ()) -> int:
    """Return the preferred port, or a free one when another program has it."""
    if preferred not in taken and is_free(preferred):
        return preferred
    return free_port(taken=taken)
