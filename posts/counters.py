"""The names under which the ledger keeps the counts of posts."""

LIKES = "post.likes"
COMMENTS = "post.comments"
