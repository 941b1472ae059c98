"""The demo network: made once, with an admin who finds what there is in the admin pages."""

from io import StringIO

import pytest
from django.core.management import call_command
from django.test import Client

from accounts.models import User
from config.stack import demo
from interactions.draining import drain
from interactions.models import Comment
from posts.models import Post
from tests.interactions.comments.counting import assert_counts_are_exact


def seed() -> str:
    out = StringIO()
    call_command("seed", stdout=out)
    return out.getvalue()


@pytest.mark.django_db
def test_a_second_seed_says_that_it_was_seeded_and_changes_nothing() -> None:
    first = seed()
    before = (User.objects.count(), Post.objects.count())

    second = seed()

    assert first == "seeded rex, bella, luna, milo, coco and admin, password good-dog-demo\n"
    assert second == "already seeded: rex, bella, luna, milo, coco and admin, password good-dog-demo\n"
    assert (User.objects.count(), Post.objects.count()) == before


@pytest.mark.django_db
def test_the_demo_admin_finds_what_there_is_and_no_groups() -> None:
    seed()
    browser = Client()

    assert browser.login(username=demo.ADMIN, password=demo.PASSWORD)
    page = browser.get("/admin/").content.decode()

    assert "What there is" in page
    assert 'href="/docs"' in page
    places = ("accounts/user", "posts/post", "interactions/comment", "auth/group")
    assert [f'href="/admin/{place}/"' in page for place in places] == [True, True, True, False]


@pytest.mark.django_db
def test_its_counts_are_those_of_its_rows() -> None:
    seed()

    assert_counts_are_exact()
    assert Comment.objects.filter(parent_id=None).count() == 6
    assert Comment.objects.exclude(parent_id=None).count() == 4
    drain()
    counts = Post.objects.filter(comment_count__gt=0).order_by("-comment_count")
    assert list(counts.values_list("comment_count", flat=True)) == [4, 3, 2, 1]
    assert_counts_are_exact()
