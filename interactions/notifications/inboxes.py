"""The lock under which a recipient's notifications change."""

from collections.abc import Collection

from puppies.sql import execute

ENSURE = """
INSERT INTO interactions_notificationinbox (user_id)
SELECT id FROM accounts_user WHERE id = ANY(%(ids)s) AND state <> 'purging' ORDER BY id ON CONFLICT DO NOTHING
"""
LOCK = """
SELECT user_id FROM interactions_notificationinbox WHERE user_id = ANY(%(ids)s) ORDER BY user_id FOR NO KEY UPDATE
"""


def lock_inboxes(user_ids: Collection[int]) -> None:
    """Let nobody else write these recipients' notifications until the transaction ends; who has no inbox gets one.

    In the order of ids, so that two that want several never wait for each other.
    """
    execute(ENSURE, {"ids": sorted(set(user_ids))})
    lock_existing_inboxes(user_ids)


def lock_existing_inboxes(user_ids: Collection[int]) -> None:
    """The same, but none is made."""
    execute(LOCK, {"ids": sorted(set(user_ids))})
