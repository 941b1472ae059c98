"""Mailboxes that refuse digests: asked once for each, and given up after three."""

import logging
from collections.abc import Iterator

import pytest
from pytest_django.fixtures import Settings

from accounts.models import User
from interactions.notifications.preferences import Digest, change_preferences, preferences_of
from interactions.services import like_post
from interactions.tasks import claim_digests
from puppies.models import Delivery
from tests.factories import PostFactory, UserFactory
from tests.feeds.readers import work_all_off, work_off
from tests.interactions.notifications.mailbox import Mailbox, mailbox
from tests.interactions.notifications.people import settle
from tests.interactions.notifications.test_digests import TASK, let_a_day_pass

NOBODY = "550 5.1.1 <rex@example.test>: no such user"


@pytest.fixture
def box(settings: Settings) -> Iterator[Mailbox]:
    settings.API_URL, settings.APP_URL = "https://api.puppies.test/", "https://puppies.test/"
    with mailbox() as server:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_USE_TLS = "127.0.0.1", server.port, False
        settings.EMAIL_HOST_USER = ""
        yield server


def a_day_with_news(rex: User) -> None:
    let_a_day_pass(rex)
    like_post(user_id=UserFactory.create().id, post_id=PostFactory.create(author=rex).id)
    settle()
    claim_digests()
    work_all_off(task=TASK)


def digest_of(rex: User) -> Digest:
    return preferences_of(user_id=rex.id).digest


def test_what_is_refused_for_good_is_done_and_told_without_the_address(
    box: Mailbox, rex: User, caplog: pytest.LogCaptureFixture
) -> None:
    box.answer = NOBODY

    with caplog.at_level(logging.WARNING):
        a_day_with_news(rex)

    delivery = Delivery.objects.get(task=TASK)
    assert delivery.done_at is not None
    assert (delivery.attempts, delivery.dead_at, delivery.error) == (1, None, "")
    assert f"digest_refused user={rex.id}" in caplog.messages
    assert "example.test" not in caplog.text
    assert (box.asked, digest_of(rex)) == (1, Digest.DAILY)


def test_after_three_in_a_row_there_are_none_until_the_owner_asks_again(box: Mailbox, rex: User) -> None:
    box.answer = NOBODY
    wanted = []
    for _ in range(4):
        a_day_with_news(rex)
        wanted.append(digest_of(rex))
    box.answer = "250 ok"
    change_preferences(user_id=rex.id, ways={}, digest=Digest.DAILY)
    a_day_with_news(rex)

    assert wanted == [Digest.DAILY, Digest.DAILY, Digest.NEVER, Digest.NEVER]
    assert (box.asked, box.taken, digest_of(rex)) == (4, 1, Digest.DAILY)


def test_one_that_is_taken_in_between_begins_anew(box: Mailbox, rex: User) -> None:
    for answer in (NOBODY, NOBODY, "250 ok", NOBODY, NOBODY):
        box.answer = answer
        a_day_with_news(rex)

    assert (box.taken, digest_of(rex)) == (1, Digest.DAILY)


def test_a_mailbox_that_is_full_for_now_is_tried_again(box: Mailbox, rex: User) -> None:
    box.answer = "452 4.2.2 full"
    a_day_with_news(rex)
    delivery = Delivery.objects.get(task=TASK)
    waiting = (delivery.done_at, delivery.attempts)
    box.answer = "250 ok"

    work_off(delivery)

    assert (waiting, box.taken, digest_of(rex)) == ((None, 1), 1, Digest.DAILY)
