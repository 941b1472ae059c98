import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from pytest_django import Settings

from accounts import modes
from accounts.models import User
from accounts.modes import reclassify_batch
from accounts.services import follow_user, unfollow_user
from interactions.draining import drain
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def small_thresholds(settings: Settings) -> None:
    settings.PULL_FROM_FOLLOWERS = 4
    settings.PUSH_AGAIN_FOLLOWERS = 2


def author_with(followers: int, mode: str = "push") -> User:
    return UserFactory.create(followers_count=followers, fanout_mode=mode)


def mode_of(author: User) -> str:
    author.refresh_from_db(fields=["fanout_mode"])
    return str(author.fanout_mode)


def test_an_author_enters_and_leaves_pull_mode_where_the_thresholds_say() -> None:
    author = UserFactory.create()
    fans = UserFactory.create_batch(5)
    seen = []

    for fan in fans:
        follow_user(follower_id=fan.id, followee_id=author.id)
        drain()
        seen.append(mode_of(author))
    for fan in fans:
        unfollow_user(follower_id=fan.id, followee_id=author.id)
        drain()
        seen.append(mode_of(author))

    # Followers 1 2 3 4 5, then 4 3 2 1 0.
    assert seen == ["push", "push", "push", "pull", "pull", "pull", "pull", "push", "push", "push"]


def test_the_mode_is_that_of_the_stored_count_not_of_what_the_ledger_holds() -> None:
    author = author_with(3)
    follow_user(follower_id=UserFactory.create().id, followee_id=author.id)

    waiting = mode_of(author)
    drain()

    assert (waiting, mode_of(author)) == ("push", "pull")


def test_other_counts_do_not_touch_the_mode() -> None:
    fan = author_with(0, mode="pull")
    follow_user(follower_id=fan.id, followee_id=UserFactory.create().id)

    drain()

    fan.refresh_from_db()
    assert (fan.following_count, fan.fanout_mode) == (1, "pull")


@pytest.mark.parametrize("is_dry_run", [True, False])
def test_reclassifying_looks_at_the_stored_counts(*, is_dry_run: bool) -> None:
    grown, shrunk, between, pulled = (
        author_with(*pair) for pair in ((4, "push"), (2, "pull"), (3, "push"), (3, "pull"))
    )

    done = reclassify_batch(after=0, is_dry_run=is_dry_run)

    assert (done.examined, done.pull, done.push) == (4, 1, 1)
    expected = ["push", "pull"] if is_dry_run else ["pull", "push"]
    assert [mode_of(author) for author in (grown, shrunk, between, pulled)] == [*expected, "push", "pull"]


def test_reclassifying_goes_on_where_it_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(modes, "BATCH", 2)
    authors = [author_with(4) for _ in range(3)]

    first = reclassify_batch(after=0)
    second = reclassify_batch(after=first.last or 0)
    third = reclassify_batch(after=second.last or 0)

    assert [(done.examined, done.pull) for done in (first, second, third)] == [(2, 2), (1, 1), (0, 0)]
    assert third.last is None
    assert {mode_of(author) for author in authors} == {"pull"}


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("reclassify_authors", *arguments, stdout=out)
    return out.getvalue().strip()


def test_the_command_tells_what_it_did_and_what_it_would_do() -> None:
    author = author_with(4)

    planned = run("--dry-run")
    done = json.loads(run("--json"))

    assert planned == "examined: 1, to pull: 1, to push: 0 (nothing was changed)"
    assert done == {
        "examined": 1,
        "to_pull": 1,
        "to_push": 0,
        "last": author.id,
        "dry_run": False,
        "findings": [],
    }
    assert run("--after", str(author.id)) == "examined: 0, to pull: 0, to push: 0"


def test_the_command_says_where_to_go_on_when_the_database_gives_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(modes, "BATCH", 1)
    first, second = author_with(4), author_with(4)
    with connection.cursor() as cursor:
        cursor.execute(
            f"ALTER TABLE accounts_user ADD CONSTRAINT broken CHECK (id <> {second.id} OR fanout_mode = 'push')"
        )

    with pytest.raises(CommandError, match=f"broken.*--after {first.id}"):
        run()
