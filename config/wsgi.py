import os

from django.core.wsgi import get_wsgi_application

from puppies.api.gate import guarded

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

application = guarded(get_wsgi_application())

# Without keys no request could be answered: better not to begin.
from accounts import keys  # noqa: E402 - needs the settings

keys.ring()
