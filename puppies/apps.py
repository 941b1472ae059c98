from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class PuppiesConfig(AppConfig):
    """What every app stands on: ids, facts and their delivery, the ledger, the API's manners."""

    name = "puppies"

    def ready(self) -> None:
        autodiscover_modules("subscriptions", "personal_data", "draining")
