"""One line an event on standard output, with the request's id where there is one."""

from config import env

LOG_LEVEL = env.text(
    "LOG_LEVEL", "INFO", "Least severity that is logged.", choices=("DEBUG", "INFO", "WARNING", "ERROR")
)
METRICS_TOKEN = env.secret(
    "METRICS_TOKEN",
    "",
    "Bearer token for /metrics; without one it is open in development and closed in production.",
)
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"trace": {"()": "puppies.trace.TraceFilter"}},
    "formatters": {"line": {"format": "{levelname:<7} {name} {message} [{trace_id}]", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["trace"]}},
    "root": {"handlers": ["console"], "level": LOG_LEVEL},
    "loggers": {
        "django.request": {"level": "ERROR"},
        "celery.worker.strategy": {"level": "WARNING"},
        "celery.app.trace": {"level": "WARNING"},
        "celery.beat": {"level": "WARNING"},
    },
}
