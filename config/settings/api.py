"""DRF and its schema."""

DESCRIPTION = """The API of a social network: accounts, posts, likes, comments, notifications, a home feed and what is popular.

Bodies and answers are JSON in UTF-8. Ids are strings of decimal digits. Every refusal and failure is a `Problem` whose `code` is one of
[the codes of errors](/docs/errors). Besides those that an operation declares, each of them answers 405 `method_not_allowed` (with `Allow`)
to a method that its address does not have, and 406 `not_acceptable` to whoever does not take JSON."""

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["accounts.api.authentication.BearerAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["accounts.api.permissions.SignedIn"],
    "DEFAULT_RENDERER_CLASSES": ["puppies.api.json.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["puppies.api.json.JSONParser"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "puppies.api.json.JSONNegotiation",
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "puppies.api.problems.exception_handler",
    # Only `Accept` chooses; `format` is a parameter like any other that an address does not know.
    "URL_FORMAT_OVERRIDE": None,
    "UNAUTHENTICATED_USER": "puppies.viewer.anonymous",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}

# In the order in which the documentation shows them.
TAGS = {
    "auth": "Registering, signing in (with a password, Google or Apple), sessions, passwords and the keys of access tokens.",
    "users": "Accounts: profiles, one's own with its export and deletion, follows, blocks and mutes.",
    "posts": "Publishing and reading single posts.",
    "feeds": "The home feed of whom the caller follows, and what is popular now.",
    "comments": "Comments on posts and replies to them: writing, changing, deleting, hiding and listing.",
    "interactions": "Likes of posts, and who gave them.",
    "notifications": "What others did that concerns the caller, what of it is read, and what of it is wanted.",
}

SPECTACULAR_SETTINGS = {
    "TITLE": "Puppies",
    "VERSION": "1.0.0",
    "DESCRIPTION": DESCRIPTION,
    "TAGS": [{"name": name, "description": description} for name, description in TAGS.items()],
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SERVE_AUTHENTICATION": [],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "puppies.api.schema.name_components",
        "puppies.api.schema.close_bodies",
        "puppies.api.schema.require_bodies",
        "puppies.api.schema.declare_problems",
        "puppies.api.schema_headers.declare_headers",
    ],
    "SCHEMA_PATH_PREFIX": "/v1",
}
