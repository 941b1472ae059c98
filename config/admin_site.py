"""The admin as a whole: its names, and one list of all that there is."""

from typing import Any

from django.contrib.admin import AdminSite
from django.contrib.admin.apps import AdminConfig
from django.http import HttpRequest


class PuppiesAdminSite(AdminSite):
    """Without the list of everything beside each page, which tables need the room of."""

    site_header = site_title = "Puppies"
    index_title = "What there is"
    site_url = "/docs"
    enable_nav_sidebar = False

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        """One group of all models on the first page: apps are our affair, and most would be headings of one line."""
        apps = super().get_app_list(request, app_label)
        if app_label or not apps:
            return apps
        models = sorted((model for app in apps for model in app["models"]), key=lambda model: model["name"])
        return [{**apps[0], "name": "To look at", "app_url": request.path, "models": models}]


class PuppiesAdminConfig(AdminConfig):
    """Makes it `admin.site`."""

    default_site = "config.admin_site.PuppiesAdminSite"
