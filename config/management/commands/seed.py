from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from config import seeding
from config.stack import demo
from feeds.popular.ranking import rank_popular


class Command(BaseCommand):
    help = "Create a small demo network, once; refused in production."

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.ENVIRONMENT == "production":
            raise CommandError("The demo network has a public password: it is not for production.")
        is_new = seeding.seed_demo_network()
        # Not to wait for beat: whoever looks wants to see something.
        rank_popular(spacing_seconds=settings.POPULAR_PERIOD_SECONDS / 2)
        names = ", ".join(puppy.username for puppy in seeding.PUPPIES)
        done = "seeded" if is_new else "already seeded:"
        self.stdout.write(f"{done} {names} and {demo.ADMIN}, password {demo.PASSWORD}")
