"""The benchmarks run for real, small; their arithmetic is exact."""

import json
import os
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from config.bench import likes, people, report
from config.bench.figures import Chapter, Figure, number
from config.bench.lab import alternate, laboratory
from config.bench.machine import machine

ROOT = Path(__file__).parents[2]
WHERE = {
    "date": "2026-11-22",
    "processor": "P, 2 cores",
    "memory": "4 GiB",
    "system": "Linux 6",
    "Python": "3.11",
}


def faster(*, budget: float) -> Figure:
    return Figure.faster(
        "work", unit="rows/s", ours=[10, 90, 50], peer="floor", theirs=[100, 300, 80], budget=budget
    )


@pytest.mark.parametrize(("budget", "is_met"), [(0.5, True), (0.51, False)])
def test_a_rate_is_judged_by_the_ratio_of_medians(budget: float, is_met: bool) -> None:
    figure = faster(budget=budget)

    assert (figure.ours, figure.theirs, figure.ratio, figure.rounds) == (50, 100, 0.5, 3)
    assert figure.is_met is is_met


@pytest.mark.parametrize(("budget", "is_met"), [(4, True), (4.1, False)])
def test_a_cost_is_judged_the_other_way_round(budget: float, is_met: bool) -> None:
    figure = Figure.cheaper("work", unit="ms", ours=[2, 3, 1], peer="book", theirs=[8, 9, 7], budget=budget)

    assert figure.ratio == 4
    assert figure.is_met is is_met


@pytest.mark.parametrize(("lost", "is_met"), [(0, True), (1, False)])
def test_nothing_may_be_lost(lost: int, is_met: bool) -> None:
    figure = Figure.none("lost", unit="tasks", ours=lost, peer="Redis", theirs=5)

    assert (figure.ratio, figure.budget, figure.is_met) == (None, "0", is_met)


@pytest.mark.parametrize(
    ("value", "shown"), [(0, "0"), (0.123, "0.12"), (9.87, "9.87"), (12.34, "12.3"), (12_345.6, "12,346")]
)
def test_numbers_are_short(value: float, shown: str) -> None:
    assert number(value) == shown


def test_contestants_take_turns_and_their_first_round_is_not_counted() -> None:
    order: list[str] = []

    def ours() -> int:
        order.append("ours")
        return len(order)

    def floor() -> int:
        order.append("floor")
        return len(order)

    results = alternate(2, {"ours": ours, "floor": floor})

    assert order == ["ours", "floor"] * 3
    assert results == {"ours": [3, 5], "floor": [4, 6]}


def test_the_page_holds_every_figure_and_where_it_was_measured() -> None:
    chapter = Chapter("fanout", "Fan-out", [faster(budget=0.6)], ["Nine rounds."])

    page = report.page([chapter], WHERE)

    assert "| work | rows/s | 50 | floor | 100 | 0.50 | ≥ 0.6 | MISSED |" in page
    assert "## Fan-out\n\n- Nine rounds.\n" in page
    assert "| processor | P, 2 cores |" in page


def test_the_terminal_shows_aligned_columns() -> None:
    first, second = report.table([Chapter("fanout", "Fan-out", [faster(budget=0.5)], [])]).splitlines()

    assert first.index("budget") == second.index("≥ 0.5")
    assert second.endswith("met")


def test_the_machine_names_what_was_measured_with() -> None:
    assert machine().keys() >= {"date", "processor", "memory", "Python", "PostgreSQL", "Valkey", "celery"}


def test_a_laboratory_leaves_nothing_behind() -> None:
    with laboratory(("valkey",), secret_key="s" * 50) as lab:
        identity = lab.stores["valkey"].identity
        assert identity is not None
        assert identity.is_alive()
        assert lab.directory.is_dir()

    assert not identity.is_alive()
    assert not lab.directory.exists()


def test_stored_feeds_have_the_rows_that_were_asked_for() -> None:
    with laboratory(("postgres",), secret_key="s" * 50) as lab:
        lab.manage("migrate", "--no-input")
        with lab.database() as cursor:
            people.make_accounts(cursor, 23, signed_in=[1])
            people.make_celebrity(cursor, followers=20, stored=400)
            people.make_readers(cursor, [22, 23], authors=[10, 11], stored=30)

            cursor.execute(
                "SELECT count(*), count(DISTINCT user_id) FROM feeds_feedentry WHERE author_id = 1"
            )
            assert cursor.fetchone() == (400, 20)
            cursor.execute("SELECT count(*) FROM accounts_follow WHERE followee_id IN (10, 11) AND merged")
            assert cursor.fetchone() == (4,)


def test_a_work_that_does_not_exist_is_refused() -> None:
    done = bench("speed")

    assert done.returncode == 2
    assert "invalid choice: 'speed'" in done.stderr


def test_the_page_is_only_written_with_every_work() -> None:
    done = bench("feed", "--write")

    assert done.returncode == 1
    assert "manage.py bench all --write" in done.stderr


def test_the_fan_out_is_measured_for_real() -> None:
    done = bench("fanout", "--quick", "--json")

    found = json.loads(done.stdout)
    [figure] = found["chapters"][0]["figures"]
    assert figure["rounds"] == 5
    assert figure["ours"] > 0
    assert figure["theirs"] > 0
    assert figure["is_met"] is (figure["ratio"] >= 0.5)
    assert done.returncode == (0 if figure["is_met"] else 1)


def test_likes_are_measured_for_real_and_counted_exactly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(likes, "CLIENTS", 2)
    monkeypatch.setattr(likes, "ACCOUNTS", 5_000)
    with laboratory(("postgres", "valkey"), secret_key="s" * 50) as lab, ExitStack() as stack:
        lab.manage("migrate", "--no-input")
        cursor = stack.enter_context(lab.database())
        people.make_accounts(cursor, likes.ACCOUNTS, signed_in=[])
        first, second, drainer = (stack.enter_context(likes.client(lab)) for _ in range(3))

        chapter = likes.race(cursor, [first, second], drainer, rounds=1, seconds=0.5)
        cursor.execute("SELECT count(DISTINCT post_id), count(*) FROM interactions_like")
        posts, rows = cursor.fetchone()

    counted, hardest, told, errors = chapter.figures
    assert (errors.ours, errors.theirs, errors.is_met) == (0, 0, True)
    assert min(counted.ours, told.ours, counted.theirs, hardest.theirs) > 0
    assert posts == 8
    assert rows >= (counted.ours + told.ours + counted.theirs + hardest.theirs) * 0.5


def bench(*arguments: str) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own."""
    words = [sys.executable, "manage.py", "bench", *arguments]
    return subprocess.run(
        words, cwd=ROOT, env={**os.environ}, capture_output=True, text=True, timeout=300, check=False
    )
