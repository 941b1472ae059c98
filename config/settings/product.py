"""What the product promises in numbers."""

from config import env

FEED_BATCH = 5_000
PERSONAL_DATA_BATCH = 1_000

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
}
POPULAR_SIZE = 1_000
POPULAR_PER_AUTHOR = 5
POPULAR_PERIOD_SECONDS = env.integer(
    "POPULAR_PERIOD_SECONDS", 60, "Popular posts are ranked anew each so many seconds.", least=1, most=600
)
POPULAR_KEEP_SECONDS = 1_800
