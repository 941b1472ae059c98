from django.apps import AppConfig


class InteractionsConfig(AppConfig):
    """What people do with posts; the counts that follow from it."""

    name = "interactions"
