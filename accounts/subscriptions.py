from accounts.events import AccountPurgeStarted
from puppies.subscriptions import Subscription, subscribe

subscribe(
    Subscription(event=AccountPurgeStarted, task="accounts.purge_account", key="user_id"),
)
