from django.db import migrations, models

from puppies.postgres.indexes import AddIndexAgain, RemoveIndexAgain, RunPatiently

# A check instead of the column's NOT NULL: it is validated without keeping anybody from liking. All steps may be run again.
KEEP = """
ALTER TABLE interactions_like DROP CONSTRAINT IF EXISTS like_has_id, ADD CONSTRAINT like_has_id CHECK (id IS NOT NULL) NOT VALID
"""
VALIDATE = "ALTER TABLE interactions_like VALIDATE CONSTRAINT like_has_id"
RELEASE = "ALTER TABLE interactions_like DROP CONSTRAINT IF EXISTS like_has_id"


class Migration(migrations.Migration):
    atomic = False  # indexes that do not lock their tables cannot be made in a transaction

    dependencies = [("interactions", "0005_fill_like_ids")]

    operations = [
        migrations.RunSQL(KEEP, RELEASE),
        RunPatiently(VALIDATE, migrations.RunSQL.noop),
        AddIndexAgain(
            model_name="like",
            index=models.Index(
                models.F("post_id") + 0, models.OrderBy(models.F("id"), descending=True), name="like_newest"
            ),
        ),
        # The new one serves whoever looks for the likes of a post; code that asks for (post, user) finds both by the key.
        RemoveIndexAgain(model_name="like", name="like_by_post"),
    ]
