from django.db import migrations, models

from puppies.postgres.indexes import AddIndexAgain


class Migration(migrations.Migration):
    atomic = False  # indexes that do not lock their tables cannot be made in a transaction

    dependencies = [("feeds", "0003_feed_state")]

    operations = [
        AddIndexAgain(
            model_name="feedstate",
            index=models.Index(
                models.F("user_id"), name="feedstate_asleep", condition=models.Q(status="asleep")
            ),
        ),
        AddIndexAgain(
            model_name="feedstate",
            index=models.Index(
                models.F("seen_at"), name="feedstate_awake_by_seen", condition=models.Q(status="awake")
            ),
        ),
    ]
