from accounts.events import UserFollowed
from interactions.events import CommentPublished, DigestDue
from posts.events import AccountsMentioned
from puppies.subscriptions import Subscription, subscribe

subscribe(
    Subscription(event=CommentPublished, task="interactions.notify_comment", key="post_id"),
    Subscription(event=AccountsMentioned, task="interactions.notify_mentioned", key="author_id"),
    Subscription(event=UserFollowed, task="interactions.notify_followed", key="followee_id"),
    Subscription(event=DigestDue, task="interactions.send_digest", key="user_id"),
)
