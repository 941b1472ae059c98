from collections.abc import Callable

from tests.flows.installation import Installation
from tests.flows.people import Person

BACKENDS = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'puppies-worker%'"


def test_tasks_keep_their_connections_to_the_database(
    installation: Installation, person: Callable[[str], Person]
) -> None:
    author = person("author")
    for number in range(8):
        author.post(f"warming up {number}")
    installation.wait_delivered()
    before = {pid for (pid,) in installation.rows(BACKENDS)}

    for number in range(8):
        author.post(f"again {number}")
    installation.wait_delivered()

    after = {pid for (pid,) in installation.rows(BACKENDS)}
    assert before
    assert before <= after
