"""PostgreSQL, Redis and the object store."""

from config import env
from config.settings.core import ENVIRONMENT

DATABASE_ADDRESS = env.database(
    "DATABASE_URL", f"postgres://puppies:puppies@{env.NOWHERE}/puppies", "The PostgreSQL database."
)
STATEMENT_TIMEOUT_MS = env.integer(
    "DATABASE_STATEMENT_TIMEOUT_MS", 10_000, "Longest statement, milliseconds; 0 for none (migrations)."
)
LOCK_TIMEOUT_MS = env.integer("DATABASE_LOCK_TIMEOUT_MS", 5_000, "Longest wait for a lock, milliseconds.")
TRANSACTION_TIMEOUT_MS = env.integer(
    "DATABASE_TRANSACTION_TIMEOUT_MS", 20_000, "Longest transaction, milliseconds; 0 for none (migrations)."
)
PREPARED_STATEMENTS = env.flag(
    "PREPARED_STATEMENTS", True, "Prepare hot queries per connection; off behind a transaction pooler."
)

_GUARDS = {
    "statement_timeout": STATEMENT_TIMEOUT_MS,
    "lock_timeout": LOCK_TIMEOUT_MS,
    "transaction_timeout": TRANSACTION_TIMEOUT_MS,
    "idle_in_transaction_session_timeout": TRANSACTION_TIMEOUT_MS,
}
DATABASES = {
    "default": {
        "ENGINE": "puppies.postgres",
        "NAME": DATABASE_ADDRESS.name,
        "USER": DATABASE_ADDRESS.user,
        "PASSWORD": DATABASE_ADDRESS.password,
        "HOST": DATABASE_ADDRESS.host,
        "PORT": DATABASE_ADDRESS.port,
        "CONN_MAX_AGE": None,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {
            "connect_timeout": 2,
            "keepalives_idle": 10,
            "keepalives_interval": 5,
            "keepalives_count": 3,
            "tcp_user_timeout": 15_000,
            "application_name": env.text(
                "PGAPPNAME", "puppies", "The name under which PostgreSQL lists this process's connections."
            ),
            "options": " ".join(f"-c {name}={value}" for name, value in _GUARDS.items()),
        },
    }
}

REDIS_URL = env.text("REDIS_URL", f"redis://{env.NOWHERE}/0", "The Redis or Valkey server.")
REDIS_PREFIX = env.text("REDIS_PREFIX", "", "Put before every key, so that installations can share a server.")
REDIS_TIMEOUT_MS = env.integer(
    "REDIS_TIMEOUT_MS",
    50,
    "How long a request waits for Redis to take a connection, and for each answer, milliseconds.",
    least=1,
    most=10_000,
)
CACHES = {
    "default": {
        "BACKEND": "django_redis.cache.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": f"{REDIS_PREFIX}puppies",
        "OPTIONS": {
            "SOCKET_CONNECT_TIMEOUT": 0.1,
            "SOCKET_TIMEOUT": 0.1,
            # The client's own ten retries would turn a hung server into seconds per call.
            "CONNECTION_POOL_KWARGS": {"retry": None, "retry_on_error": []},
        },
    }
}

_S3_KEYS = ("", "") if ENVIRONMENT == "production" else ("puppies", "puppies-secret")
S3_ENDPOINT = env.text("S3_ENDPOINT", f"http://{env.NOWHERE}", "The object store; empty for Amazon's own.")
S3_BUCKET = env.text("S3_BUCKET", "puppies-media", "The bucket that holds media.")
STORAGES = {
    "default": {
        "BACKEND": "storages.backends.s3.S3Storage",
        "OPTIONS": {
            "endpoint_url": S3_ENDPOINT or None,
            "bucket_name": S3_BUCKET,
            "region_name": env.text("S3_REGION", "us-east-1", "The bucket's region."),
            # In production nothing stands in for a key: without one the client asks the host that it runs on.
            "access_key": env.secret("S3_ACCESS_KEY", _S3_KEYS[0], "The object store's access key.") or None,
            "secret_key": env.secret("S3_SECRET_KEY", _S3_KEYS[1], "The object store's secret key.") or None,
            "addressing_style": "path",
            "signature_version": "s3v4",
        },
    },
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
