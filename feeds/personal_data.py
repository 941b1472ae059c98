"""What feeds hold of an account."""

from feeds import services
from puppies.personal_data import Eraser, hold

hold(
    Eraser("feeds.own_entries", lambda user_id: services.erase_own_entries(user_id=user_id)),
    Eraser("feeds.followers_entries", lambda user_id: services.erase_from_followers(author_id=user_id)),
)
