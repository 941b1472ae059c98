"""The Celery application that every worker, the relay and beat share."""

import os
from typing import Any

from celery import Celery, signals
from django.db import close_old_connections

from puppies import kafka
from puppies.kafka import health

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
kafka.register()

app = Celery("puppies")
app.config_from_object("django.conf:settings", namespace="CELERY")
# Celery would connect to PostgreSQL anew for every task. Its threads keep their connections instead, and each task looks first whether
# the server still holds its end.
app.conf["CELERY_DB_REUSE_MAX"] = 2**62
app.autodiscover_tasks()
health.install(app)


@signals.task_prerun.connect
def drop_dead_connections(**_: Any) -> None:
    close_old_connections()
