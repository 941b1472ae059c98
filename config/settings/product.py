"""What the product promises in numbers."""

from django.core.exceptions import ImproperlyConfigured

from config import env

FEED_BATCH = 5_000
FEED_BURST = 10
PERSONAL_DATA_BATCH = 1_000

PULL_FROM_FOLLOWERS = env.integer(
    "PULL_FROM_FOLLOWERS",
    10_000,
    "From so many followers on, an author's new posts are found by their readers instead of being pushed to them.",
    least=1,
)
PUSH_AGAIN_FOLLOWERS = env.integer(
    "PUSH_AGAIN_FOLLOWERS", 8_000, "Down at so many followers, an author's new posts are pushed again."
)
if PUSH_AGAIN_FOLLOWERS >= PULL_FROM_FOLLOWERS:
    raise ImproperlyConfigured("PUSH_AGAIN_FOLLOWERS must be below PULL_FROM_FOLLOWERS.")

FOLLOWS_MOST = env.integer(
    "FOLLOWS_MOST",
    7_500,
    "So many accounts one may follow, a few more when follows begin together; who follows more keeps them.",
    least=1,
)

FEED_KEEP = env.integer(
    "FEED_KEEP",
    1_000,
    "Entries that a stored feed keeps; what is older is read from the posts.",
    least=1,
    most=10_000,
)
FEED_SLEEP_DAYS = env.integer(
    "FEED_SLEEP_DAYS", 30, "A reader not seen for so many days costs no fan-out until it is back.", least=1
)
FEED_SEEN_HOURS = env.integer(
    "FEED_SEEN_HOURS", 24, "That a reader was here is written down once in so many hours.", least=1
)

HOME_FEED_DEADLINE_MS = env.integer(
    "HOME_FEED_DEADLINE_MS",
    200,
    "How long the home feed may ask PostgreSQL before popular posts are answered instead, milliseconds.",
    least=1,
    most=10_000,
)
FALLBACK_DEADLINE_MS = env.integer(
    "FALLBACK_DEADLINE_MS",
    80,
    "How long the popular posts in its place may take, milliseconds: together with overheads, below 300.",
    least=1,
    most=10_000,
)

POPULAR_HALF_LIFE_MINUTES = env.integer(
    "POPULAR_HALF_LIFE_MINUTES", 720, "In how many minutes a post loses half its popularity.", least=1
)
POPULAR_CANDIDATES = env.integer(
    "POPULAR_CANDIDATES",
    50_000,
    "How many of the newest posts may become popular; those that are popular stay candidates.",
    least=1,
    most=500_000,
)
# What one account's interaction with a post counts, by kind: see feeds/popular/ranking.py.
POPULAR_WEIGHTS = {
    "like": env.integer("POPULAR_LIKE_WEIGHT", 1, "What one like counts in a post's popularity.", most=1_000),
    "comment": env.integer(
        "POPULAR_COMMENT_WEIGHT",
        2,
        "What somebody who comments, however often, counts in a post's popularity.",
        most=1_000,
    ),
}
POPULAR_SIZE = 1_000
POPULAR_PER_AUTHOR = 5
POPULAR_PERIOD_SECONDS = env.integer(
    "POPULAR_PERIOD_SECONDS", 60, "Popular posts are ranked anew each so many seconds.", least=1, most=600
)
POPULAR_KEEP_SECONDS = 1_800

NOTIFICATIONS_KEEP_DAYS = env.integer(
    "NOTIFICATIONS_KEEP_DAYS",
    90,
    "Days after which a notification is removed that nobody new has joined.",
    least=1,
    most=3_650,
)
