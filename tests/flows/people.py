"""People who use Puppies through HTTP, and crowds of them made by SQL."""

import itertools
from dataclasses import dataclass, replace
from typing import Any

import requests

from tests.flows.installation import Installation

PASSWORD = "a-sunny-Walk-42"
_numbers = itertools.count(1)

CROWD = """
WITH made AS (
    INSERT INTO accounts_user (username, email, password, is_superuser, following_count)
    SELECT format('%%s_%%s', %(prefix)s, number), format('%%s_%%s@example.test', %(prefix)s, number), '!', false, 1
      FROM generate_series(1, %(size)s) AS number
    RETURNING id
), counted AS (
    UPDATE accounts_user SET followers_count = followers_count + %(size)s WHERE id = %(followee)s
)
INSERT INTO accounts_follow (follower_id, followee_id, merged) SELECT id, %(followee)s, true FROM made
"""


@dataclass(frozen=True)
class Person:
    """Somebody signed in; every method is one request (`feed` one per page)."""

    url: str
    id: int
    username: str
    access: str

    def send(
        self, method: str, path: str, *, body: Any = None, headers: dict[str, str] | None = None
    ) -> requests.Response:
        """One request with the access token; `path` may be a whole URL."""
        return requests.request(
            method,
            path if path.startswith("http") else self.url + path,
            json=body,
            headers={"Authorization": f"Bearer {self.access}", **(headers or {})},
            timeout=15,
        )

    def post(self, content: str, *, traceparent: str = "") -> int:
        """Publish; the post's id."""
        headers = {"traceparent": traceparent} if traceparent else None
        answer = self.send("POST", "/v1/posts", body={"content": content}, headers=headers)
        assert answer.status_code == 201, answer.text
        return int(answer.json()["id"])

    def comment(self, post_id: int, content: str) -> int:
        """Comment on a post; the comment's id."""
        answer = self.send("POST", f"/v1/posts/{post_id}/comments", body={"content": content})
        assert answer.status_code == 201, answer.text
        return int(answer.json()["id"])

    def follow(self, other: "Person") -> None:
        """Follow somebody."""
        answer = self.send("POST", f"/v1/users/{other.username}/follow")
        assert answer.status_code == 200, answer.text

    def unfollow(self, other: "Person") -> None:
        """Stop following somebody."""
        assert self.send("DELETE", f"/v1/users/{other.username}/follow").status_code == 204

    def like(self, post_id: int) -> int:
        """Like a post; the count that the answer shows."""
        answer = self.send("POST", f"/v1/posts/{post_id}/likes")
        assert answer.status_code in {200, 201}, answer.text
        return int(answer.json()["like_count"])

    def page(self, path: str = "/v1/feed") -> dict[str, Any]:
        """One page of the home feed."""
        answer = self.send("GET", path)
        assert answer.status_code == 200, answer.text
        page: dict[str, Any] = answer.json()
        return page

    def feed(self) -> list[int]:
        """The ids of the whole home feed, page by page."""
        page = self.page("/v1/feed?limit=100")
        ids = [int(post["id"]) for post in page["results"]]
        while page["next"]:
            page = self.page(page["next"])
            ids += [int(post["id"]) for post in page["results"]]
        return ids


def register(installation: Installation, name: str) -> Person:
    """Register a new account whose username begins with `name`, and sign in."""
    username = f"{name}_{next(_numbers)}"
    account = {"username": username, "email": f"{username}@example.test", "password": PASSWORD}
    registered = requests.post(f"{installation.url}/v1/auth/register", json=account, timeout=15)
    assert registered.status_code == 201, registered.text
    person = Person(
        url=installation.url, id=int(registered.json()["user"]["id"]), username=username, access=""
    )
    return sign_in(person)


def sign_in(person: Person) -> Person:
    """The same person in a new session."""
    credentials = {"username": person.username, "password": PASSWORD}
    signed_in = requests.post(f"{person.url}/v1/auth/token", json=credentials, timeout=15)
    assert signed_in.status_code == 200, signed_in.text
    return replace(person, access=signed_in.json()["access"])


def give_followers(installation: Installation, person: Person, size: int) -> None:
    """Let `size` new accounts follow somebody, by one statement."""
    names = {"prefix": f"crowd_{next(_numbers)}", "size": size, "followee": person.id}
    with installation.transaction() as cursor:
        cursor.execute(CROWD, names)


def followers_of(installation: Installation, person: Person) -> list[int]:
    """The ids of somebody's followers, in order."""
    sql = "SELECT follower_id FROM accounts_follow WHERE followee_id = %s ORDER BY follower_id"
    return [row[0] for row in installation.rows(sql, person.id)]


def stored_readers(installation: Installation, post_id: int) -> list[int]:
    """Who has the post in the stored feed, in order, one entry a row."""
    sql = "SELECT user_id FROM feeds_feedentry WHERE feed_id = %s ORDER BY user_id"
    return [row[0] for row in installation.rows(sql, post_id)]
