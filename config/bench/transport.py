"""Budget 4: the same trivial Celery application on our Kafka transport and on Redis."""

import itertools
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from celery import Celery
from django.conf import settings

from config.bench.figures import Chapter, Figure
from config.bench.lab import CONCURRENCY, Lab, alternate, laboratory
from config.bench.transport_app import make_app
from config.stack import StackError
from config.stack.programs import Program
from puppies.kafka.batch import TaskMessage, publish_tasks
from puppies.kafka.topics import ensure_topics

LIMIT_SECONDS = 60.0
RECORDED = 1_000
KILLED_AFTER = 200
BACK_WITHIN_SECONDS = 20


@dataclass(frozen=True)
class Broker:
    """A broker to try: how tasks reach it, and what a queue needs before the first one."""

    url: str
    options: Mapping[str, Any]
    publish: Callable[[Celery, str, int], None]
    prepare: Callable[[str], None]


@dataclass(frozen=True)
class Course:
    """One run: tasks published and consumed a second."""

    published: float
    consumed: float


@dataclass
class Trial:
    """A queue of its own on a broker, and a worker for it."""

    lab: Lab
    broker: Broker
    total: int
    queue: str = field(default_factory=partial(next, (f"bench-{number}" for number in itertools.count())))

    @property
    def result(self) -> Path:
        """The file that the worker writes."""
        return self.lab.directory / f"{self.queue}.txt"

    def app(self) -> Celery:
        """The application, for publishing."""
        return make_app(broker=self.broker.url, options=self.broker.options, queue=self.queue)

    def worker(self) -> Program:
        """A Celery worker with the threads pool; it is known by its results."""
        roles = self.lab.roles
        words = roles.celery("worker", "--queues", self.queue, "--pool", "threads")
        words += [
            "--concurrency",
            str(CONCURRENCY),
            "--without-gossip",
            "--without-mingle",
            "--without-heartbeat",
        ]
        return Program(
            name=f"worker-{self.queue}",
            words=[
                "config.bench.transport_worker:app" if word == "config.celery:app" else word for word in words
            ],
            log=self.lab.directory / "logs" / f"{self.queue}.log",
            environment={
                **roles.relay().environment_of_process(),
                "BENCH_BROKER": self.broker.url,
                "BENCH_OPTIONS": json.dumps(self.broker.options),
                "BENCH_QUEUE": self.queue,
                "BENCH_RESULT": str(self.result),
                "BENCH_TOTAL": str(self.total),
            },
            answers=lambda part: True,
        )

    def lines(self) -> list[str]:
        """What the worker has written."""
        return self.result.read_text(encoding="ascii").splitlines() if self.result.exists() else []


def measure(*, quick: bool, secret_key: str, say: Callable[[str], None]) -> Chapter:
    """Alternate the two brokers, then kill a worker on each."""
    total = 1_000 if quick else 5_000
    bound = 5 if quick else BACK_WITHIN_SECONDS
    with laboratory(("valkey", "kafka"), secret_key=secret_key) as lab:
        brokers = {"ours": kafka_broker(lab), "redis": redis_broker(lab)}
        say(f"transport: rounds of {total:,} tasks")
        runs = {name: partial(run, lab, broker, total) for name, broker in brokers.items()}
        found = alternate(1 if quick else 3, runs)
        say("transport: kill -9")
        lost = {name: lose(lab, broker, bound) for name, broker in brokers.items()}
    return Chapter("transport", "Celery on Kafka", figures(found, lost, bound), notes(total))


def kafka_broker(lab: Lab) -> Broker:
    """The embedded broker with the options of the settings, at its address and with the times that it needs."""
    environment = lab.stores.environment()
    options = {
        **settings.KAFKA_OPTIONS,
        "topic_prefix": "",
        "session_timeout_ms": int(environment["KAFKA_SESSION_TIMEOUT_MS"]),
        "heartbeat_interval_ms": int(environment["KAFKA_HEARTBEAT_MS"]),
        "fetch_wait_max_ms": int(environment["KAFKA_FETCH_WAIT_MS"]),
        "client_config": {},
    }
    bootstrap = environment["KAFKA_BOOTSTRAP"]
    return Broker(
        url=f"puppies-kafka://{bootstrap}",
        options=options,
        publish=publish_in_batches,
        prepare=lambda queue: prepare_topic(bootstrap, queue),
    )


def redis_broker(lab: Lab) -> Broker:
    """Kombu's Redis transport as it comes."""
    return Broker(
        url=lab.stores.environment()["REDIS_URL"],
        options={},
        publish=publish_one_by_one,
        prepare=lambda queue: None,
    )


def prepare_topic(bootstrap: str, queue: str) -> None:
    """Make the queue's topic with the partitions of the settings."""
    ensure_topics(bootstrap, [queue], "", settings.KAFKA_PARTITIONS)


def publish_in_batches(app: Celery, task: str, total: int) -> None:
    """Publish as the relay does: confirmed, so many at once."""
    messages = [
        TaskMessage(
            task=task, kwargs={"number": number}, partition_key=str(number), task_id=f"{task}-{number}"
        )
        for number in range(total)
    ]
    for first in range(0, total, settings.RELAY_BATCH):
        errors = publish_tasks(app, messages[first : first + settings.RELAY_BATCH], timeout=LIMIT_SECONDS)
        if any(errors):
            raise StackError(f"Publishing failed: {next(filter(None, errors))}")


def publish_one_by_one(app: Celery, task: str, total: int) -> None:
    """Publish in the usual way, over the application's pooled connection."""
    for number in range(total):
        app.send_task(task, kwargs={"number": number})


def run(lab: Lab, broker: Broker, total: int) -> Course:
    """Fill a queue, then start a worker; its own clock tells how long it took from the first task to the last."""
    trial = Trial(lab, broker, total)
    broker.prepare(trial.queue)
    app = trial.app()
    begin = time.perf_counter()
    broker.publish(app, "bench.count", total)
    published = time.perf_counter() - begin
    app.close()
    with lab.running(trial.worker()):
        wait_for(trial, lines=1, seconds=LIMIT_SECONDS)
    return Course(published=total / published, consumed=total / float(trial.lines()[0]))


def lose(lab: Lab, broker: Broker, bound: int) -> int:
    """Kill -9 a busy worker once, start another; how many tasks have not run when none has for `bound` seconds."""
    trial = Trial(lab, broker, RECORDED)
    broker.prepare(trial.queue)
    app = trial.app()
    broker.publish(app, "bench.record", RECORDED)
    app.close()
    victim = trial.worker()
    with lab.running(victim):
        wait_for(trial, lines=KILLED_AFTER, seconds=LIMIT_SECONDS)
        victim.kill()
    with lab.running(trial.worker()):
        wait_for_rest(trial, bound)
    return missing(trial)


def wait_for_rest(trial: Trial, bound: int) -> None:
    """Return when every task has run, or none has for `bound` seconds since the new worker began."""
    begin = progress = time.monotonic()
    first = last = len(trial.lines())
    while missing(trial) and time.monotonic() < begin + LIMIT_SECONDS:
        time.sleep(0.1)
        if (count := len(trial.lines())) != last:
            last, progress = count, time.monotonic()
        elif count > first and time.monotonic() > progress + bound:
            return


def missing(trial: Trial) -> int:
    """How many of the tasks have left no line."""
    return trial.total - len(set(trial.lines()))


def wait_for(trial: Trial, *, lines: int, seconds: float) -> None:
    """Return when the worker has written so many lines; raise StackError after so many seconds."""
    deadline = time.monotonic() + seconds
    while len(trial.lines()) < lines:
        if time.monotonic() > deadline:
            raise StackError(
                f"The worker on {trial.broker.url} did not finish {trial.queue} in {seconds:.0f} s."
            )
        time.sleep(0.02)


def figures(found: Mapping[str, list[Course]], lost: Mapping[str, int], bound: int) -> list[Figure]:
    """The three budgets."""
    return [
        Figure.faster(
            "tasks consumed",
            unit="tasks/s",
            ours=[course.consumed for course in found["ours"]],
            peer="Celery on Redis",
            theirs=[course.consumed for course in found["redis"]],
            budget=1.5,
        ),
        Figure.faster(
            "tasks published, confirmed in batches",
            unit="tasks/s",
            ours=[course.published for course in found["ours"]],
            peer="Celery on Redis, one by one",
            theirs=[course.published for course in found["redis"]],
            budget=1.5,
        ),
        Figure.none(
            f"not run after one kill -9 and {bound} idle s",
            unit=f"of {RECORDED:,} tasks",
            ours=lost["ours"],
            peer="Celery on Redis",
            theirs=lost["redis"],
        ),
    ]


def notes(total: int) -> list[str]:
    """How it was measured."""
    return [
        (
            f"{total:,} tasks of no work are queued before the worker starts; threads pool of {CONCURRENCY}, late acknowledgement, "
            f"prefetch {settings.CELERY_WORKER_PREFETCH_MULTIPLIER} a thread; the worker's clock runs from the first task to the last."
        ),
        "Redis is kombu's transport with its defaults: what a killed worker held comes back after its visibility time-out, one hour.",
    ]
