from accounts.events import UserFollowed
from posts.events import PostAwaitsFanOut
from puppies.subscriptions import Subscription, subscribe

subscribe(
    Subscription(event=PostAwaitsFanOut, task="feeds.fan_out_post", key="author_id"),
    Subscription(event=UserFollowed, task="feeds.merge_follow", key="follower_id"),
)
