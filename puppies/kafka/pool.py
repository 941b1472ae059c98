"""Celery's pools, answering for every message.

Celery's own keep an error that is raised around a task, not by it, to themselves: the threads pool in a future that nobody
asks, the process pool in its log. The message would stay unacknowledged, and with it the commits of its partition.
"""

import logging
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from typing import Any

from billiard.exceptions import WorkerLostError
from celery.concurrency import prefork, thread
from celery.worker.request import Request
from celery.worker.state import task_ready

from puppies.kafka.transport import Message

logger = logging.getLogger(__name__)


class ThreadPool(thread.TaskPool):
    """Threads; a message whose task could not be run or reported becomes a dead letter."""

    def apply_async(self, target: Any, args: Any = None, kwargs: Any = None, **options: Any) -> Any:
        """Run a task on a thread, as Celery asks for it."""
        result = super().apply_async(target, args, kwargs, **options)
        if (request := _request(options)) is not None:
            result.f.add_done_callback(partial(_look, request))
        return result


class ProcessPool(prefork.TaskPool):
    """Processes; a message whose task could not be reported becomes a dead letter."""

    def apply_async(self, target: Any, args: Any = None, kwargs: Any = None, **options: Any) -> Any:
        """Run a task in a process, as Celery asks for it."""
        if (request := _request(options)) is not None:
            for name in ("callback", "error_callback"):
                options[name] = partial(_report, request, options[name])
        return super().apply_async(target, args, kwargs, **options)


def _request(options: dict[str, Any]) -> Request | None:
    """The request whose methods are the callbacks, if its message came over this transport."""
    request = getattr(options.get("callback"), "__self__", None)
    return request if isinstance(request, Request) and isinstance(request.message, Message) else None


def _look(request: Request, future: "Future[Any]") -> None:
    if not future.cancelled() and isinstance(error := future.exception(), Exception):
        # What a thread raises to leave the process breaks Celery's callback: that error only hides it.
        lost = error.__context__
        _fail(request, lost if isinstance(lost, WorkerLostError) else error)


def _report(request: Request, callback: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
    try:
        callback(*args, **kwargs)
    except Exception as error:
        _fail(request, error)


def _fail(request: Request, error: Exception) -> None:
    logger.error("Task %s[%s] ended outside of its own code", request.name, request.id, exc_info=error)
    if not request.acknowledged:
        request.acknowledged = True
        task_ready(request)
        request.message.fail(error)
