"""The demo network: made once, with an admin who finds what there is in the admin pages."""

from io import StringIO

import pytest
from django.core.management import call_command
from django.test import Client

from accounts.models import User
from config.stack import demo
from posts.models import Post


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
def test_the_demo_admin_finds_accounts_posts_and_deliveries_and_no_groups() -> None:
    seed()
    browser = Client()

    assert browser.login(username=demo.ADMIN, password=demo.PASSWORD)
    page = browser.get("/admin/").content.decode()

    assert "Accounts, posts and deliveries" in page
    assert 'href="/docs"' in page
    assert [f'href="/admin/{place}/"' in page for place in ("accounts/user", "posts/post", "auth/group")] == [
        True,
        True,
        False,
    ]
