"""Tasks that work a delivery off: claimed first, done in batches, finished with the last.

Source of the scheme: the transactional outbox with an idempotent receiver (Hohpe and Woolf, *Enterprise Integration Patterns*), the
receiver's memory being the outbox row itself.
"""

import functools
import logging
import traceback
from collections.abc import Callable
from typing import Any

from celery import shared_task
from django.conf import settings
from django.db import transaction

from puppies import trace
from puppies.outbox import leases

Step = Callable[..., int | None]
Action = Callable[..., None]

logger = logging.getLogger(__name__)


def delivered(name: str) -> Callable[[Step], Any]:
    """Make `step(*, position, **payload)` the Celery task `name`, run once for each delivery.

    The step does one batch from `position` (0 at first) inside a transaction that the runner opened, and returns the next position,
    or None when nothing is left. The batch and its position commit together, so a batch takes effect once however often the message
    comes. An exception ends the attempt: the delivery is due again after a back-off, or dead after the last attempt; the message is
    acknowledged in either case.
    """

    def decorate(step: Step) -> Any:
        @shared_task(name=name)
        @functools.wraps(step)
        def task(*, delivery_id: int, **_: object) -> None:
            run(delivery_id=delivery_id, step=step)

        return task

    return decorate


def performed(name: str) -> Callable[[Action], Any]:
    """Make `action(**payload)` the Celery task `name`, for an effect outside the database such as a mail.

    It runs outside any transaction and at least once: a worker lost between the effect and its record has it run again. An exception
    ends the attempt as in `delivered`.
    """

    def decorate(action: Action) -> Any:
        @shared_task(name=name)
        @functools.wraps(action)
        def task(*, delivery_id: int, **_: object) -> None:
            perform(delivery_id=delivery_id, action=action)

        return task

    return decorate


def run(*, delivery_id: int, step: Step) -> None:
    """Work one delivery off with `step`, or find that there is nothing to do: it is settled, or another copy is at it."""

    def work(claimed: leases.Claimed) -> None:
        while _run_batch(claimed, step):
            continue

    _attempt(delivery_id, work)


def perform(*, delivery_id: int, action: Action) -> None:
    """Perform one delivery's action, or find that there is nothing to do."""

    def work(claimed: leases.Claimed) -> None:
        action(**claimed.payload)
        leases.finish(delivery_id=claimed.id)

    _attempt(delivery_id, work)


def _attempt(delivery_id: int, work: Callable[[leases.Claimed], None]) -> None:
    claimed = leases.claim(delivery_id=delivery_id)
    if claimed is None:
        logger.info("delivery_already_settled id=%s", delivery_id)
        return
    with trace.tracing(traceparent=claimed.traceparent):
        if claimed.attempts > settings.DELIVERY_MAX_ATTEMPTS:
            _record_failure(delivery_id, "Every attempt ended without a word: the worker was lost.")
            return
        try:
            work(claimed)
        except Exception:
            _record_failure(delivery_id, traceback.format_exc())


def _run_batch(claimed: leases.Claimed, step: Step) -> bool:
    with transaction.atomic():
        position = leases.lock(delivery_id=claimed.id)
        if position is None:
            return False
        following = step(position=position, **claimed.payload)
        if following is None:
            leases.finish(delivery_id=claimed.id)
        else:
            leases.advance(delivery_id=claimed.id, position=following)
    return following is not None


def _record_failure(delivery_id: int, error: str) -> None:
    is_dead = leases.fail(delivery_id=delivery_id, error=error)
    outcome = "delivery_dead" if is_dead else "delivery_failed"
    logger.error("%s id=%s error=%s", outcome, delivery_id, error.strip().rsplit("\n", 1)[-1])
