"""The settings, one module a topic; every environment variable is read by `config.env` and listed in `docs/settings.md`."""

from config.settings.accounts import *
from config.settings.analytics import *
from config.settings.api import *
from config.settings.core import *
from config.settings.edge import *
from config.settings.limits import *
from config.settings.logs import *
from config.settings.oidc import *
from config.settings.product import *
from config.settings.security import *
from config.settings.stores import *
from config.settings.tasks import *
