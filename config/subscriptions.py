from accounts.events import UserFollowed, UserRegistered
from interactions.events import CommentPublished
from puppies.subscriptions import Subscription, subscribe

subscribe(
    Subscription(event=UserRegistered, task="config.count_signup", key="user_id"),
    Subscription(event=UserFollowed, task="config.count_follow", key="follower_id"),
    Subscription(event=CommentPublished, task="config.count_comment", key="author_id"),
)
