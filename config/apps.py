from importlib import import_module

from django.apps import AppConfig


class ConfigConfig(AppConfig):
    """The assembled product: settings, addresses, and the commands that span apps."""

    name = "config"

    def ready(self) -> None:
        # Makes the Celery app current, so that shared tasks and the relay find it in every role.
        import_module("config.celery")
