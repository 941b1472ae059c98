"""Archives of everything an account has: a zip of JSON files, written by a worker and fetched from the object store.

No transaction is open while an archive is written: it may take minutes. A worker holds the row by a lease that every page extends; one
that is lost comes back by itself and begins again, under the same key.
"""

import logging
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from tempfile import TemporaryFile
from typing import IO, Any

import orjson
from django.conf import settings
from django.core.files.base import File
from django.core.files.storage import default_storage
from django.db import IntegrityError, connection, transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone

from accounts import audit
from accounts.models import Export
from puppies.personal_data import Section, sections

LEASE_SECONDS = 300
MAX_ATTEMPTS = 5
KEPT = timedelta(days=7)
URL_SECONDS = 600

logger = logging.getLogger(__name__)

LEASE = """
UPDATE accounts_export
   SET state = 'running', attempts = attempts + 1, rows_done = 0, lease_until = now() + make_interval(secs => %(lease)s)
 WHERE id = (SELECT id FROM accounts_export
              WHERE state IN ('waiting', 'running') AND (lease_until IS NULL OR lease_until < now())
              ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING id, user_id, attempts
"""


class LeaseLost(Exception):
    """Another worker has taken the export over, or its account is gone."""


@dataclass(frozen=True, slots=True)
class Job:
    """One attempt at one export."""

    id: int
    user_id: int
    attempt: int

    @property
    def key(self) -> str:
        """Where the archive is in the object store."""
        return key_of(self.id)

    def update(self, **values: Any) -> None:
        """Record progress, or the end. Raises LeaseLost."""
        own = Export.objects.filter(id=self.id, attempts=self.attempt, state=Export.State.RUNNING)
        if not own.update(**values):
            raise LeaseLost


def request_export(*, user_id: int) -> tuple[Export, bool]:
    """Ask for an archive of the account; the one that is under way when there is one, and whether it is new."""
    try:
        with transaction.atomic():
            export = Export.objects.create(user_id=user_id)
            audit.record(action="export_requested", actor_id=user_id, subject_id=user_id)
    except IntegrityError:
        under_way = Export.objects.filter(user_id=user_id, state__in=("waiting", "running")).first()
        # It may have ended between the two statements; then the newest is what was asked for.
        return under_way or Export.objects.filter(user_id=user_id).latest("id"), False
    export.refresh_from_db()
    return export, True


def latest_export(*, user_id: int) -> Export | None:
    """The account's newest archive that can still be fetched, or is under way, or failed."""
    newest = Export.objects.filter(user_id=user_id).order_by("-id").first()
    is_gone = newest is not None and newest.expires_at is not None and newest.expires_at <= timezone.now()
    return None if is_gone else newest


def progress(export: Export) -> int:
    """Per cent of the rows written; 100 only when the archive can be fetched."""
    if export.state == Export.State.READY:
        return 100
    # Rows may be added while the archive is written.
    return min(99, 100 * export.rows_done // export.rows_total) if export.rows_total else 0


def signed_url(export: Export) -> str | None:
    """Where the archive can be fetched for the next 10 minutes; None until it is ready."""
    if export.state != Export.State.READY:
        return None
    name = {"ResponseContentDisposition": f'attachment; filename="puppies-{export.id}.zip"'}
    storage: Any = default_storage  # django-storages' url() takes more than Django's
    return str(storage.url(key_of(export.id), parameters=name, expire=URL_SECONDS))


def key_of(export_id: int) -> str:
    """Where an archive is in the object store."""
    return f"exports/{export_id}.zip"


def build_waiting() -> int:
    """Build every archive that waits for a worker; how many were finished."""
    built = 0
    while (job := _lease()) is not None:
        built += _attempt(job)
    return built


def _lease() -> Job | None:
    with connection.cursor() as cursor:
        cursor.execute(LEASE, {"lease": LEASE_SECONDS})
        row = cursor.fetchone()
    return None if row is None else Job(*row)


def _attempt(job: Job) -> bool:
    try:
        with TemporaryFile() as archive:
            _write(job, archive)
            size = archive.tell()
            archive.seek(0)
            # In parts of some megabytes, by the store's own client.
            default_storage.save(job.key, File(archive, name=job.key))
            job.update(
                state=Export.State.READY, size=size, lease_until=None, expires_at=timezone.now() + KEPT
            )
    except LeaseLost:
        logger.info("export_lease_lost id=%s", job.id)
        return False
    except Exception:
        # Presenters, disk and object store fail each in their own way: logged with its traceback, the row goes back to wait, so that
        # it stops none of the exports behind it.
        logger.exception("export_failed id=%s attempt=%s", job.id, job.attempt)
        _give_back(job)
        return False
    return True


def _give_back(job: Job) -> None:
    own = Export.objects.filter(id=job.id, attempts=job.attempt, state=Export.State.RUNNING)
    if job.attempt >= MAX_ATTEMPTS:
        own.update(state=Export.State.FAILED, lease_until=None, expires_at=timezone.now() + KEPT)
    else:
        wait = timedelta(seconds=2**job.attempt)
        own.update(state=Export.State.WAITING, lease_until=timezone.now() + wait)


def _write(job: Job, archive: IO[bytes]) -> None:
    job.update(rows_total=sum(section.rows(job.user_id).count() for section in sections()))
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as files:
        for section in sections():
            with files.open(f"{section.name}.json", "w", force_zip64=True) as file:
                _write_section(job, section, file)


def _write_section(job: Job, section: Section, file: IO[bytes]) -> None:
    separator = b"[\n"
    for page in _pages(section, job.user_id):
        file.write(
            separator
            + b",\n".join(orjson.dumps(section.present(row), option=orjson.OPT_UTC_Z) for row in page)
        )
        separator = b",\n"
        lease_until = timezone.now() + timedelta(seconds=LEASE_SECONDS)
        job.update(rows_done=F("rows_done") + len(page), lease_until=lease_until)
    file.write(b"[]\n" if separator == b"[\n" else b"\n]\n")


def _pages(section: Section, user_id: int) -> Iterator[list[Any]]:
    after = 0
    while True:
        rows = section.rows(user_id).filter(**{f"{section.key}__gt": after}).order_by(section.key)
        page = list(rows[: settings.PERSONAL_DATA_BATCH])
        if page:
            yield page
            after = getattr(page[-1], section.key)
        if len(page) < settings.PERSONAL_DATA_BATCH:
            return


def remove_expired() -> int:
    """Remove archives whose time is over, from the object store first; how many."""
    expired = Export.objects.filter(expires_at__lte=Now()).order_by("expires_at").values_list("id", flat=True)
    removed = 0
    for export_id in list(expired[: settings.PERSONAL_DATA_BATCH]):
        default_storage.delete(key_of(export_id))
        removed += Export.objects.filter(id=export_id).delete()[0]
    return removed
