from social_django.apps import PythonSocialAuthConfig


class IdentitiesConfig(PythonSocialAuthConfig):
    """social_django's tables without its strategy, pipeline and backends, none of which verifies a token for us."""

    verbose_name = "Identities"

    def ready(self) -> None:
        """Do not do what the parent does: it loads the strategy, and with it a library of OpenID 2.0."""
