"""The commands for operators: what they tell, in words and for programs."""

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from accounts.blocking import block_user, mute_user
from accounts.models import Follow
from accounts.services import unfollow_user
from feeds import repairing, trimming
from feeds.models import FeedEntry, FeedState
from posts.models import Post
from posts.services import delete_post
from puppies.ids import MAX_ID
from tests.factories import PostFactory, UserFactory
from tests.feeds.readers import Reader, work_all_off

# The commands look at one snapshot each, which needs a transaction of its own.
pytestmark = pytest.mark.django_db(transaction=True)


def run(*arguments: str) -> str:
    out = StringIO()
    call_command(*arguments, stdout=out)
    return out.getvalue().strip()


def found(*arguments: str) -> dict[str, Any]:
    """What a run tells programs."""
    answer: dict[str, Any] = json.loads(run(*arguments, "--json"))
    return answer


def settled(posts: int = 1) -> tuple[Reader, list[Post]]:
    """Somebody with a stored feed of so many posts."""
    reader = Reader.following(
        UserFactory.create(username="author"), user=UserFactory.create(username="reader")
    )
    author = Follow.objects.get().followee
    made = PostFactory.create_batch(posts, author=author)
    work_all_off()
    return reader, made


def test_feeds_as_they_should_be_are_no_finding() -> None:
    settled()

    assert run("verify_feeds") == "examined: 2, wrong: 0"


def test_a_stored_feed_that_lacks_a_post_is_found_and_rebuilt() -> None:
    reader, (post,) = settled()
    FeedEntry.objects.all().delete()
    out = StringIO()

    with pytest.raises(CommandError, match="Not as promised: examined: 2, wrong: 1"):
        call_command("verify_feeds", "--json", stdout=out)
    planned = (run("rebuild_feeds", "--dry-run"), reader.stored())
    rebuilt = found("rebuild_feeds")

    assert json.loads(out.getvalue())["findings"] == [
        f"the feed of {reader.user.id} lacks: {post.id}",
        f"the stored feed of {reader.user.id} lacks: {post.id}",
    ]
    assert planned == ("examined: 2, rebuilt: 0 (nothing was changed)", set())
    assert (rebuilt["examined"], rebuilt["rebuilt"], rebuilt["last"]) == (2, 2, reader.user.id)
    assert run("verify_feeds") == "examined: 2, wrong: 0"


def test_a_walk_over_readers_goes_on_where_it_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    reader, _ = settled()
    monkeypatch.setattr(repairing, "BATCH", 1)

    assert found("verify_feeds")["examined"] == 2
    assert found("verify_feeds", f"--after={reader.user.id - 1}")["examined"] == 1
    assert found("rebuild_feeds", f"--after={reader.user.id}")["examined"] == 0


def test_feeds_are_trimmed_on_demand(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trimming, "BATCH", 1)
    reader, posts = settled(9)
    settings.FEED_KEEP = 5

    planned = found("trim_feeds", "--dry-run")
    kept = len(reader.stored())
    done = found("trim_feeds")

    assert (planned["too_long"], planned["entries_removed"], kept) == (1, 0, 9)
    assert (done["too_long"], done["entries_removed"]) == (1, 4)
    assert reader.stored() == {post.feed_id for post in posts[4:]}
    assert run("verify_feeds") == "examined: 2, wrong: 0"


def explained(post: Post) -> dict[str, Any]:
    return found("explain_feed", "reader", str(post.id))


def test_a_post_that_is_shown_says_where_it_was_found() -> None:
    _, (post,) = settled()

    told = explained(post)
    lines = run("explain_feed", "reader", str(post.id)).splitlines()

    assert (told["is_shown"], told["is_expected"], told["kept_out_by"]) == (True, True, [])
    assert told["found"] == ["in the stored feed"]
    assert told["facts"] == {
        "feed_id": str(post.feed_id),
        "delivery": "pushed",
        "post_state": "published",
        "merged": True,
        "stored": True,
        "floor": "0",
        "feed_status": "awake",
        "version": 1,
    }
    assert lines[:2] == ["The post is in the home feed of reader.", "  found in the stored feed"]


def test_each_rule_that_keeps_a_post_out_is_named() -> None:
    reader, (post,) = settled()
    author_id, reader_id = post.author_id, reader.user.id
    told = []

    mute_user(muter_id=reader_id, muted_id=author_id)
    told.append(explained(post)["kept_out_by"])
    block_user(blocker_id=reader_id, blocked_id=author_id)
    block_user(blocker_id=author_id, blocked_id=reader_id)
    told.append(explained(post)["kept_out_by"])
    type(reader.user).objects.filter(id=author_id).update(state="suspended")
    delete_post(post_id=post.id)
    told.append(explained(post)["kept_out_by"])

    mutual = ["reader does not follow author", "reader mutes author", "reader blocks author"]
    assert told == [
        ["reader mutes author"],
        [*mutual, "author blocks reader"],
        ["the post is deleted", "author is suspended", *mutual, "author blocks reader"],
    ]


@pytest.mark.parametrize(
    ("change", "source"),
    [
        (lambda: Post.objects.update(delivery="pulled"), "among the posts that are pulled"),
        (lambda: Follow.objects.update(merged=False), "among the posts of a follow that is not merged"),
        (
            lambda: FeedState.objects.update(floor=MAX_ID),
            "among the posts below the floor of the stored feed",
        ),
    ],
)
def test_each_source_is_named(change: Any, source: str) -> None:
    _, (post,) = settled()
    FeedEntry.objects.all().delete()
    change()

    assert explained(post)["found"] == [source]


def test_one_s_own_post_is_found_among_one_s_own() -> None:
    _, (post,) = settled()

    assert found("explain_feed", "author", str(post.id))["found"] == ["among the reader's own posts"]


def test_a_feed_that_is_broken_is_said_to_be() -> None:
    _, (post,) = settled()
    FeedEntry.objects.all().delete()

    with pytest.raises(CommandError, match="keep this output"):
        run("explain_feed", "reader", str(post.id))


def test_who_or_what_is_not_there_is_said() -> None:
    reader, (post,) = settled()
    unfollow_user(follower_id=reader.user.id, followee_id=post.author_id)

    with pytest.raises(CommandError, match="There is no account nobody"):
        run("explain_feed", "nobody", str(post.id))
    with pytest.raises(CommandError, match=r"There is no post 1\."):
        run("explain_feed", "reader", "1")
