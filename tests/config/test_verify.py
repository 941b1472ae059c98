"""`manage.py verify`: quiet on sound data, and each promise when it is broken for real is named."""

import json
from collections.abc import Callable
from dataclasses import replace
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from accounts.models import User
from accounts.services import follow_user
from feeds import selectors
from interactions.services import like_post
from interactions.tasks import drain_ledger
from posts.models import Post
from puppies.models import Delivery, LedgerEntry
from puppies.outbox import leases
from tests.database import count_of
from tests.factories import CommentFactory, PostFactory, UserFactory

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def reader() -> User:
    return UserFactory.create(username="reader")


@pytest.fixture
def post(reader: User) -> Post:
    """A post of somebody whom the reader follows, liked, commented on and pushed; everything drained, every delivery done."""
    author = UserFactory.create(username="author")
    follow_user(follower_id=reader.id, followee_id=author.id)
    post: Post = PostFactory.create(author=author)
    like_post(user_id=reader.id, post_id=post.id)
    CommentFactory.create(post=post, author=reader)
    drain_ledger()
    execute("INSERT INTO feeds_feedentry VALUES (%s, %s, %s)", reader.id, post.feed_id, author.id)
    execute("UPDATE accounts_follow SET merged = true")
    execute("UPDATE posts_post SET delivery = 'pushed'")
    execute("UPDATE puppies_delivery SET done_at = now()")
    return post


def execute(sql: str, *parameters: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("verify", "--grace=0", *arguments, stdout=out)
    return out.getvalue()


def findings(*arguments: str) -> dict[str, list[str]]:
    """What a run that must not be content names, by check."""
    out = StringIO()
    with pytest.raises(CommandError, match="Not as promised"):
        call_command("verify", "--grace=0", "--json", *arguments, stdout=out)
    report = json.loads(out.getvalue())
    assert report["ok"] is False
    return {check["name"]: check["findings"] for check in report["checks"] if check["broken"]}


def test_sound_data_is_no_finding(post: Post) -> None:
    report = json.loads(run("--json", "--only=I2,i3,I4,I6"))

    assert report["ok"] is True
    assert {check["name"]: (check["promise"], check["examined"]) for check in report["checks"]} == {
        "post.likes equals its rows": ("I2", 1),
        "post.comments equals its rows": ("I2", 1),
        "user.followers equals its rows": ("I2", 2),
        "user.following equals its rows": ("I2", 2),
        "user.posts equals its rows": ("I2", 2),
        "feeds equal the oracle": ("I3", 2),
        "stored feeds hold what they claim": ("I3", 2),
        "page walks are in order, each post once": ("I6", 2),
        "no delivery is overdue or dead": ("I4", 0),
        "unfinished work has its delivery": ("I4", 0),
        "the ledger drains": ("I4", 0),
    }


def test_table_is_for_people(post: Post) -> None:
    lines = run().splitlines()

    assert lines[0].split() == ["promise", "what", "examined", "broken"]
    assert ["I2", "post.likes", "equals", "its", "rows", "1", "0"] in [line.split() for line in lines]
    assert sorted({line[:2] for line in lines[1:]}) == [f"I{number}" for number in range(1, 9)]


def test_work_in_hand_is_no_finding(post: Post, reader: User) -> None:
    PostFactory.create(author=post.author, content="being pushed")
    execute("UPDATE puppies_delivery SET due_at = now() + interval '5 seconds'")
    drain_ledger()

    assert json.loads(run("--json"))["ok"] is True


@pytest.mark.parametrize(
    ("damage", "check"),
    [
        ("UPDATE posts_post SET like_count = like_count + 1", "post.likes equals its rows"),
        ("DELETE FROM interactions_like", "post.likes equals its rows"),
        ("UPDATE posts_post SET comment_count = 2", "post.comments equals its rows"),
        ("UPDATE interactions_comment SET state = 'hidden'", "post.comments equals its rows"),
        (
            "UPDATE accounts_user SET followers_count = 7 WHERE username = 'author'",
            "user.followers equals its rows",
        ),
        ("UPDATE accounts_user SET following_count = 0", "user.following equals its rows"),
        ("UPDATE accounts_user SET posts_count = -1 WHERE username = 'reader'", "user.posts equals its rows"),
    ],
)
def test_damage_is_found(post: Post, damage: str, check: str) -> None:
    execute(damage)

    found = findings()

    assert list(found) == [check]
    assert len(found[check]) == 1


def test_count_that_only_the_ledger_makes_right_is_sound(post: Post, reader: User) -> None:
    like_post(user_id=post.author_id, post_id=post.id)

    found = findings()

    assert found == {"the ledger drains": ["1 entries of post.likes still wait after 0 s"]}


def test_ledger_entry_that_is_lost_is_a_wrong_count(post: Post) -> None:
    like_post(user_id=post.author_id, post_id=post.id)
    LedgerEntry.objects.all().delete()

    assert findings() == {
        "post.likes equals its rows": [f"post.likes of {post.id} is 1, the rows are 2"],
    }


def test_feed_that_lacks_a_post_is_named(post: Post, reader: User) -> None:
    execute("DELETE FROM feeds_feedentry")

    assert findings() == {
        "feeds equal the oracle": [f"the feed of {reader.id} lacks: {post.id}"],
        "stored feeds hold what they claim": [f"the stored feed of {reader.id} lacks: {post.id}"],
    }


def test_reader_who_woke_up_and_waits_for_nobody_is_named(post: Post, reader: User) -> None:
    execute("UPDATE feeds_feedstate SET floor = 9223372036854775807")
    execute(
        "INSERT INTO feeds_feedstate (user_id, floor) VALUES (%s, 9223372036854775807) ON CONFLICT DO NOTHING",
        reader.id,
    )

    assert findings() == {
        "unfinished work has its delivery": [
            f"the feed of {reader.id} is awake with nothing stored and has no open delivery"
        ]
    }


@pytest.fixture
def sabotage(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], None]:
    """Take one element out of the feed's own statement."""

    def replace_in_statement(old: str, new: str) -> None:
        assert old in selectors.HOME.sql
        monkeypatch.setattr(
            selectors, "HOME", replace(selectors.HOME, sql=selectors.HOME.sql.replace(old, new))
        )

    return replace_in_statement


def test_feed_that_shows_too_much_is_named(
    post: Post, reader: User, sabotage: Callable[[str, str], None]
) -> None:
    execute("UPDATE posts_post SET state = 'hidden'")
    sabotage("state = 'published'", "state <> ''")

    named = f"shows what it must not: {post.id}"
    assert findings() == {
        "feeds equal the oracle": [
            f"the feed of {user} {named}" for user in sorted([post.author_id, reader.id])
        ]
    }


def test_feed_that_shows_a_post_twice_is_named(
    post: Post, reader: User, sabotage: Callable[[str, str], None]
) -> None:
    execute("UPDATE accounts_follow SET merged = false")
    execute("UPDATE puppies_delivery SET done_at = NULL, due_at = now() + interval '5 seconds'")
    sabotage("SELECT DISTINCT", "SELECT")

    assert findings() == {
        "page walks are in order, each post once": [
            f"the feed of {reader.id} shows more than once: {post.id}"
        ]
    }


def test_feed_out_of_order_is_named(post: Post, sabotage: Callable[[str, str], None]) -> None:
    PostFactory.create(author=post.author)
    execute("UPDATE puppies_delivery SET due_at = now() + interval '5 seconds'")
    drain_ledger()
    sabotage("ORDER BY candidate.feed_id DESC", "ORDER BY candidate.feed_id")

    [named] = findings().values()
    assert [line.endswith("is out of order") for line in named] == [True, True]


def test_orphaned_post_is_named(post: Post) -> None:
    orphan = PostFactory.create(author=post.author)
    Delivery.objects.filter(done_at=None).delete()
    drain_ledger()

    assert findings() == {
        "unfinished work has its delivery": [f"post {orphan.id} is being pushed and has no open delivery"]
    }


def test_orphaned_follow_is_named(post: Post, reader: User) -> None:
    follow_user(follower_id=post.author_id, followee_id=reader.id)
    Delivery.objects.filter(done_at=None).delete()
    drain_ledger()

    assert findings() == {
        "unfinished work has its delivery": [
            f"the follow of {reader.id} by {post.author_id} is not merged and has no open delivery"
        ]
    }


def test_overdue_and_dead_deliveries_are_named(post: Post) -> None:
    late, dead = (PostFactory.create(author=post.author) for _ in range(2))
    drain_ledger()
    overdue, failed = (
        Delivery.objects.get(payload__post_id=each.id, task="feeds.fan_out_post").id for each in (late, dead)
    )
    execute("UPDATE puppies_delivery SET due_at = now() - interval '90 seconds' WHERE id = %s", overdue)
    execute("UPDATE puppies_delivery SET attempts = 1000 WHERE id = %s", failed)
    assert leases.fail(delivery_id=failed, error="ValueError: it broke")

    [named] = findings("--grace=60").values()

    assert named == [
        f"delivery {overdue} of feeds.fan_out_post is overdue by 90 s",
        f"delivery {failed} of feeds.fan_out_post is dead: ValueError: it broke",
    ]


def test_sample_is_spread_over_all_readers(post: Post) -> None:
    UserFactory.create_batch(18)

    examined = {
        check["name"]: check["examined"] for check in json.loads(run("--json", "--limit=5"))["checks"]
    }

    assert (examined["feeds equal the oracle"], examined["user.posts equals its rows"]) == (5, 20)


def test_long_feeds_are_walked_in_pages(post: Post) -> None:
    PostFactory.create_batch(7, author=post.author)
    execute("UPDATE puppies_delivery SET due_at = now() + interval '5 seconds'")
    drain_ledger()

    assert json.loads(run("--json", "--page=2"))["ok"] is True
    assert json.loads(run("--json", "--page=2", "--posts=3"))["ok"] is True


def test_nothing_is_written(post: Post, reader: User) -> None:
    tables = ("accounts_session", "puppies_delivery", "puppies_ledgerentry", "feeds_feedentry")
    before = [count_of(table) for table in tables]

    run("--json")

    assert [count_of(table) for table in tables] == before


@pytest.mark.parametrize("wrong", ["--limit=-1", "--page=0", "--posts=many"])
def test_senseless_options_are_refused(wrong: str) -> None:
    with pytest.raises(CommandError, match="invalid"):
        run(wrong)
