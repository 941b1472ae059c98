from django.db import migrations, models

import puppies.ids

# Column first, default second: a default that is evaluated for each row would write the whole table anew under its lock. Rows that are
# there already get theirs by the next migration.
ADD = """
ALTER TABLE interactions_like ADD COLUMN id bigint;
ALTER TABLE interactions_like ALTER COLUMN id SET DEFAULT puppies_next_id();
"""
DROP = "ALTER TABLE interactions_like DROP id"


class Migration(migrations.Migration):
    dependencies = [
        ("interactions", "0003_notifications"),
        ("puppies", "0001_next_id"),
    ]

    operations = [
        migrations.RunSQL(
            ADD,
            DROP,
            state_operations=[
                migrations.AddField(
                    model_name="like",
                    name="id",
                    field=models.BigIntegerField(db_default=puppies.ids.NextId(), editable=False),
                ),
            ],
        ),
    ]
