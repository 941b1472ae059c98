"""A worker's health over HTTP, from the consumer itself: alive means that it polled Kafka lately."""

import json
import logging
import os
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from time import monotonic
from typing import Any

from celery import Celery, bootsteps
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from puppies.kafka.consumer import sessions

logger = logging.getLogger(__name__)

_STALE_SECONDS = 10.0


def report() -> tuple[bool, dict[str, Any]]:
    """Whether every consumer of this process polled within ten seconds, and the figures behind it."""
    current = sessions()
    ages = [monotonic() - session.polled_at for session in current]
    lag = {queue: count for session in current for queue, count in session.lag().items()}
    is_alive = bool(ages) and max(ages) <= _STALE_SECONDS
    return is_alive, {
        "status": "ok" if is_alive else "stale" if ages else "not consuming",
        "polled_seconds_ago": round(max(ages), 3) if ages else None,
        "lag": lag,
    }


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/livez":
            is_alive, figures = report()
            self._answer(200 if is_alive else 503, "application/json", json.dumps(figures).encode())
        elif self.path == "/metrics":
            self._answer(200, CONTENT_TYPE_LATEST, generate_latest())
        else:
            self._answer(404, "text/plain", b"Ask for /livez or /metrics.\n")

    def _answer(self, status: int, content_type: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        logger.debug(format, *args)


class HealthServer(bootsteps.StartStopStep):
    """Worker bootstep; serves while the worker runs if a port is configured."""

    # After the pool: its processes must not inherit the listening socket.
    requires = ("celery.worker.components:Pool",)

    def __init__(self, parent: Any, **kwargs: Any) -> None:
        super().__init__(parent, **kwargs)
        self._server: ThreadingHTTPServer | None = None

    def start(self, parent: Any) -> None:
        """Listen on the transport options' `health_host:health_port`, else on 127.0.0.1:$HEALTH_PORT."""
        options = parent.app.conf.broker_transport_options or {}
        port = options.get("health_port") or os.environ.get("HEALTH_PORT")
        if port:
            self._server = _listen(options.get("health_host", "127.0.0.1"), int(port))
            threading.Thread(target=self._server.serve_forever, name="health", daemon=True).start()

    def stop(self, parent: Any) -> None:
        """Close the port."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    terminate = stop


def _listen(host: str, port: int) -> ThreadingHTTPServer:
    try:
        return ThreadingHTTPServer((host, port), _Handler)
    except OSError as error:
        raise OSError(
            error.errno, f"The health server cannot listen on {host}:{port}; set HEALTH_PORT to a free port."
        ) from error


def install(app: Celery) -> None:
    """Give the workers of this app their health server."""
    app.steps["worker"].add(HealthServer)
