from accounts.events import UserFollowed, UserUnfollowed
from feeds.events import FeedWoken
from posts.events import PostAwaitsFanOut, PostDeleted
from puppies.subscriptions import Subscription, subscribe

subscribe(
    Subscription(event=PostAwaitsFanOut, task="feeds.fan_out_post", key="author_id"),
    Subscription(event=PostDeleted, task="feeds.purge_post", key="author_id"),
    Subscription(event=UserFollowed, task="feeds.merge_follow", key="follower_id"),
    Subscription(event=UserUnfollowed, task="feeds.purge_unfollowed", key="follower_id"),
    Subscription(event=FeedWoken, task="feeds.rebuild_feed", key="user_id"),
)
