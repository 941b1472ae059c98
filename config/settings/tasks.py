"""Celery on Kafka: queues, routes, the periodic table, and how deliveries are leased."""

from datetime import timedelta

from kombu import Queue

from config import env
from config.settings.product import POPULAR_PERIOD_SECONDS

KAFKA_BOOTSTRAP = env.text("KAFKA_BOOTSTRAP", env.NOWHERE, "Kafka brokers, host:port, comma-separated.")
KAFKA_PREFIX = env.text(
    "KAFKA_PREFIX", "", "Put before topic and group names, so that installations can share brokers."
)
KAFKA_PARTITIONS = env.integer("KAFKA_PARTITIONS", 12, "Partitions of a topic when it is created.", least=1)
_CLIENT_CONFIG = {
    "security.protocol": env.text(
        "KAFKA_SECURITY_PROTOCOL",
        "plaintext",
        "How to speak to the brokers.",
        choices=("plaintext", "ssl", "sasl_plaintext", "sasl_ssl"),
    ),
    "sasl.mechanism": env.text("KAFKA_SASL_MECHANISM", "", "PLAIN, SCRAM-SHA-256, SCRAM-SHA-512 or empty."),
    "sasl.username": env.text("KAFKA_SASL_USERNAME", "", "The name to sign in to the brokers with."),
    "sasl.password": env.secret("KAFKA_SASL_PASSWORD", "", "The password that goes with it."),
    "ssl.ca.location": env.text("KAFKA_CA_FILE", "", "The brokers' certificate authority, a PEM file."),
}
KAFKA_PUBLISH_TIMEOUT_MS = env.integer(
    "KAFKA_PUBLISH_TIMEOUT_MS", 5_000, "Longest wait for a delivery report, milliseconds.", least=100
)
KAFKA_CLIENT_CONFIG = {name: value for name, value in _CLIENT_CONFIG.items() if value}
KAFKA_OPTIONS = {
    "topic_prefix": KAFKA_PREFIX,
    "group_id": "puppies",
    "partitions": KAFKA_PARTITIONS,
    "publish_timeout_ms": KAFKA_PUBLISH_TIMEOUT_MS,
    "session_timeout_ms": env.integer(
        "KAFKA_SESSION_TIMEOUT_MS", 45_000, "A worker silent for so long has left its group, milliseconds."
    ),
    "heartbeat_interval_ms": env.integer(
        "KAFKA_HEARTBEAT_MS", 3_000, "Between a worker's heartbeats, milliseconds."
    ),
    "fetch_wait_max_ms": env.integer(
        "KAFKA_FETCH_WAIT_MS", 500, "How long a broker may hold an empty fetch, milliseconds."
    ),
    "health_host": env.text(
        "HEALTH_HOST",
        "127.0.0.1",
        "Where a worker answers /livez and /metrics; 0.0.0.0 for other hosts to ask.",
    ),
    "health_port": env.integer(
        "HEALTH_PORT", 0, "The port for it; 0 for none. Each worker on a host needs its own.", most=65_535
    ),
    "client_config": KAFKA_CLIENT_CONFIG,
}

CELERY_BROKER_URL = f"puppies-kafka://{KAFKA_BOOTSTRAP}"
CELERY_BROKER_TRANSPORT_OPTIONS = KAFKA_OPTIONS
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_SERIALIZER = "json"
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_PUBLISH_RETRY = False
CELERY_TASK_CREATE_MISSING_QUEUES = False
CELERY_WORKER_PREFETCH_MULTIPLIER = 4
CELERY_WORKER_LOST_WAIT = 1.0
CELERY_WORKER_ENABLE_REMOTE_CONTROL = False
CELERY_WORKER_SEND_TASK_EVENTS = False
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = "UTC"

QUEUES = ("fanout", "feeds", "counters", "notifications", "maintenance", "analytics")
CELERY_TASK_QUEUES = [Queue(name, routing_key=name) for name in QUEUES]
CELERY_TASK_DEFAULT_QUEUE = "maintenance"
CELERY_TASK_ROUTES = {
    "feeds.fan_out_post": {"queue": "fanout"},
    "feeds.merge_follow": {"queue": "feeds"},
    "feeds.purge_post": {"queue": "feeds"},
    "feeds.purge_unfollowed": {"queue": "feeds"},
    "feeds.rebuild_feed": {"queue": "feeds"},
    "feeds.trim_feeds": {"queue": "maintenance"},
    "feeds.put_to_sleep": {"queue": "maintenance"},
    "feeds.rank_popular": {"queue": "maintenance"},
    "interactions.drain_ledger": {"queue": "counters"},
    "interactions.recount_counters": {"queue": "maintenance"},
    "interactions.notify_comment": {"queue": "notifications"},
    "interactions.notify_followed": {"queue": "notifications"},
    "interactions.notify_mentioned": {"queue": "notifications"},
    "interactions.send_digest": {"queue": "maintenance"},
    "interactions.claim_digests": {"queue": "maintenance"},
    "interactions.remove_old_notifications": {"queue": "maintenance"},
    "accounts.send_email_token": {"queue": "maintenance"},
    "accounts.remove_old_audit_entries": {"queue": "maintenance"},
    "accounts.remove_old_credentials": {"queue": "maintenance"},
    "puppies.remove_done_deliveries": {"queue": "maintenance"},
    "accounts.start_purges": {"queue": "maintenance"},
    "accounts.purge_account": {"queue": "maintenance"},
    "accounts.build_exports": {"queue": "maintenance"},
    "accounts.remove_expired_exports": {"queue": "maintenance"},
    "puppies.remove_old_idempotent_answers": {"queue": "maintenance"},
    "config.count_signup": {"queue": "analytics"},
    "config.count_follow": {"queue": "analytics"},
    "config.count_comment": {"queue": "analytics"},
    "config.count_figures": {"queue": "analytics"},
    "config.count_active_users": {"queue": "analytics"},
    "config.measure_feed_latency": {"queue": "analytics"},
}

# Periodic messages that nobody took in time are worthless: the next one does the same work.
CELERY_BEAT_SCHEDULE = {
    "start-purges": {
        "task": "accounts.start_purges",
        "schedule": timedelta(minutes=1),
        "options": {"expires": 60},
    },
    "build-exports": {
        "task": "accounts.build_exports",
        "schedule": timedelta(seconds=5),
        "options": {"expires": 5},
    },
    "remove-expired-exports": {
        "task": "accounts.remove_expired_exports",
        "schedule": timedelta(minutes=10),
        "options": {"expires": 600},
    },
    "trim-feeds": {
        "task": "feeds.trim_feeds",
        "schedule": timedelta(minutes=1),
        "options": {"expires": 60},
    },
    "put-to-sleep": {
        "task": "feeds.put_to_sleep",
        "schedule": timedelta(minutes=1),
        "options": {"expires": 60},
    },
    "drain-ledger": {
        "task": "interactions.drain_ledger",
        "schedule": timedelta(seconds=1),
        "options": {"expires": 5},
    },
    "claim-digests": {
        "task": "interactions.claim_digests",
        "schedule": timedelta(minutes=1),
        "options": {"expires": 60},
    },
    "remove-old-notifications": {
        "task": "interactions.remove_old_notifications",
        "schedule": timedelta(hours=1),
        "options": {"expires": 3_600},
    },
    "recount-counters": {
        "task": "interactions.recount_counters",
        "schedule": timedelta(minutes=1),
        "options": {"expires": 60},
    },
    "rank-popular": {
        "task": "feeds.rank_popular",
        "schedule": timedelta(seconds=POPULAR_PERIOD_SECONDS),
        "options": {"expires": POPULAR_PERIOD_SECONDS},
    },
    "remove-old-credentials": {
        "task": "accounts.remove_old_credentials",
        "schedule": timedelta(hours=1),
        "options": {"expires": 3_600},
    },
    "remove-old-audit-entries": {
        "task": "accounts.remove_old_audit_entries",
        "schedule": timedelta(hours=1),
        "options": {"expires": 3_600},
    },
    "remove-done-deliveries": {
        "task": "puppies.remove_done_deliveries",
        "schedule": timedelta(minutes=1),
        "options": {"expires": 60},
    },
    "count-figures": {
        "task": "config.count_figures",
        "schedule": timedelta(seconds=10),
        "options": {"expires": 30},
    },
    "count-active-users": {
        "task": "config.count_active_users",
        "schedule": timedelta(minutes=1),
        "options": {"expires": 60},
    },
    "measure-feed-latency": {
        "task": "config.measure_feed_latency",
        "schedule": timedelta(minutes=1),
        "options": {"expires": 60},
    },
    "remove-old-idempotent-answers": {
        "task": "puppies.remove_old_idempotent_answers",
        "schedule": timedelta(minutes=10),
        "options": {"expires": 600},
    },
}

DELIVERY_LEASE_SECONDS = env.integer(
    "DELIVERY_LEASE_SECONDS",
    12,
    "A delivery that was published and shows no progress for so many seconds is published again, then every twice as many.",
    least=1,
)
DELIVERY_MAX_ATTEMPTS = env.integer(
    "DELIVERY_MAX_ATTEMPTS", 8, "Attempts without progress after which a delivery is a dead letter.", least=1
)
DELIVERY_BACKOFF_SECONDS = env.integer(
    "DELIVERY_BACKOFF_SECONDS", 2, "Wait after the first failed attempt; doubles with each, up to 10 minutes."
)
DELIVERY_KEEP_SECONDS = env.integer(
    "DELIVERY_KEEP_SECONDS", 3_600, "How long finished deliveries are kept to be looked at."
)
RELAY_BATCH = env.integer(
    "RELAY_BATCH", 500, "Deliveries that a relay leases and publishes at once.", least=1, most=1_000
)
