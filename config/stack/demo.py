"""The demo accounts of development, which `seed` makes and `up` names."""

READER = "bella"
ADMIN = "admin"
PASSWORD = "good-dog-demo"  # noqa: S105
