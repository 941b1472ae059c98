from django.db import migrations, models

from puppies.postgres.indexes import AddIndexAgain


class Migration(migrations.Migration):
    atomic = False  # indexes that do not lock their tables cannot be made in a transaction

    dependencies = [("accounts", "0003_social_tables")]

    operations = [
        AddIndexAgain(
            model_name="follow",
            index=models.Index(
                models.F("followee"),
                models.OrderBy(models.F("id"), descending=True),
                name="follow_followers_newest",
            ),
        ),
        AddIndexAgain(
            model_name="follow",
            index=models.Index(
                models.F("follower"),
                models.OrderBy(models.F("id"), descending=True),
                name="follow_following_newest",
            ),
        ),
        AddIndexAgain(
            model_name="user",
            index=models.Index(
                models.F("delete_after"),
                condition=models.Q(("state", "deleting")),
                name="user_to_purge",
            ),
        ),
    ]
