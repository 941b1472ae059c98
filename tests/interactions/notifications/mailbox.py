"""A mail server on loopback that answers for one mailbox as it is told."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from socketserver import StreamRequestHandler, ThreadingTCPServer


class Mailbox(ThreadingTCPServer):
    """Takes mails, or refuses their recipients with `answer`; `taken` counts what it took, `asked` how often a recipient was named."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Conversation)
        self.answer = "250 ok"
        self.asked = self.taken = 0

    @property
    def port(self) -> int:
        return int(self.server_address[1])


class Conversation(StreamRequestHandler):
    """One client, as far as RFC 5321 is spoken by ours."""

    server: Mailbox

    def handle(self) -> None:
        self.say("220 mail.test")
        while line := self.rfile.readline().decode().strip():
            match line.upper().split()[0]:
                case "RCPT":
                    self.server.asked += 1
                    self.say(self.server.answer)
                case "DATA":
                    self.take()
                case "QUIT":
                    return self.say("221 bye")
                case _:
                    self.say("250 ok")
        return None

    def take(self) -> None:
        self.say("354 go on")
        while self.rfile.readline() not in (b".\r\n", b""):
            continue
        self.server.taken += 1
        self.say("250 ok")

    def say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())


@contextmanager
def mailbox() -> Iterator[Mailbox]:
    """A server that runs within the block."""
    with Mailbox() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
