"""Limits on requests: token buckets in Redis, or in this process while Redis is away. The table is `settings.LIMITS`."""
