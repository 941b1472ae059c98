"""What a container is asked: `python deploy/healthcheck.py api|worker|relay`, or `beat SCHEDULE_FILE`.

Exit code 0 when the role does its work, 1 with one line of reason when it does not. Reads the same environment as the role.
"""

import glob
import http.client
import os
import sys
import time
from pathlib import Path

import psycopg2

# A relay looks every second, and a delivery that is being worked on is due later: one so long overdue lies still.
OVERDUE_SECONDS = 60
# Beat writes its schedule down every three minutes.
SCHEDULE_SECONDS = 400

OVERDUE = """
SELECT count(*) FROM puppies_delivery
 WHERE done_at IS NULL AND dead_at IS NULL AND due_at < now() - make_interval(secs => %s)
"""


class Ill(Exception):
    """The role does not do its work; the text says how that shows."""


def api() -> None:
    """The API answers and reaches PostgreSQL."""
    _expect_ok(port=int(os.environ.get("PORT", "8000")), path="/readyz")


def worker() -> None:
    """The worker's consumer polled Kafka lately."""
    _expect_ok(port=int(os.environ["HEALTH_PORT"]), path="/livez")


def relay() -> None:
    """No delivery waits long for being published."""
    try:
        connection = psycopg2.connect(os.environ["DATABASE_URL"], connect_timeout=2)
    except psycopg2.Error as error:
        raise Ill(f"PostgreSQL does not answer: {error}") from error
    try:
        with connection.cursor() as cursor:
            cursor.execute(OVERDUE, [OVERDUE_SECONDS])
            ((count,),) = cursor.fetchall()
    finally:
        connection.close()
    if count:
        raise Ill(f"{count} deliveries are overdue by more than {OVERDUE_SECONDS} s. Is Kafka up?")


def beat(schedule: str) -> None:
    """Beat has written its schedule down lately; dbm adds endings to the file's name."""
    files = glob.glob(f"{glob.escape(schedule)}*")
    age = time.time() - max((Path(file).stat().st_mtime for file in files), default=0)
    if age > SCHEDULE_SECONDS:
        raise Ill(f"Beat last wrote its schedule {age:.0f} s ago.")


def ask(arguments: list[str]) -> None:
    """Ask the role that the arguments name. Raises Ill."""
    match arguments:
        case ["api"]:
            api()
        case ["worker"]:
            worker()
        case ["relay"]:
            relay()
        case ["beat", schedule]:
            beat(schedule)
        case _:
            raise Ill("Say which role to ask: api, worker, relay, or beat SCHEDULE_FILE.")


def main() -> int:
    """Ask, and say on standard error what is wrong; the exit code."""
    try:
        ask(sys.argv[1:])
    except Ill as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _expect_ok(*, port: int, path: str) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=3)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        body = answer.read(500).decode(errors="replace")
    except (OSError, http.client.HTTPException) as error:
        raise Ill(f"Port {port} does not answer: {error}") from error
    finally:
        connection.close()
    if answer.status != 200:
        raise Ill(f"{path} says {answer.status}: {body}")


if __name__ == "__main__":
    sys.exit(main())
