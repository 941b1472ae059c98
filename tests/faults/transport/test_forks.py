"""A producer of the parent is of no use in a child, and must do it no harm."""

import subprocess
import sys
from collections import Counter

from celery import Celery

from tests.faults.transport.publishing import store_numbers
from tests.faults.transport.servers import ROOT, Bench, wait_until

# The child ends the ordinary way, so that the interpreter tears down everything that it inherited.
FORKING = """
import os, sys, time
from tests.faults.transport.app import app

def publish(number):
    app.send_task("one.note", kwargs={"number": number})

publish(1)
child = os.fork()
publish(2 if child else 3)
if child:
    deadline = time.monotonic() + 15
    while time.monotonic() < deadline:
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid:
            publish(4)
            sys.exit(os.waitstatus_to_exitcode(status))
        time.sleep(0.05)
    os.kill(child, 9)
    sys.exit("the child hangs")
"""


def test_parent_and_forked_child_both_publish_and_end(bench: Bench) -> None:
    bench.worker("reader")

    ended = subprocess.run(
        [sys.executable, "-c", FORKING],
        cwd=ROOT,
        env=bench.environment(),
        timeout=30,
        check=False,
        capture_output=True,
        text=True,
    )

    assert ended.returncode == 0, ended.stderr
    wait_until(lambda: len(bench.journal.runs()) == 4, timeout=20, what="all four tasks ran")
    assert bench.journal.runs() == Counter({1: 1, 2: 1, 3: 1, 4: 1})


def test_pool_processes_publish(bench: Bench, outbox: Celery) -> None:
    bench.worker("prefork", pool="prefork", concurrency=2)

    store_numbers(outbox, range(10), task="one.publish_from_task")

    wait_until(lambda: len(bench.journal.runs()) == 10, timeout=20, what="the published tasks ran")
    assert bench.journal.runs() == Counter(range(10))
