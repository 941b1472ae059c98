from django.db import migrations, models

PARTITIONS = 16

# Django has no words for partitions; the table is made here and the model told of it. Sixteen hash partitions by reader keep each index
# small enough to stay in memory where the whole would not, and let autovacuum work in pieces.
CREATE = "\n".join(
    [
        """CREATE TABLE feeds_feedentry (
            user_id bigint NOT NULL, feed_id bigint NOT NULL, author_id bigint NOT NULL,
            CONSTRAINT feeds_feedentry_pkey PRIMARY KEY (user_id, feed_id)
        ) PARTITION BY HASH (user_id);""",
        *(
            f"""CREATE TABLE feeds_feedentry_{number:02} PARTITION OF feeds_feedentry
                FOR VALUES WITH (MODULUS {PARTITIONS}, REMAINDER {number});"""
            for number in range(PARTITIONS)
        ),
    ]
)


class Migration(migrations.Migration):
    initial = True
    dependencies: list[tuple[str, str]] = []

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(CREATE, "DROP TABLE feeds_feedentry")],
            state_operations=[
                migrations.CreateModel(
                    name="FeedEntry",
                    fields=[
                        (
                            "pk",
                            models.CompositePrimaryKey(
                                "user_id",
                                "feed_id",
                                blank=True,
                                editable=False,
                                primary_key=True,
                                serialize=False,
                            ),
                        ),
                        ("user_id", models.BigIntegerField()),
                        ("feed_id", models.BigIntegerField()),
                        ("author_id", models.BigIntegerField()),
                    ],
                    options={"verbose_name_plural": "feed entries"},
                ),
            ],
        ),
        migrations.CreateModel(
            name="FeedState",
            fields=[
                ("user_id", models.BigIntegerField(primary_key=True, serialize=False)),
                ("floor", models.BigIntegerField(db_default=0, default=0)),
                (
                    "status",
                    models.CharField(
                        choices=[("awake", "Awake"), ("asleep", "Asleep")],
                        db_default="awake",
                        default="awake",
                        max_length=6,
                    ),
                ),
                ("version", models.BigIntegerField(db_default=0, default=0)),
            ],
        ),
    ]
