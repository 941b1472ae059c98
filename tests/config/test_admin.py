"""The admin's pages, as far as they differ from Django's own."""

import re

import pytest
from django.test import Client

from accounts.policy import Role
from tests.factories import PostFactory
from tests.roles import browser_of, of_role

pytestmark = pytest.mark.django_db
LINK = re.compile(r'<a href="(/admin/[a-z_]+/[a-z]+/)"')


def test_the_first_page_is_one_list_of_what_the_role_may_see() -> None:
    pages = {
        role: browser_of(of_role(role)).get("/admin/").content.decode()
        for role in (Role.MODERATOR, Role.ADMIN)
    }

    assert [page.count("<caption>") for page in pages.values()] == [1, 1]
    assert "/admin/puppies/delivery/" in LINK.findall(pages[Role.ADMIN])
    assert "/admin/puppies/delivery/" not in LINK.findall(pages[Role.MODERATOR])
    assert "/admin/posts/post/" in LINK.findall(pages[Role.MODERATOR])


def test_a_long_text_is_cut_in_the_list_and_whole_on_its_page() -> None:
    text = "wuff" * 500
    post = PostFactory.create(content=text)
    browser = browser_of(of_role(Role.MODERATOR))

    listed = browser.get("/admin/posts/post/").content.decode()
    shown = browser.get(f"/admin/posts/post/{post.id}/change/").content.decode()

    assert f"{text[:99]}…" in listed
    assert text[:100] not in listed
    assert text in shown
    assert [page.count("puppies/admin.css") for page in (listed, shown)] == [1, 1]


def test_no_heading_says_again_what_the_way_to_the_page_says() -> None:
    post = PostFactory.create()

    page = browser_of(of_role(Role.MODERATOR)).get(f"/admin/posts/post/{post.id}/change/").content.decode()

    (way,) = re.findall(r'<div class="breadcrumbs">(.*?)</div>', page)
    assert re.sub("<[^>]*>", "", way).split(" &rsaquo; ") == ["Home", "Posts", f"post {post.id}"]
    assert f"<h2>post {post.id}</h2>" not in page


def test_browsers_find_the_icon_that_they_ask_for_on_every_page() -> None:
    icon = Client().get("/favicon.ico", follow=True)
    icon.close()

    assert (icon.status_code, icon["Content-Type"]) == (200, "image/svg+xml")
