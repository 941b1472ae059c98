"""The benchmark's application for `celery worker`, made from BENCH_BROKER, BENCH_OPTIONS, BENCH_QUEUE, BENCH_RESULT and BENCH_TOTAL."""

import json
import os
from pathlib import Path

from config.bench.transport_app import add_tasks, make_app

app = make_app(
    broker=os.environ["BENCH_BROKER"],
    options=json.loads(os.environ["BENCH_OPTIONS"]),
    queue=os.environ["BENCH_QUEUE"],
)
# Its tasks are made by name in this process; nothing else may take the message.
app.set_current()
add_tasks(app, result=Path(os.environ["BENCH_RESULT"]), total=int(os.environ["BENCH_TOTAL"]))
