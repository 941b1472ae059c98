from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from accounts import audit
from accounts.models import AuditEntry, User
from puppies.ids import first_id_at


def entry_of(days_ago: int) -> AuditEntry:
    """An entry that was written so many days ago."""
    made_id = first_id_at(timezone.now() - timedelta(days=days_ago)) + 1
    return AuditEntry.objects.create(id=made_id, action="signed_in", subject_id=1)


def test_entries_are_removed_when_their_time_is_over(user: User, settings: Settings) -> None:
    settings.AUDIT_KEEP_DAYS = 30
    entry_of(31)
    kept = entry_of(29)
    audit.record(action="signed_in", actor_id=user.id, subject_id=user.id)

    assert audit.remove_old() == 1
    assert set(AuditEntry.objects.filter(subject_id=1)) == {kept}
    assert AuditEntry.objects.filter(subject_id=user.id).exists()


@pytest.mark.django_db
def test_old_entries_are_removed_a_batch_a_time(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    settings.AUDIT_KEEP_DAYS = 30
    monkeypatch.setattr(audit, "BATCH", 2)
    for days in (31, 32, 33):
        entry_of(days)

    with django_assert_num_queries(5):
        assert audit.remove_old() == 3
