from datetime import timedelta
from functools import partial

import pytest
from django.apps import apps
from django.db import connection
from django.utils import timezone
from pytest_django import Settings
from rest_framework.test import APIClient

from accounts import deletion, selectors
from accounts.blocking import block_user, mute_user
from accounts.deletion import GRACE, cancel_deletion, request_deletion, start_due_purges
from accounts.export import request_export
from accounts.models import AuditEntry, Block, Export, Follow, Mute, Session, User
from accounts.selectors import Counts
from accounts.services import WrongCredentials, follow_user, register_user, sign_in
from accounts.sessions import open_session
from feeds.models import FeedEntry
from interactions.draining import drain
from interactions.models import Like
from interactions.services import like_post
from posts.models import Post
from puppies.models import Delivery, LedgerEntry
from puppies.personal_data import erasers
from tests.factories import PASSWORD, CommentFactory, PostFactory, UserFactory
from tests.feeds.readers import Reader, work_all_off, work_off
from tests.threads import run_together


@pytest.fixture(autouse=True)
def small_batches(settings: Settings) -> None:
    settings.FEED_BATCH = settings.PERSONAL_DATA_BATCH = 2


def expire(user: User) -> None:
    """Let the grace have ended a moment ago."""
    User.objects.filter(id=user.id).update(delete_after=timezone.now() - timedelta(seconds=1))


def lively() -> tuple[User, User, User]:
    """One with everything that an account can have, and two who have to do with it."""
    rex, bella, luna = UserFactory.create_batch(3)
    for follower, followee in [(rex, bella), (bella, rex), (luna, rex), (rex, luna), (bella, luna)]:
        follow_user(follower_id=follower.id, followee_id=followee.id)
    posts = {user.id: PostFactory.create_batch(3, author=user) for user in (rex, bella, luna)}
    for user in (rex, bella, luna):
        for post in [post for own in posts.values() for post in own]:
            like_post(user_id=user.id, post_id=post.id)
            CommentFactory.create(parent=CommentFactory.create(post=post, author=user), author=bella)
    for _ in range(3):
        open_session(user=rex)
    work_all_off()
    drain()
    others = UserFactory.create_batch(3)
    for other in others:
        block_user(blocker_id=rex.id, blocked_id=other.id)
        mute_user(muter_id=other.id, muted_id=rex.id)
    block_user(blocker_id=others[0].id, blocked_id=rex.id)
    mute_user(muter_id=rex.id, muted_id=bella.id)
    return rex, bella, luna


def tables_that_name(user_id: int) -> list[str]:
    """Every column of every table, Django's own included, that holds this number."""
    found = []
    for model in apps.get_models(include_auto_created=True):
        for field in model._meta.local_concrete_fields:
            column_type = field.db_type(connection) or ""
            if column_type.startswith("bigint"):
                with connection.cursor() as cursor:
                    table, column = model._meta.db_table, field.column
                    among = f'ANY ("{column}")' if column_type.endswith("[]") else f'"{column}"'
                    cursor.execute(f'SELECT count(*) FROM "{table}" WHERE %s = {among}', [user_id])  # noqa: S608 - names of our own tables
                    found += [f"{table}.{column}"] * bool(cursor.fetchone()[0])
    return sorted(found)


def test_deleting_hides_the_account_and_signs_it_out(client: APIClient, user: User) -> None:
    post = PostFactory.create(author=user)

    response = client.delete("/v1/users/me")

    user.refresh_from_db()
    assert response.status_code == 202
    assert user.state == User.State.DELETING
    assert user.delete_after is not None
    assert timedelta(0) <= timezone.now() + GRACE - user.delete_after < timedelta(minutes=1)
    assert response.json() == {"delete_after": user.delete_after.isoformat().replace("+00:00", "Z")}
    assert client.get("/v1/users/me").status_code == 401
    assert Session.objects.filter(revoked_at=None).count() == 0
    client.credentials()
    paths = (f"/v1/users/{user.username}", f"/v1/posts/{post.id}")
    assert [client.get(path).status_code for path in paths] == [404, 404]


def test_signing_in_brings_the_account_back(anonymous_client: APIClient) -> None:
    user = register_user(username="rexx", email="rex@example.test", password=PASSWORD)
    request_deletion(user_id=user.id)

    answer = anonymous_client.post("/v1/auth/token", {"username": "rexx", "password": PASSWORD})

    user.refresh_from_db()
    assert (user.state, user.delete_after) == (User.State.ACTIVE, None)
    anonymous_client.credentials(HTTP_AUTHORIZATION=f"Bearer {answer.json()['access']}")
    assert anonymous_client.get("/v1/users/me").status_code == 200
    actions = list(AuditEntry.objects.order_by("id").values_list("action", flat=True))
    assert [name for name in actions if "deletion" in name] == ["deletion_requested", "deletion_cancelled"]


@pytest.mark.django_db
def test_a_wrong_password_brings_nothing_back() -> None:
    user = register_user(username="rexx", email="rex@example.test", password=PASSWORD)
    request_deletion(user_id=user.id)

    with pytest.raises(WrongCredentials):
        sign_in(username="rexx", password="wrong")

    user.refresh_from_db()
    assert user.state == User.State.DELETING


@pytest.mark.django_db
def test_within_the_grace_nothing_is_purged() -> None:
    user = UserFactory.create()
    request_deletion(user_id=user.id)

    assert start_due_purges() == 0
    assert start_due_purges(now=timezone.now() + GRACE - timedelta(minutes=1)) == 0
    assert Delivery.objects.count() == 0


@pytest.mark.django_db
def test_a_purge_starts_once_and_cannot_be_cancelled() -> None:
    user = register_user(username="rexx", email="rex@example.test", password=PASSWORD)
    Delivery.objects.all().delete()
    request_deletion(user_id=user.id)
    expire(user)

    assert [start_due_purges(), start_due_purges()] == [1, 0]

    assert list(Delivery.objects.values_list("task", "payload")) == [
        ("accounts.purge_account", {"user_id": user.id})
    ]
    assert cancel_deletion(user_id=user.id) is False
    with pytest.raises(WrongCredentials):
        sign_in(username="rexx", password=PASSWORD)


@pytest.mark.django_db
def test_a_purge_leaves_nothing_but_the_audit_and_exact_counts() -> None:
    rex, bella, luna = lively()
    request_export(user_id=rex.id)
    reader = Reader(luna, open_session(user=luna).session_id)
    request_deletion(user_id=rex.id)
    expire(rex)
    start_due_purges()

    work_all_off(task="accounts.purge_account")
    drain()

    # The row of the archive waits for its object to be removed.
    assert set(tables_that_name(rex.id)) == {
        "accounts_auditentry.subject_id",
        "accounts_auditentry.actor_id",
        "accounts_export.user_id",
    }
    assert Export.objects.filter(user_id=rex.id, expires_at__lte=timezone.now()).count() == 1
    assert Delivery.objects.filter(dead_at__isnull=False).count() == 0
    for user in (bella, luna):
        assert selectors.counts_of(user_id=user.id) == Counts(
            followers=Follow.objects.filter(followee_id=user.id).count(),
            following=Follow.objects.filter(follower_id=user.id).count(),
            posts=3,
        )
    assert list(Post.objects.values_list("like_count", flat=True)) == [2] * 6
    assert (Like.objects.count(), LedgerEntry.objects.count()) == (12, 0)
    assert (Block.objects.count(), Mute.objects.count(), FeedEntry.objects.count()) == (0, 0, 3)
    assert len(reader.ids()) == 3


@pytest.mark.django_db
def test_a_purge_goes_on_where_it_was_interrupted() -> None:
    rex, _, _ = lively()
    request_deletion(user_id=rex.id)
    expire(rex)
    start_due_purges()
    delivery = Delivery.objects.get(task="accounts.purge_account")
    sizes = []

    step: int | None = 0
    for _ in range(8):
        assert step is not None
        before = FeedEntry.objects.count() + Like.objects.count() + Follow.objects.count()
        step = deletion.purge_batch(user_id=rex.id, step=step)
        sizes.append(before - FeedEntry.objects.count() - Like.objects.count() - Follow.objects.count())
    work_off(delivery)
    drain()

    # Two rows of a kind at once; of feeds, two followers' entries with their follows.
    assert sizes[1] == 2
    assert max(sizes) <= 8
    assert not User.objects.filter(id=rex.id).exists()
    assert tables_that_name(rex.id) == ["accounts_auditentry.actor_id", "accounts_auditentry.subject_id"]


@pytest.mark.django_db
def test_a_purge_of_an_account_that_came_back_does_nothing() -> None:
    rex, _, _ = lively()

    assert deletion.purge_batch(user_id=rex.id, step=0) is None
    assert (User.objects.filter(id=rex.id).exists(), Post.objects.filter(author=rex).count()) == (True, 3)


@pytest.mark.django_db(transaction=True)
def test_of_a_purge_and_a_sign_in_at_once_exactly_one_wins() -> None:
    for _ in range(10):
        user = UserFactory.create()
        request_deletion(user_id=user.id)
        expire(user)

        started, cancelled = run_together(
            lambda: bool(start_due_purges()), partial(cancel_deletion, user_id=user.id)
        )

        user.refresh_from_db()
        assert {started, cancelled} == {True, False}
        assert user.state == (User.State.PURGING if started else User.State.ACTIVE)


def test_what_stands_above_is_erased_first() -> None:
    names = [eraser.name.partition(".")[0] for eraser in erasers()]

    assert list(dict.fromkeys(names)) == ["feeds", "interactions", "posts", "accounts"]
    assert erasers()[-1].name == "accounts.user"
