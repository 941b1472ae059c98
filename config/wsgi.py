import gc
import os
from importlib import import_module

from django.conf import settings
from django.core.wsgi import get_wsgi_application

from puppies.api.gate import guarded

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

application = guarded(get_wsgi_application())

# Without keys no request could be answered: better not to begin.
from accounts import keys  # noqa: E402 - needs the settings

keys.ring()
# Django would import the routes at the first request, which would wait for them longer than a home feed may take.
import_module(settings.ROOT_URLCONF)
# What is there by now stays: the collector need not walk through it for a tenth of a second every thousand requests.
gc.collect()
gc.freeze()
