"""`manage.py verify` on popular posts: quiet when all is well, and each promise when it is broken for real is named."""

import json
from contextlib import suppress
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from feeds.models import PopularSnapshot
from feeds.popular.ranking import rank_popular
from posts.models import Post
from tests.factories import PostFactory, UserFactory
from tests.feeds.popular.rankings import make_older

pytestmark = pytest.mark.django_db(transaction=True)
RANKED, WALKED = "popular posts are ranked each minute", "popular walks show each post once"


@pytest.fixture
def posts() -> list[Post]:
    """Ranked, with an author of several."""
    author = UserFactory.create()
    posts: list[Post] = [*PostFactory.create_batch(3, author=author), *PostFactory.create_batch(3)]
    rank_popular(spacing_seconds=0)
    return posts


def checks() -> dict[str, dict[str, Any]]:
    out = StringIO()
    with suppress(CommandError):  # Nothing else of these posts has been worked off.
        call_command("verify", "--json", "--grace=0", "--page=2", stdout=out)
    return {check["name"]: check for check in json.loads(out.getvalue())["checks"]}


def test_before_the_first_ranking_there_is_nothing_to_say() -> None:
    assert {RANKED, WALKED} & set(checks()) == set()


def test_sound_rankings_are_no_finding(posts: list[Post]) -> None:
    Post.objects.filter(id=posts[0].id).update(state=Post.State.HIDDEN)

    found = checks()

    assert (found[RANKED]["promise"], found[RANKED]["broken"]) == ("I4", 0)
    assert (found[WALKED]["promise"], found[WALKED]["examined"], found[WALKED]["broken"]) == ("I6", 6, 0)


def test_a_ranking_that_nobody_renews_is_a_finding(posts: list[Post]) -> None:
    make_older(seconds=400)

    (finding,) = checks()[RANKED]["findings"]

    assert finding.startswith("the newest ranking is 40")


def test_a_post_that_comes_twice_is_a_finding(posts: list[Post]) -> None:
    row = PopularSnapshot.objects.get()
    PopularSnapshot.objects.update(post_ids=[*row.post_ids, row.post_ids[0]])

    assert checks()[WALKED]["findings"] == ["a walk shows 7 posts, 6 different ones; 6 are visible"]
