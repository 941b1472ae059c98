"""The Celery application that every worker, the relay and beat share."""

import os

from celery import Celery

from puppies import kafka
from puppies.kafka import health

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
kafka.register()

app = Celery("puppies")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
health.install(app)
