"""Tasks that beat sends again and again: one that finds no database leaves its work to the next."""

import functools
import logging
from collections.abc import Callable
from typing import Any

from celery import shared_task
from django.db import InterfaceError, OperationalError

logger = logging.getLogger(__name__)


def periodic(name: str) -> Callable[[Callable[[], None]], Any]:
    """Make `work()` the Celery task `name`; a database that is away or gives up is one line in the log, not a traceback."""

    def decorate(work: Callable[[], None]) -> Any:
        @shared_task(name=name)
        @functools.wraps(work)
        def task(**_: object) -> None:
            try:
                work()
            except (OperationalError, InterfaceError) as error:
                reason = str(error).strip().partition("\n")[0]
                logger.error("task_without_database task=%s error=%s", name, reason)  # noqa: TRY400

        return task

    return decorate
