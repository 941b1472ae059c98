"""What somebody is told of, through HTTP, the drain, the broker and back."""

from collections.abc import Callable

from tests.flows.installation import Installation
from tests.flows.people import Person

Make = Callable[[str], Person]

URL = "/v1/notifications"


def unread(person: Person) -> int:
    return int(person.page(f"{URL}/unread_count")["unread_count"])


def test_like_comment_reply_mention_and_follow_are_told(installation: Installation, person: Make) -> None:
    rex, bella = person("rex"), person("bella")
    post = rex.post("a day at the lake")

    bella.like(post)
    path = f"/v1/posts/{post}/comments"
    comment = bella.send("POST", path, body={"content": "lovely"}).json()
    answer = rex.send("POST", path, body={"content": "thanks", "parent_id": comment["id"]})
    bella.follow(rex)
    bella.post(f"go and see @{rex.username}, not x@{rex.username}.org")
    installation.wait_delivered()
    installation.wait_until(lambda: unread(rex) == 4, what="the drain tells of the like")

    page = rex.page(URL)
    assert answer.status_code == 201
    assert {one["kind"] for one in page["results"]} == {"like", "comment", "mention", "follow"}
    assert {one["actors"][0]["username"] for one in page["results"]} == {bella.username}
    assert [one["kind"] for one in bella.page(URL)["results"]] == ["reply"]
    assert rex.send("POST", f"{URL}/read", body={}).json() == {"unread_count": 0, "is_capped": False}
    assert rex.page(page["previous"])["results"] == []


def test_everything_is_told_once_though_the_worker_is_killed_and_messages_come_twice(
    installation: Installation, person: Make
) -> None:
    rex, bella = person("rex"), person("bella")
    post = rex.post("to be seen")
    installation.wait_delivered()
    installation.worker.kill()

    bella.like(post)
    bella.follow(rex)
    for number in range(5):
        bella.send("POST", f"/v1/posts/{post}/comments", body={"content": f"number {number}"})
    facts = "SELECT id FROM puppies_delivery WHERE task LIKE 'interactions.notify%%' AND done_at IS NULL ORDER BY id DESC"
    waiting = [row[0] for row in installation.rows(facts)]
    installation.publish_by_hand([*waiting, *waiting])
    installation.start(installation.worker)
    installation.wait_delivered()
    installation.wait_until(lambda: unread(rex) == 7, what="the drain tells of the like")

    kinds = sorted(one["kind"] for one in rex.page(URL)["results"])
    assert kinds == [*["comment"] * 5, "follow", "like"]
