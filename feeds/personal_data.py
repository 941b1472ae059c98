"""What feeds hold of an account."""

from accounts.deletion import erase_following
from feeds import purging
from feeds.writers import wait_for_older_writers
from posts.services import stop_pushing
from puppies.personal_data import Eraser, hold

# A fan-out looks whom to write to and then writes, without a lock. So first whatever the account itself had under way ends; then no
# fan-out that looks finds it, neither as a follower nor as an author; then those that had looked before end; and only then what is
# stored is removed.
hold(
    Eraser("feeds.own_writes", lambda _: wait_for_older_writers()),
    Eraser("feeds.following", lambda user_id: erase_following(user_id=user_id)),
    Eraser("feeds.fan_outs", lambda user_id: stop_pushing(author_id=user_id)),
    Eraser("feeds.others_writes", lambda _: wait_for_older_writers()),
    Eraser("feeds.own_entries", lambda user_id: purging.erase_own_entries(user_id=user_id)),
    Eraser("feeds.followers_entries", lambda user_id: purging.erase_from_followers(author_id=user_id)),
)
