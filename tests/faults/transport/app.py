"""The Celery application that the fault tests run in real worker processes.

Tasks write what they do into the journal, a file with one line per event; one write call per line keeps lines whole.
"""

import json
import os
import signal
import time
from typing import Any

from celery import Celery
from celery.app.task import Task
from celery.exceptions import Reject
from celery.worker.request import Request
from kombu import Queue

from puppies import kafka
from puppies.kafka import health

QUEUES = ["one", "two", "three", "four", "five"]

kafka.register()
app = Celery("transport-tests", broker=os.environ["TEST_BROKER_URL"])
app.conf.update(
    broker_transport_options=json.loads(os.environ.get("TEST_TRANSPORT_OPTIONS", "{}")),
    task_queues=[Queue(name) for name in QUEUES],
    task_default_queue="one",
    task_routes={f"{name}.*": {"queue": name} for name in QUEUES},
    task_create_missing_queues=False,
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    task_ignore_result=True,
    task_publish_retry=False,
    worker_prefetch_multiplier=4,
    worker_lost_wait=0.5,
    worker_enable_remote_control=False,
    worker_hijack_root_logger=True,
    accept_content=["json"],
)
health.install(app)


def write(*words: object) -> None:
    """Add one line to the journal."""
    line = " ".join(str(word) for word in (*words, os.getpid(), time.time())) + "\n"
    descriptor = os.open(os.environ["TEST_JOURNAL"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    try:
        os.write(descriptor, line.encode())
    finally:
        os.close(descriptor)


def note(*, number: int, seconds: float = 0.0) -> None:
    """Work for some seconds and leave a start and an end."""
    write("start", number)
    time.sleep(seconds)
    write("end", number)


for _name in QUEUES:
    app.task(name=f"{_name}.note")(note)


@app.task(name="one.hold")
def hold(*, number: int) -> None:
    """Run until the test lets this process's tasks go."""
    write("start", number)
    while not os.path.exists(f"{os.environ['TEST_JOURNAL']}.release.{os.getpid()}"):
        time.sleep(0.02)
    write("end", number)


@app.task(name="one.headers", bind=True)
def headers(self: "Task[Any, Any]", *, number: int) -> None:
    """Leave the traceparent that the publisher sent."""
    write("traceparent", (self.request.headers or {}).get("traceparent"))
    write("end", number)


@app.task(name="one.kill_once")
def kill_once(*, number: int) -> None:
    """Kill the pool process at the first run; note the second."""
    if os.path.exists(os.environ["TEST_JOURNAL"] + ".killed"):
        write("end", number)
        return
    open(os.environ["TEST_JOURNAL"] + ".killed", "w").close()
    os.kill(os.getpid(), signal.SIGKILL)


@app.task(name="one.publish_from_task")
def publish_from_task(*, number: int) -> None:
    """Publish another task from inside a pool process."""
    app.send_task("one.note", kwargs={"number": number})


@app.task(name="one.refuse")
def refuse(*, number: int) -> None:
    """Refuse the message for good."""
    raise Reject(f"number {number} is refused", requeue=False)


class Unrequestable(Request):
    """A request that cannot be made."""

    def __init__(self, *_: Any, **__: Any) -> None:
        raise RuntimeError("this request cannot be made")


@app.task(name="one.unrequestable", Request=Unrequestable)
def unrequestable(*, number: int) -> None:
    """Never get here."""
    write("end", number)


@app.task(name="one.out_of_memory")
def out_of_memory(*, number: int) -> None:
    """Raise what Celery lets through its pools."""
    raise MemoryError(f"number {number} needs more")


@app.task(name="one.leave")
def leave(*, number: int) -> None:
    """Ask for the end of the process."""
    raise SystemExit(number)
