"""Accounts, their credentials, what they are to each other, and their exports."""

from accounts.models.credentials import AuditEntry, EmailToken, RefreshToken, Session
from accounts.models.exports import Export
from accounts.models.identities import UsedNonce
from accounts.models.relations import Block, Follow, Mute, blocked_pair
from accounts.models.users import BIO_LENGTH, DISPLAY_NAME_LENGTH, USERNAME_PATTERN, Skeleton, User

__all__ = [
    "BIO_LENGTH",
    "DISPLAY_NAME_LENGTH",
    "USERNAME_PATTERN",
    "AuditEntry",
    "Block",
    "EmailToken",
    "Export",
    "Follow",
    "Mute",
    "RefreshToken",
    "Session",
    "Skeleton",
    "UsedNonce",
    "User",
    "blocked_pair",
]
