from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """People: accounts, sign-in, who follows whom."""

    name = "accounts"
