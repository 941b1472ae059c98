"""What the counts count: the rows themselves, which a stored count plus the ledger must equal."""

# By the name of a counter: the rows that it counts, as (subject, number).
TRUTHS = {
    "post.likes": "SELECT post_id AS subject, count(*) AS number FROM interactions_like GROUP BY post_id",
    "user.followers": "SELECT followee_id AS subject, count(*) AS number FROM accounts_follow GROUP BY followee_id",
    "user.following": "SELECT follower_id AS subject, count(*) AS number FROM accounts_follow GROUP BY follower_id",
    "user.posts": """SELECT author_id AS subject, count(*) AS number FROM posts_post
                      WHERE state NOT IN ('waiting', 'deleted') GROUP BY author_id""",
    "post.comments": """SELECT post_id AS subject, count(*) AS number FROM interactions_comment
                         WHERE state = 'published' GROUP BY post_id""",
}
