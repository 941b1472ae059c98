"""Counts and pages while others write."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from tests.flows.installation import Installation
from tests.flows.people import Person

Make = Callable[[str], Person]


def test_likes_are_exact_at_once_and_drain_into_the_stored_count(
    installation: Installation, person: Make
) -> None:
    author, readers = person("author"), [person("reader") for _ in range(8)]
    post = author.post("like me")

    with ThreadPoolExecutor(4) as pool:
        counts = list(pool.map(lambda reader: reader.like(post), readers * 2))
    shown = author.page()["results"][0]["like_count"]
    took = installation.wait_until(
        lambda: installation.value("SELECT like_count FROM posts_post WHERE id = %s", post) == 8,
        what="the likes are in the stored count",
    )

    assert (max(counts), shown) == (8, 8)
    assert took < 10
    pending = "SELECT count(*) FROM puppies_ledgerentry WHERE counter = 'post.likes' AND subject_id = %s"
    assert installation.value(pending, post) == 0
    assert author.page()["results"][0]["like_count"] == 8


def test_walk_shows_each_post_once_while_others_write(installation: Installation, person: Make) -> None:
    authors, reader = [person("author") for _ in range(3)], person("reader")
    for author in authors:
        reader.follow(author)
    before = [author.post(f"number {number}") for number in range(12) for author in authors]

    page = reader.page("/v1/feed?limit=7")
    walked = [int(post["id"]) for post in page["results"]]
    while page["next"]:
        # Deliveries go on meanwhile: posts change from one source of the feed to the other between pages.
        for author in authors:
            author.post("while somebody reads")
        assert len(page["results"]) == 7
        page = reader.page(page["next"])
        walked += [int(post["id"]) for post in page["results"]]

    assert walked == before[::-1]
    installation.wait_delivered()
    assert reader.feed()[-36:] == before[::-1]
