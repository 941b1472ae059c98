"""The product's settings without any middleware: nothing but the view."""

from config.settings import *  # noqa: F403 - that is what it is for

ROOT_URLCONF = "config.bench.peers.urls"
MIDDLEWARE = []
