"""How long notifications are kept, whose archive has them, and how they are erased."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_django.fixtures import Settings

from accounts.models import User
from accounts.services import follow_user
from interactions.comments.services import publish_comment
from interactions.models import Notification, NotificationGroup, NotificationInbox
from interactions.notifications import erasing, housekeeping
from interactions.notifications.preferences import change_preferences
from interactions.services import like_post, unlike_post
from interactions.tasks import remove_old_notifications
from puppies.ids import first_id_at
from puppies.personal_data import sections
from tests.factories import PostFactory, UserFactory
from tests.interactions.notifications.people import brief, settle

pytestmark = pytest.mark.django_db


def age(group: NotificationGroup, *, days: int) -> None:
    """Let the group have risen so long ago."""
    then = first_id_at(timezone.now() - timedelta(days=days))
    NotificationGroup.objects.filter(pk=group.pk).update(place=then)


def liked(author: User, *, by: int = 1) -> NotificationGroup:
    post = PostFactory.create(author=author)
    for fan in UserFactory.create_batch(by):
        like_post(user_id=fan.id, post_id=post.id)
    settle()
    return NotificationGroup.objects.get(subject_id=post.id)


def test_a_group_that_nobody_joined_for_90_days_is_removed(
    user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(housekeeping, "BATCH", 2)
    old, young = liked(user, by=5), liked(user, by=3)
    older = [liked(user) for _ in range(3)]
    for group in (old, *older):
        age(group, days=91)
    age(young, days=89)

    remove_old_notifications()

    assert [group.subject_id for group in NotificationGroup.objects.all()] == [young.subject_id]
    assert set(Notification.objects.values_list("subject_id", flat=True)) == {young.subject_id}


def test_how_long_is_a_setting(user: User, settings: Settings) -> None:
    settings.NOTIFICATIONS_KEEP_DAYS = 7
    age(liked(user), days=8)

    assert housekeeping.remove_old() == 2


def test_who_joined_first_is_remembered_while_the_group_rises(user: User) -> None:
    group = liked(user)
    age(group, days=91)
    like_post(user_id=UserFactory.create().id, post_id=group.subject_id)
    settle()

    assert housekeeping.remove_old() == 0
    assert Notification.objects.count() == 2


def test_an_archive_has_what_one_was_told_and_wants(user: User) -> None:
    group = liked(user)
    fan = UserFactory.create()
    follow_user(follower_id=fan.id, followee_id=user.id)
    settle()
    change_preferences(user_id=user.id, ways={"reply": {"email": False}}, digest="daily")

    rows = {name: rows_of(name, user) for name in ("notifications", "notification_preferences")}

    assert [(row["kind"], row["post_id"]) for row in rows["notifications"]] == [
        ("like", str(group.post_id)),
        ("follow", None),
    ]
    (preferences,) = rows["notification_preferences"]
    assert (preferences["not_in_app"], preferences["not_by_email"], preferences["digest"]) == (
        *([], ["reply"]),
        "daily",
    )


def batches(erase: Callable[..., bool], user: User) -> int:
    """Erase to the end; in how many steps."""
    return sum(1 for _ in iter(lambda: erase(user_id=user.id), False))


def rows_of(name: str, user: User) -> list[dict[str, Any]]:
    section = next(section for section in sections() if section.name == name)
    return [section.present(row) for row in section.rows(user.id).order_by(section.key)]


def test_everything_an_account_was_told_is_erased_in_batches(user: User, settings: Settings) -> None:
    settings.PERSONAL_DATA_BATCH = 2
    other = UserFactory.create()
    for author in (user, other):
        for _ in range(3):
            liked(author, by=2)

    assert batches(erasing.erase_received, user) > 3

    assert set(Notification.objects.values_list("recipient_id", flat=True)) == {other.id}
    assert set(NotificationGroup.objects.values_list("recipient_id", flat=True)) == {other.id}
    assert not NotificationInbox.objects.filter(user_id=user.id).exists()
    assert Notification.objects.count() == 6


def test_everything_others_were_told_of_an_account_is_erased_in_batches(
    user: User, settings: Settings
) -> None:
    settings.PERSONAL_DATA_BATCH = 2
    bella, luna = UserFactory.create_batch(2)
    posts = PostFactory.create_batch(3, author=bella)
    for post in posts:
        like_post(user_id=user.id, post_id=post.id)
        publish_comment(author_id=user.id, post_id=post.id, content=f"@{luna.username}")
    unlike_post(user_id=user.id, post_id=posts[0].id)
    like_post(user_id=luna.id, post_id=posts[0].id)
    follow_user(follower_id=user.id, followee_id=bella.id)
    settle()
    unlike_post(user_id=user.id, post_id=posts[1].id)
    settle()

    assert batches(erasing.erase_given, user) > 3

    assert not Notification.objects.filter(actor=user).exists()
    assert (brief(bella), brief(luna)) == ([("like", [luna.username])], [])
    assert set(NotificationGroup.objects.values_list("kind", flat=True)) == {"like"}
