"""The daily mail."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail as outgoing
from django.core.mail import EmailMultiAlternatives
from django.utils import timezone
from pytest_django.fixtures import Settings

from accounts.models import User
from interactions.comments.services import publish_comment
from interactions.models import NotificationInbox
from interactions.notifications import digests
from interactions.notifications.digest_lines import excerpt
from interactions.notifications.marking import mark_read
from interactions.notifications.preferences import Digest, change_preferences
from interactions.notifications.unsubscribing import unsubscribe_url
from interactions.services import like_post
from interactions.tasks import claim_digests
from puppies.models import Delivery
from tests.factories import PostFactory, UserFactory
from tests.feeds.readers import work_all_off, work_off
from tests.interactions.notifications.people import settle
from tests.threads import run_together

TASK = "interactions.send_digest"


@pytest.fixture(autouse=True)
def reachable(settings: Settings) -> None:
    settings.API_URL, settings.APP_URL = "https://api.puppies.test/", "https://puppies.test/"


def like(author: User, *, content: str = "my dog") -> User:
    fan = UserFactory.create()
    like_post(user_id=fan.id, post_id=PostFactory.create(author=author, content=content).id)
    settle()
    return fan


def mailed() -> list[EmailMultiAlternatives]:
    """Let a beat claim and a worker send; what was sent since the last time."""
    outgoing.outbox.clear()
    claim_digests()
    work_all_off(task=TASK)
    return list(outgoing.outbox)  # type: ignore[arg-type]


def let_a_day_pass(user: User) -> None:
    yesterday = timezone.now() - timedelta(seconds=1)
    NotificationInbox.objects.filter(user_id=user.id, digest_due_at__isnull=False).update(
        digest_due_at=yesterday
    )


def html_of(message: EmailMultiAlternatives) -> str:
    ((content, kind),) = message.alternatives
    assert kind == "text/html"
    return str(content)


def test_a_digest_tells_names_and_the_beginning_of_a_text(rex: User) -> None:
    fan = like(rex, content="a <b>dog</b>\nBcc: all " + "x" * 100)
    post = PostFactory.create(author=rex)
    publish_comment(author_id=fan.id, post_id=post.id, content="what a “dog” & friend")
    settle()

    (message,) = mailed()

    assert (message.to, message.subject) == (["rex@example.test"], "What happened on Puppies")
    body = str(message.body)
    assert "Hello rex," in body
    assert f"* @{fan.username} liked your post\n  “a <b>dog</b> Bcc: all xxx" in body
    assert "…”" in body
    assert f"* @{fan.username} commented on your post\n  “what a “dog” & friend”" in body
    assert "https://puppies.test" in body
    assert "x" * 100 not in body
    assert "a &lt;b&gt;dog&lt;/b&gt;" in html_of(message)
    assert "<b>" not in html_of(message)


def test_a_digest_can_be_ended_by_one_click(rex: User) -> None:
    like(rex)
    (message,) = mailed()

    link = message.extra_headers["List-Unsubscribe"]
    assert message.extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert link == f"<{unsubscribe_url(user_id=rex.id)}>"
    assert link.startswith("<https://api.puppies.test/unsubscribe/")
    assert link.strip("<>") in str(message.body)
    assert link.strip("<>") in html_of(message)


def test_many_are_told_in_short(rex: User) -> None:
    post = PostFactory.create(author=rex)
    for fan in UserFactory.create_batch(101):
        like_post(user_id=fan.id, post_id=post.id)
    settle()
    for _ in range(11):
        like(rex)

    (message,) = mailed()

    assert str(message.body).count("* @") == 10
    assert "And there is more." in str(message.body)
    let_a_day_pass(rex)
    assert mailed() == []


def test_more_than_can_be_counted(rex: User) -> None:
    post = PostFactory.create(author=rex)
    for fan in UserFactory.create_batch(101):
        like_post(user_id=fan.id, post_id=post.id)
    settle()

    (message,) = mailed()

    assert re.search(r"\* @\w+, @\w+, @\w+ and more than 96 others liked your post", str(message.body))


def test_there_is_one_a_day_and_it_tells_what_is_new_since_the_last(rex: User) -> None:
    first = like(rex)
    once, again = mailed(), mailed()
    second = like(rex)
    same_day = mailed()
    let_a_day_pass(rex)
    (next_day,) = mailed()
    let_a_day_pass(rex)

    assert (len(once), again, same_day) == (1, [], [])
    assert f"@{second.username} " in str(next_day.body)
    assert f"@{first.username} " not in str(next_day.body)
    assert mailed() == []


@pytest.mark.parametrize(
    "change",
    [
        {"email_verified_at": None},
        {"state": User.State.SUSPENDED},
        {"state": User.State.DELETING},
    ],
)
def test_who_cannot_be_mailed_is_not(rex: User, change: dict[str, Any]) -> None:
    like(rex)
    claim_digests()
    User.objects.filter(id=rex.id).update(**change)
    outgoing.outbox.clear()
    work_all_off(task=TASK)
    let_a_day_pass(rex)

    assert (outgoing.outbox, mailed()) == ([], [])


def test_who_did_not_ask_gets_none(db: None) -> None:
    bella = UserFactory.create(email_verified_at=timezone.now())
    like(bella)

    assert mailed() == []


def test_what_was_read_or_is_not_for_mail_is_not_mailed(rex: User) -> None:
    like(rex)
    mark_read(user_id=rex.id)
    seen = mailed()
    let_a_day_pass(rex)
    like(rex)
    change_preferences(user_id=rex.id, ways={"like": {"email": False}})

    assert (seen, mailed()) == ([], [])


def test_what_was_taken_back_before_the_mail_is_not_in_it(rex: User) -> None:
    fan = like(rex)
    claim_digests()
    User.objects.filter(id=fan.id).update(state=User.State.DELETING)
    outgoing.outbox.clear()

    work_all_off(task=TASK)

    assert outgoing.outbox == []
    assert Delivery.objects.get(task=TASK).done_at is not None


def test_who_turns_digests_on_again_waits_for_the_day_to_end(rex: User) -> None:
    like(rex)
    assert len(mailed()) == 1
    for digest in ("never", "daily", "never", "daily"):
        change_preferences(user_id=rex.id, ways={}, digest=digest)
    like(rex)

    assert mailed() == []


def test_without_an_address_to_unsubscribe_nothing_is_mailed(rex: User, settings: Settings) -> None:
    settings.API_URL = ""
    like(rex)

    assert (mailed(), Delivery.objects.filter(task=TASK).count()) == ([], 0)


def test_a_batch_is_one_transaction_and_the_next_goes_on(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(digests, "BATCH", 2)
    people = UserFactory.create_batch(5, email_verified_at=timezone.now())
    for person in people:
        change_preferences(user_id=person.id, ways={}, digest=Digest.DAILY)
        like(person)

    first = digests.claim_batch()

    assert (first, Delivery.objects.filter(task=TASK).count()) == (2, 2)
    assert sorted(message.to for message in mailed()) == sorted([person.email] for person in people)


@pytest.mark.django_db(transaction=True)
def test_two_beats_ask_once() -> None:
    people = UserFactory.create_batch(6, email_verified_at=timezone.now())
    for person in people:
        change_preferences(user_id=person.id, ways={}, digest=Digest.DAILY)
        like(person)

    asked = run_together(digests.claim_due, digests.claim_due)

    assert (sum(asked), Delivery.objects.filter(task=TASK).count()) == (6, 6)


def test_a_mail_server_that_is_away_makes_the_delivery_wait(rex: User, settings: Settings) -> None:
    like(rex)
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_USE_TLS = "127.0.0.1", 1, False
    claim_digests()
    delivery = Delivery.objects.get(task=TASK)

    work_off(delivery)
    delivery.refresh_from_db()
    waiting = (delivery.done_at, delivery.attempts, "ConnectionRefusedError" in delivery.error)
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    outgoing.outbox.clear()
    for _ in range(2):
        work_off(delivery)

    assert waiting == (None, 1, True)
    assert len(outgoing.outbox) == 1


@pytest.mark.parametrize(
    ("text", "shown"),
    [("short", "short"), ("a\r\n b\t c", "a b c"), ("x" * 80, "x" * 80), ("y" * 81, "y" * 79 + "…")],
)
def test_an_excerpt_is_one_short_line(text: str, shown: str) -> None:
    assert excerpt(text) == shown
