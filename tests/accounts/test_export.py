import io
import json
import urllib.error
import urllib.request
import zipfile
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.utils import timezone
from pytest_django import Settings
from rest_framework.test import APIClient

from accounts import export
from accounts.blocking import block_user, mute_user
from accounts.export import build_waiting, key_of, remove_expired, request_export
from accounts.models import Export, User
from accounts.services import follow_user
from interactions.services import like_post
from tests.factories import CommentFactory, PostFactory, UserFactory
from tests.threads import run_together


@pytest.fixture(autouse=True)
def small_pages(settings: Settings) -> None:
    settings.PERSONAL_DATA_BATCH = 2


def fetch(url: str) -> dict[str, Any]:
    """The files of the archive at this address, as documents by their names."""
    with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310 - an address of our own store
        assert "attachment" in answer.headers["Content-Disposition"]
        content = answer.read()
    with zipfile.ZipFile(io.BytesIO(content)) as files:
        assert files.testzip() is None
        return {name: json.loads(files.read(name)) for name in files.namelist()}


def test_an_archive_has_everything_of_the_account(client: APIClient, user: User) -> None:
    bella, luna = UserFactory.create_batch(2)
    posts = PostFactory.create_batch(5, author=user)
    PostFactory.create(author=bella)
    follow_user(follower_id=user.id, followee_id=bella.id)
    follow_user(follower_id=bella.id, followee_id=user.id)
    like_post(user_id=user.id, post_id=posts[0].id)
    comment = CommentFactory.create(post=posts[0], author=user)
    CommentFactory.create(parent=comment)
    block_user(blocker_id=user.id, blocked_id=luna.id)
    mute_user(muter_id=user.id, muted_id=bella.id)

    asked = client.post("/v1/users/me/export")
    waiting = client.get("/v1/users/me/export").json()
    assert build_waiting() == 1
    ready = client.get("/v1/users/me/export").json()

    assert asked.status_code == 202
    assert waiting == asked.json()
    assert (waiting["state"], waiting["progress"], waiting["url"], waiting["size"]) == (
        "waiting",
        0,
        None,
        None,
    )
    assert (ready["id"], ready["state"], ready["progress"]) == (waiting["id"], "ready", 100)
    assert ready["size"] == default_storage.size(key_of(int(ready["id"])))
    files = fetch(ready["url"])
    assert list(files) == [
        f"{name}.json"
        for name in (
            *("likes", "notifications", "notification_preferences", "comments"),
            *("posts", "account", "sessions", "identities"),
            *("following", "followers", "blocks", "mutes"),
        )
    ]
    assert [row["id"] for row in files["posts.json"]] == [str(post.id) for post in posts]
    assert [row["content"] for row in files["posts.json"]] == [post.content for post in posts]
    assert [row["post_id"] for row in files["likes.json"]] == [str(posts[0].id)]
    assert [row["id"] for row in files["comments.json"]] == [str(comment.id)]
    (account,) = files["account.json"]
    assert (account["username"], account["email"]) == (user.username, user.email)
    assert "password" not in json.dumps(files)
    relations = {"following": bella, "followers": bella, "blocks": luna, "mutes": bella}
    for name, other in relations.items():
        assert [row["username"] for row in files[f"{name}.json"]] == [other.username]
    assert len(files["sessions.json"]) == 1


def test_asking_again_while_one_is_under_way_begins_no_other(client: APIClient) -> None:
    first, second = (client.post("/v1/users/me/export") for _ in range(2))

    assert (first.status_code, second.status_code) == (202, 200)
    assert first.json() == second.json()
    assert Export.objects.count() == 1

    build_waiting()

    assert client.post("/v1/users/me/export").status_code == 202


@pytest.mark.django_db(transaction=True)
def test_asking_many_times_at_once_begins_one() -> None:
    user = UserFactory.create()

    asked = run_together(*[lambda: request_export(user_id=user.id)] * 5)

    assert sorted(is_new for _, is_new in asked) == [False] * 4 + [True]
    assert Export.objects.count() == 1


def test_without_an_archive_there_is_nothing(client: APIClient, anonymous_client: APIClient) -> None:
    request_export(user_id=UserFactory.create().id)

    assert client.get("/v1/users/me/export").status_code == 404
    assert [anonymous_client.get("/v1/users/me/export").status_code] == [401]
    assert anonymous_client.post("/v1/users/me/export").status_code == 401


def test_progress_is_told_while_rows_are_written(client: APIClient, user: User) -> None:
    asked, _ = request_export(user_id=user.id)

    seen = []
    for done, total in [(0, 0), (0, 8), (5, 8), (8, 8), (9, 8)]:
        Export.objects.filter(id=asked.id).update(state="running", rows_done=done, rows_total=total)
        seen.append(client.get("/v1/users/me/export").json()["progress"])

    assert seen == [0, 0, 62, 99, 99]


@pytest.mark.django_db
def test_an_archive_whose_worker_was_lost_is_built_by_the_next() -> None:
    asked, _ = request_export(user_id=UserFactory.create().id)
    lost = export._lease()
    assert lost is not None
    held = build_waiting()
    Export.objects.update(lease_until=timezone.now() - timedelta(seconds=1))

    assert (held, build_waiting()) == (0, 1)

    with pytest.raises(export.LeaseLost):
        lost.update(state=Export.State.FAILED)
    assert Export.objects.get(id=asked.id).state == Export.State.READY


@pytest.mark.django_db
def test_a_store_that_is_away_is_tried_again_and_then_told(
    settings: Settings, client: APIClient, user: User
) -> None:
    request_export(user_id=user.id)
    options = settings.STORAGES["default"]["OPTIONS"] | {"endpoint_url": "http://127.0.0.1:9"}
    settings.STORAGES = settings.STORAGES | {"default": settings.STORAGES["default"] | {"OPTIONS": options}}

    states = []
    for _ in range(export.MAX_ATTEMPTS):
        assert build_waiting() == 0
        states.append(Export.objects.get().state)
        Export.objects.update(lease_until=None)

    assert states == ["waiting"] * (export.MAX_ATTEMPTS - 1) + ["failed"]
    assert client.get("/v1/users/me/export").json()["state"] == "failed"
    assert client.post("/v1/users/me/export").status_code == 202


def test_an_expired_archive_is_removed_from_the_store(client: APIClient, user: User) -> None:
    asked, _ = request_export(user_id=user.id)
    build_waiting()
    url = client.get("/v1/users/me/export").json()["url"]
    assert remove_expired() == 0
    Export.objects.update(expires_at=timezone.now() - timedelta(seconds=1))

    gone = client.get("/v1/users/me/export")
    assert remove_expired() == 1

    assert (gone.status_code, Export.objects.count()) == (404, 0)
    assert not default_storage.exists(key_of(asked.id))
    with pytest.raises(urllib.error.HTTPError, match="404"):
        fetch(url)
