from django.apps import AppConfig


class FeedsConfig(AppConfig):
    """What each reader gets to see: the home feed."""

    name = "feeds"
