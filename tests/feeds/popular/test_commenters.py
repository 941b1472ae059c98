"""Who comments makes a post popular: counted by account, in bounded time."""

import pytest
from django.db import connection

from feeds.popular.ranking import COMMENTERS, rank_parameters, rank_sql, ranked
from posts.models import Post
from puppies.sql import execute
from tests.factories import PostFactory, UserFactory
from tests.feeds.popular.test_ranking import commented
from tests.plans import analyze, fill_accounts, plan_of

ADD = """
INSERT INTO interactions_comment (id, post_id, author_id, thread_id, content)
SELECT own.id, %(post)s, %(author)s, own.id, 'x'
  FROM (SELECT puppies_next_id() AS id FROM generate_series(1, %(number)s) OFFSET 0) AS own
"""


@pytest.mark.django_db
def test_one_account_that_comments_often_keeps_no_others_from_being_counted() -> None:
    loved, dull = commented(*[1] * 9), commented(*[1] * 5)
    assert ranked(previous=()) == [loved.id, dull.id]
    names = {"post": loved.id, "author": UserFactory.create().id, "number": 2_000}

    execute(ADD, names)
    Post.objects.filter(id=loved.id).update(comment_count=2_018)

    assert ranked(previous=()) == [loved.id, dull.id]


@pytest.mark.django_db
def test_commenters_are_found_one_look_each_however_much_they_write() -> None:
    fill_accounts(300)
    post = PostFactory.create(author=UserFactory.create(username="star"))
    for author in range(1, 301):
        execute(ADD, {"post": post.id, "author": author, "number": 100})
    Post.objects.filter(id=post.id).update(comment_count=30_000)
    analyze("interactions_comment", "posts_post")

    plan = plan_of(rank_sql(), rank_parameters(previous=()))
    with connection.cursor() as cursor:
        cursor.execute("SELECT " + COMMENTERS + " FROM posts_post AS post WHERE id = %s", [post.id])  # noqa: S608 - ours
        (number,) = cursor.fetchone()
        cursor.execute(
            "EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) SELECT " + COMMENTERS + " FROM posts_post AS post"  # noqa: S608 - ours
        )
        [[[explained]]] = cursor.fetchall()

    assert "comment_commenters" in plan.indexes()
    assert "interactions_comment" not in plan.scanned_whole()
    assert number == 201
    assert explained["Plan"]["Shared Hit Blocks"] + explained["Plan"]["Shared Read Blocks"] < number * 20
