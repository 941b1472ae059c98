"""What feeds hold of an account."""

from feeds import purging
from puppies.personal_data import Eraser, hold

hold(
    Eraser("feeds.own_entries", lambda user_id: purging.erase_own_entries(user_id=user_id)),
    Eraser("feeds.followers_entries", lambda user_id: purging.erase_from_followers(author_id=user_id)),
)
