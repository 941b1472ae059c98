from django.contrib import admin
from django.contrib.auth.models import Group
from django.urls import URLPattern, URLResolver, include, path, re_path
from drf_spectacular.views import SpectacularSwaggerSplitView

import feeds.api.urls
from accounts.api.jwks import JwksView
from config import views
from config.schema_view import SchemaView
from interactions.api.unsubscribe_view import unsubscribe

# Roles are given by `manage.py grant_role`, which ends sessions and writes the audit; a group's form would do neither.
admin.site.unregister(Group)

# Routes are tried in order: what is asked most comes first, and without a step in between.
urlpatterns: list[URLPattern | URLResolver] = [
    *feeds.api.urls.urlpatterns,
    path("v1/", include("posts.api.urls")),
    path("v1/", include("interactions.api.urls")),
    path("v1/", include("accounts.api.urls")),
    re_path(r"^$", views.to_docs, name="root"),
    path("livez", views.livez, name="livez"),
    path("readyz", views.readyz, name="readyz"),
    path("metrics", views.metrics, name="metrics"),
    path(".well-known/jwks.json", JwksView.as_view(), name="jwks"),
    path("v1/schema", SchemaView.as_view(), name="schema"),
    path("unsubscribe/<str:token>", unsubscribe, name="unsubscribe"),
    path("docs", SpectacularSwaggerSplitView.as_view(url_name="schema"), name="docs"),
    path("docs/", views.to_docs),
    path("docs/errors", views.error_pages, name="error-pages"),
    path("docs/errors/<slug:code>", views.error_page, name="error-page"),
    path("admin", views.to_admin),
    path("favicon.ico", views.favicon),
    path("admin/", admin.site.urls),
]

handler400 = views.bad_request
handler403 = views.permission_denied
handler404 = views.not_found
handler500 = views.server_error
