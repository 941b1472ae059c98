"""The product's settings without any middleware: nothing but the view."""

from config.settings import *

ROOT_URLCONF = "config.bench.peers.urls"
MIDDLEWARE = []
