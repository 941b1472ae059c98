"""A walk through the comments of a lively post, page by page, both ways."""

import random
from collections.abc import Iterator
from typing import Any

from rest_framework.test import APIClient

from interactions.comments.services import delete_comment, hide_comment
from interactions.models import Comment
from posts.models import Post
from tests.factories import CommentFactory, PostFactory, UserFactory

Row = dict[str, Any]


def pages(client: APIClient, url: str | None, way: str) -> Iterator[tuple[str, list[Row]]]:
    """The address and the rows of each page."""
    while url is not None:
        answer = client.get(url).json()
        yield url, answer["results"]
        url = answer[way]


def first(post: Post, limit: int) -> str:
    return f"/v1/posts/{post.id}/comments?limit={limit}"


def lively() -> Post:
    """Five threads with replies that came in any order."""
    post, people = PostFactory.create(), UserFactory.create_batch(3)
    known: list[Comment | None] = [None]
    dice = random.Random(7)
    for number in range(24):
        parent = None if number % 5 == 0 else dice.choice(known)
        known.append(CommentFactory.create(post=post, parent=parent, author=people[number % 3]))
    return post


def ids(rows: list[Row]) -> list[int]:
    return [int(row["id"]) for row in rows]


def in_order(post: Post) -> list[int]:
    return list(Comment.objects.filter(post=post).order_by("thread_id", "id").values_list("id", flat=True))


def test_pages_are_full_and_in_order_both_ways(client: APIClient) -> None:
    post = lively()

    ahead = list(pages(client, first(post, 5), "next"))
    back = list(pages(client, ahead[-1][0], "previous"))

    assert [len(rows) for _, rows in ahead] == [5, 5, 5, 5, 4]
    assert ids([row for _, rows in ahead for row in rows]) == in_order(post)
    assert [ids(rows) for _, rows in back] == [ids(rows) for _, rows in reversed(ahead)]


def test_pages_are_full_although_some_comments_are_passed_over(client: APIClient) -> None:
    post = lively()
    shown = in_order(post)
    for comment in Comment.objects.filter(id__in=shown[1::2], parent_id__isnull=False):
        hide_comment(user_id=post.author_id, comment_id=comment.id)
        shown.remove(comment.id)

    found = [rows for _, rows in pages(client, first(post, 4), "next")]

    assert ids([row for rows in found for row in rows]) == shown
    assert {len(rows) for rows in found[:-1]} == {4}


def test_a_walk_shows_what_stays_once_while_others_write(client: APIClient) -> None:
    post = lively()
    staying, leaving = set(in_order(post)[::2]), in_order(post)[1::2]
    seen: list[int] = []

    for _, rows in pages(client, first(post, 3), "next"):
        seen += ids(rows)
        gone = Comment.objects.filter(id=leaving.pop()).first() if leaving else None
        if gone is not None:
            delete_comment(user_id=gone.author_id, comment_id=gone.id)
        CommentFactory.create(post=post)
        CommentFactory.create(parent=Comment.objects.get(id=min(staying)))

    assert len(seen) == len(set(seen))
    assert staying <= set(seen)


def test_a_thread_is_never_torn(client: APIClient) -> None:
    post = lively()

    threads = [row["thread_id"] for _, rows in pages(client, first(post, 2), "next") for row in rows]

    assert [thread for place, thread in enumerate(threads) if thread not in threads[:place]] == sorted(
        set(threads), key=int
    )
    assert threads == sorted(threads, key=int)
