"""Django itself: apps, middleware, templates, time and static files."""

from pathlib import Path

from config import env

BASE_DIR = Path(__file__).resolve().parent.parent.parent
DATA_DIR = env.data_dir()
env.text("DATA_DIR", ".data", "Folder of the embedded stack: data, logs, addresses.")

ENVIRONMENT = env.text(
    "ENVIRONMENT",
    "production",
    "Where this runs; outside production a default SECRET_KEY is accepted. `manage.py` says development.",
    choices=("development", "test", "production"),
)
DEBUG = env.flag("DEBUG", False, "Django's debug mode; refused in production.")
PORT = env.integer("PORT", 8000, "Port of the API.", least=1, most=65535)
WEB_WORKERS = env.integer("WEB_WORKERS", 2, "Processes of the API.", least=1, most=64)
WEB_CONNECTIONS = env.integer(
    "WEB_CONNECTIONS",
    256,
    "Connections that each process of the API holds at once, idle ones among them; further ones wait outside.",
    least=1,
    most=65_536,
)
WORKER_CONCURRENCY = env.integer("WORKER_CONCURRENCY", 4, "Threads of each worker.", least=1, most=64)

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
AUTH_USER_MODEL = "accounts.User"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "config",
    "feeds",
    "interactions",
    "posts",
    "accounts.oidc.apps.IdentitiesConfig",  # before accounts, which shows identities in the admin
    "accounts",
    "puppies",
    "config.admin_site.PuppiesAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "corsheaders",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_prometheus",
]

MIDDLEWARE = [
    "puppies.middleware.MetricsMiddleware",
    "puppies.middleware.TraceMiddleware",
    "accounts.middleware.AuditMiddleware",
    "puppies.api.headers.HeadersMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "puppies.api.headers.CountedCorsMiddleware",
    "puppies.limits.middleware.LimitMiddleware",
    "puppies.api.headers.HostMiddleware",
    "puppies.api.headers.PreflightMiddleware",
    "puppies.api.requests.RequestMiddleware",
    "puppies.middleware.ProblemMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "puppies.middleware.PageSessionMiddleware",
    "puppies.middleware.PageCsrfMiddleware",
    "puppies.middleware.PageAuthenticationMiddleware",
    "puppies.middleware.PageMessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = False
APPEND_SLASH = False

STATIC_URL = "/static/"
# Admin and API documentation are served by the API itself, from the installed packages: no build step, nothing fetched.
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False
