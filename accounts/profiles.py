"""Every write to what an account says about itself."""

from collections.abc import Callable

from django.db import transaction

from accounts.models import User


@transaction.atomic
def update_profile(*, user_id: int, allow: Callable[[User], None], **changes: str) -> User:
    """Change `display_name` or `bio` once `allow`, called with the locked account, has not raised."""
    user: User = User.objects.select_for_update(no_key=True).get(id=user_id)
    allow(user)
    for name, value in changes.items():
        setattr(user, name, value)
    user.save(update_fields=list(changes))
    return user
