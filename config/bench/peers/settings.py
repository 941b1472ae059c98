"""The product's settings with the bench's own addresses, and of the middlewares those of a new Django project."""

from config.settings import *  # noqa: F403 - that is what it is for

SIMPLE_JWT = {"ALGORITHM": "HS256"}
ROOT_URLCONF = "config.bench.peers.urls"
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
