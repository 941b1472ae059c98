"""I1 tried out: writes that are sent twice, at once, and over a connection that breaks, each exist once."""

import http.client
import json
import secrets
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from urllib.parse import urlsplit

from config.verification.probe.people import Api, Person, expect
from feeds.oracle import rows

AT_ONCE = 3
REPEATS_SECONDS = 20.0

POSTS = "SELECT id FROM posts_post WHERE author_id = %s AND content = %s AND state = 'published'"


def write_everything(author: Person, reader: Person) -> list[str]:
    """Each write of the probe and what was wrong with it; `reader` follows `author` and likes what it wrote."""
    findings = _followed(author, reader)
    texts = {"again": _write_again, "at once": _write_at_once, "over a broken connection": _write_and_leave}
    written: list[int] = []
    for way, write in texts.items():
        content = f"probe {secrets.token_hex(8)}"
        told = write(author, content)
        stored = [row[0] for row in rows(POSTS, [author.id, content])]
        if stored != sorted(told):
            findings.append(f"a post sent {way} was told as {sorted(told)} and is stored as {stored}")
        written += stored
    return [
        *findings,
        *_liked(reader, written),
        *_commented(reader, written),
        *_read_back(author, reader, written),
    ]


def _write_again(author: Person, content: str) -> set[int]:
    key = secrets.token_hex(16)
    return {_post(author, content, key) for _ in range(2)}


def _write_at_once(author: Person, content: str) -> set[int]:
    key = secrets.token_hex(16)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return set(pool.map(lambda _: _post(author, content, key), range(AT_ONCE)))


def _write_and_leave(author: Person, content: str) -> set[int]:
    key = secrets.token_hex(16)
    _send_and_hang_up(author, content, key)
    return {_post(author, content, key)}


def _post(author: Person, content: str, key: str) -> int:
    """Send until the answer is there: 409 says that the first request is still running."""
    deadline = time.monotonic() + REPEATS_SECONDS
    while True:
        response = author.send(
            "POST", "/v1/posts", body={"content": content}, headers={"Idempotency-Key": key}
        )
        if response.status_code != HTTPStatus.CONFLICT or time.monotonic() > deadline:
            return int(expect(response, HTTPStatus.CREATED, "POST /v1/posts")["id"])
        time.sleep(0.1)


def _send_and_hang_up(author: Person, content: str, key: str) -> None:
    address = urlsplit(author.api.url)
    kind = http.client.HTTPSConnection if address.scheme == "https" else http.client.HTTPConnection
    connection = kind(address.hostname or "", address.port, timeout=5)
    headers = {"Authorization": f"Bearer {author.access}", "Idempotency-Key": key}
    try:
        body = json.dumps({"content": content})
        path = f"{address.path}/v1/posts"
        connection.request("POST", path, body, {**headers, "Content-Type": "application/json"})
    finally:
        connection.close()


def _followed(author: Person, reader: Person) -> list[str]:
    path = f"/v1/users/{author.username}/follow"
    for _ in range(2):
        expect(reader.send("POST", path), HTTPStatus.OK, f"POST {path}")
    sql = "SELECT count(*) FROM accounts_follow WHERE follower_id = %s AND followee_id = %s"
    [(stored,)] = rows(sql, [reader.id, author.id])
    return [] if stored == 1 else [f"a follow sent twice is stored {stored} times"]


def _liked(reader: Person, posts: list[int]) -> list[str]:
    findings = list[str]()
    sql = "SELECT count(*) FROM interactions_like WHERE user_id = %s AND post_id = %s"
    for post in posts:
        path = f"/v1/posts/{post}/likes"
        first, second = (reader.send("POST", path) for _ in range(2))
        counts = [
            expect(first, HTTPStatus.CREATED, f"POST {path}")["like_count"],
            expect(second, HTTPStatus.OK, f"POST {path}")["like_count"],
        ]
        [(stored,)] = rows(sql, [reader.id, post])
        if (counts, stored) != ([1, 1], 1):
            findings.append(f"a like sent twice was told as {counts} and is stored {stored} times")
    return findings


def _commented(reader: Person, posts: list[int]) -> list[str]:
    path, key = f"/v1/posts/{posts[0]}/comments", secrets.token_hex(16)
    body = {"content": f"probe {secrets.token_hex(8)}"}
    told = {
        int(
            expect(
                reader.send("POST", path, body=body, headers={"Idempotency-Key": key}),
                HTTPStatus.CREATED,
                f"POST {path}",
            )["id"]
        )
        for _ in range(2)
    }
    stored = {row[0] for row in rows("SELECT id FROM interactions_comment WHERE author_id = %s", [reader.id])}
    return (
        []
        if stored == told and len(told) == 1
        else [f"a comment sent again was told as {told} and is stored as {stored}"]
    )


def _read_back(author: Person, reader: Person, posts: list[int]) -> list[str]:
    """Author, reader and anybody see each post once."""
    api: Api = author.api
    nobody = expect(
        api.send("GET", f"/v1/users/{author.username}/posts"), HTTPStatus.OK, "GET /v1/users/…/posts"
    )
    lists = {
        "the author's own feed": author.results("/v1/feed?limit=100"),
        "the reader's feed": reader.results("/v1/feed?limit=100"),
        "the author's posts": nobody["results"],
    }
    wrong = {
        name: times
        for name, items in lists.items()
        if (times := Counter(int(item["id"]) for item in items)) != Counter(posts)
    }
    return [f"{name} shows {dict(times)}, written were {posts}" for name, times in wrong.items()]
