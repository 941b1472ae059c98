from accounts.events import UserFollowed
from posts.events import PostPublished
from puppies.subscriptions import Subscription, subscribe

subscribe(
    Subscription(event=PostPublished, task="feeds.fan_out_post", key="author_id"),
    Subscription(event=UserFollowed, task="feeds.merge_follow", key="follower_id"),
)
