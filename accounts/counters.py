"""The names under which the ledger keeps the counts of accounts."""

FOLLOWERS = "user.followers"
FOLLOWING = "user.following"
POSTS = "user.posts"
ALL = (FOLLOWERS, FOLLOWING, POSTS)
