"""What each count says in truth: the rows that it counts, written once for whoever recounts them."""

from dataclasses import dataclass

from accounts import counters as account_counters
from interactions.draining import Counter
from posts import counters as post_counters


@dataclass(frozen=True, slots=True)
class Truth:
    """The rows of `table` that `condition` holds for, of the subject that `subject` names, as the index by it does."""

    table: str
    subject: str
    condition: str = "true"

    def number_of(self, subject_id: str) -> str:
        """A subquery: how many rows there are of the subject in this column."""
        return f"(SELECT count(*) FROM {self.table} WHERE {self.subject} = {subject_id} AND {self.condition})"  # noqa: S608 - constants

    def of_all(self) -> str:
        """A query: (subject, number) of every subject that has rows."""
        return f"SELECT {self.subject} AS subject, count(*) AS number FROM {self.table} WHERE {self.condition} GROUP BY 1"  # noqa: S608


# By the name of a counter.
TRUTHS = {
    post_counters.LIKES: Truth("interactions_like", "(post_id + 0)"),  # which its index is of
    post_counters.COMMENTS: Truth("interactions_comment", "post_id", "state = 'published'"),
    account_counters.FOLLOWERS: Truth("accounts_follow", "followee_id"),
    account_counters.FOLLOWING: Truth("accounts_follow", "follower_id"),
    account_counters.POSTS: Truth("posts_post", "author_id", "state NOT IN ('waiting', 'deleted')"),
}

# Whether the count of `subject` is kept: that of an account which is being erased, and those of its posts, go with it.
KEPT = {
    "accounts_user": "subject.state <> 'purging'",
    "posts_post": "(SELECT state <> 'purging' FROM accounts_user WHERE id = subject.author_id)",
}


def shown(counter: Counter) -> str:
    """What everybody is told of `subject`: its stored number and what the ledger holds."""
    return f"""subject.{counter.column} + coalesce((SELECT sum(delta) FROM puppies_ledgerentry
                WHERE counter = '{counter.name}' AND subject_id = subject.id), 0)"""  # noqa: S608 - constants
