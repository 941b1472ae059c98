from django.apps import AppConfig


class PostsConfig(AppConfig):
    """Posts and what is shown of them."""

    name = "posts"
