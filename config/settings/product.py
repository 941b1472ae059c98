"""What the product promises in numbers."""

FEED_BATCH = 5_000
PERSONAL_DATA_BATCH = 1_000
