from accounts.events import AccountPurgeStarted, EmailTokenRequested
from puppies.subscriptions import Subscription, subscribe

subscribe(
    Subscription(event=AccountPurgeStarted, task="accounts.purge_account", key="user_id"),
    Subscription(event=EmailTokenRequested, task="accounts.send_email_token", key="token_id"),
)
