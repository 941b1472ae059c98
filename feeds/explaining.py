"""Why a post is in somebody's home feed, or which rule keeps it out: each rule asked by itself, in plain words."""

from dataclasses import dataclass
from typing import Any

from accounts.models import Block, Follow, Mute, User
from feeds.models import FeedEntry, FeedState
from feeds.oracle import snapshot, walk_and_oracle
from posts.models import Post

NEWEST = 1_000_000


@dataclass(frozen=True, slots=True)
class Explanation:
    """`is_shown` is what the feed's own statement says, `is_expected` the oracle; they differ only when something is broken."""

    is_shown: bool
    is_expected: bool
    kept_out_by: list[str]
    found: list[str]
    facts: dict[str, Any]


def explain(*, reader: User, post: Post) -> Explanation:
    """Everything that decides about this post in this reader's feed, of one moment."""
    with snapshot():
        post.refresh_from_db()
        follow = Follow.objects.filter(follower_id=reader.id, followee_id=post.author_id).first()
        state = FeedState.objects.filter(user_id=reader.id).first() or FeedState(user_id=reader.id)
        is_stored = FeedEntry.objects.filter(user_id=reader.id, feed_id=post.feed_id or 0).exists()
        walked, expected = walk_and_oracle(reader_id=reader.id, posts=NEWEST, page=100)
        return Explanation(
            is_shown=post.id in walked,
            is_expected=post.id in expected,
            kept_out_by=_rules_broken(reader, post, follow),
            found=_sources(reader, post, follow, state, is_stored=is_stored),
            facts=_facts(post, follow, state, is_stored=is_stored),
        )


def _rules_broken(reader: User, post: Post, follow: Follow | None) -> list[str]:
    author = post.author
    pair = {"reader": reader.username, "author": author.username}
    rules = {
        "the post is {state}": post.state != Post.State.PUBLISHED,
        "{author} is {author_state}": author.state != User.State.ACTIVE,
        "{reader} does not follow {author}": follow is None and author.id != reader.id,
        "{reader} mutes {author}": Mute.objects.filter(muter_id=reader.id, muted_id=author.id).exists(),
        "{reader} blocks {author}": Block.objects.filter(blocker_id=reader.id, blocked_id=author.id).exists(),
        "{author} blocks {reader}": Block.objects.filter(blocker_id=author.id, blocked_id=reader.id).exists(),
    }
    words = {**pair, "state": post.state, "author_state": author.state}
    return [rule.format(**words) for rule, is_broken in rules.items() if is_broken]


def _sources(
    reader: User, post: Post, follow: Follow | None, state: FeedState, *, is_stored: bool
) -> list[str]:
    """Where the feed's statement meets the post, whether or not it may be shown."""
    is_below = (post.feed_id or 0) < state.floor
    sources = {
        "among the reader's own posts": post.author_id == reader.id,
        "among the posts below the floor of the stored feed": follow is not None and is_below,
        f"among the posts that are {post.delivery}": follow is not None
        and not is_below
        and post.delivery != Post.Delivery.PUSHED,
        "among the posts of a follow that is not merged": follow is not None
        and not is_below
        and not follow.merged,
        "in the stored feed": is_stored and not is_below,
    }
    return [source for source, is_met in sources.items() if is_met]


def _facts(post: Post, follow: Follow | None, state: FeedState, *, is_stored: bool) -> dict[str, Any]:
    return {
        "feed_id": str(post.feed_id),
        "delivery": post.delivery,
        "post_state": post.state,
        "merged": None if follow is None else follow.merged,
        "stored": is_stored,
        "floor": str(state.floor),
        "feed_status": state.status,
        "version": state.version,
    }
