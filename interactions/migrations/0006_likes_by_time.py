from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models

# A check instead of the column's NOT NULL: it is validated without keeping anybody from liking.
KEEP = "ALTER TABLE interactions_like ADD CONSTRAINT like_has_id CHECK (id IS NOT NULL) NOT VALID"
VALIDATE = "ALTER TABLE interactions_like VALIDATE CONSTRAINT like_has_id"
RELEASE = "ALTER TABLE interactions_like DROP CONSTRAINT like_has_id"


class Migration(migrations.Migration):
    atomic = False  # indexes that do not lock their tables cannot be made in a transaction

    dependencies = [("interactions", "0005_fill_like_ids")]

    operations = [
        migrations.RunSQL(KEEP, RELEASE),
        migrations.RunSQL(VALIDATE, migrations.RunSQL.noop),
        AddIndexConcurrently(
            model_name="like",
            index=models.Index(
                models.F("post_id") + 0, models.OrderBy(models.F("id"), descending=True), name="like_newest"
            ),
        ),
        # The new one serves whoever looks for the likes of a post; code that asks for (post, user) finds both by the key.
        RemoveIndexConcurrently(model_name="like", name="like_by_post"),
    ]
