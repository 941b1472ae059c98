"""What is kept of an identity: told in the archive, shown to admins, gone with the account."""

import io
import json
import zipfile
from datetime import timedelta

from django.core.files.storage import default_storage
from django.utils import timezone
from social_django.models import UserSocialAuth

from accounts.deletion import request_deletion, start_due_purges
from accounts.export import build_waiting, key_of, request_export
from accounts.models import Export, User
from accounts.policy import Role
from tests.accounts.oidc.people import identities, linked_user
from tests.feeds.readers import work_all_off
from tests.roles import browser_of, of_role


def test_the_archive_tells_the_identities(db: None) -> None:
    user = linked_user()
    linked_user(uid="2160")
    request_export(user_id=user.id)

    assert build_waiting() == 1

    with default_storage.open(key_of(Export.objects.get().id)) as file:
        archive = zipfile.ZipFile(io.BytesIO(file.read()))
    (row,) = json.loads(archive.read("identities.json"))
    assert (row["provider"], row["subject"]) == ("google", "1080")
    assert set(row) == {"provider", "subject", "linked_at"}


def test_an_erased_account_leaves_no_identity(db: None) -> None:
    user, other = linked_user(), linked_user(uid="2160")
    request_deletion(user_id=user.id)
    User.objects.filter(id=user.id).update(delete_after=timezone.now() - timedelta(seconds=1))

    start_due_purges()
    work_all_off()

    assert not User.objects.filter(id=user.id).exists()
    assert identities() == [("google", "2160", other.username)]


def test_admins_see_identities_and_change_none(db: None) -> None:
    row = UserSocialAuth.objects.get(user=linked_user())
    browser = browser_of(of_role(Role.ADMIN))
    page = f"/admin/social_django/usersocialauth/{row.pk}/change/"

    shown, posted = browser.get(page), browser.post(page, {"uid": "1"})

    assert (shown.status_code, posted.status_code) == (200, 403)
    assert "1080" in shown.content.decode()
    row.refresh_from_db()
    assert row.uid == "1080"
