from django.db import migrations

# Ids of the instant of the like, as if they had been taken then.
FILL = """
WITH batch AS (
    SELECT user_id, post_id FROM interactions_like
     WHERE (user_id, post_id) > (%s, %s) ORDER BY user_id, post_id LIMIT 1000
), filled AS (
    UPDATE interactions_like AS liked
       SET id = (((extract(epoch FROM liked.created_at) * 1000)::bigint - 1767225600000) << 22) | nextval('puppies_id_seq')
      FROM batch WHERE liked.user_id = batch.user_id AND liked.post_id = batch.post_id AND liked.id IS NULL
)
SELECT user_id, post_id FROM batch ORDER BY user_id DESC, post_id DESC LIMIT 1
"""


def fill(apps, schema_editor):
    """Give every like that has none its id, a thousand likes a transaction."""
    place = (0, 0)
    with schema_editor.connection.cursor() as cursor:
        while place:
            cursor.execute(FILL, place)
            place = cursor.fetchone()


class Migration(migrations.Migration):
    atomic = False  # a batch a transaction

    dependencies = [("interactions", "0004_like_ids")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
