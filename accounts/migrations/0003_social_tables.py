import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

import puppies.ids


def user_key(**options: object) -> models.ForeignKey:
    """A reference to an account without an index of its own: the pair's key and its mirror serve both directions."""
    return models.ForeignKey(
        db_index=False,
        on_delete=django.db.models.deletion.CASCADE,
        related_name="+",
        to=settings.AUTH_USER_MODEL,
        **options,
    )


def pair(first: str, second: str) -> list[tuple[str, models.Field]]:
    """The fields of a relation between two accounts."""
    return [
        (
            "pk",
            models.CompositePrimaryKey(
                f"{first}_id", f"{second}_id", blank=True, editable=False, primary_key=True, serialize=False
            ),
        ),
        (first, user_key()),
        (second, user_key()),
        ("id", models.BigIntegerField(db_default=puppies.ids.NextId(), editable=False)),
        ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
    ]


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0002_credential_triggers"),
        ("puppies", "0001_next_id"),
    ]

    operations = [
        migrations.CreateModel(
            name="Block",
            fields=pair("blocker", "blocked"),
            options={
                "indexes": [
                    models.Index(models.F("blocked"), models.F("blocker"), name="block_by_blocked"),
                    models.Index(
                        models.F("blocker"),
                        models.OrderBy(models.F("id"), descending=True),
                        name="block_newest",
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("blocker", models.F("blocked")), _negated=True),
                        name="block_not_oneself",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Mute",
            fields=pair("muter", "muted"),
            options={
                "indexes": [
                    models.Index(models.F("muted"), models.F("muter"), name="mute_by_muted"),
                    models.Index(
                        models.F("muter"), models.OrderBy(models.F("id"), descending=True), name="mute_newest"
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("muter", models.F("muted")), _negated=True),
                        name="mute_not_oneself",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Export",
            fields=[
                (
                    "id",
                    puppies.ids.IdField(
                        db_default=puppies.ids.NextId(), editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "Waiting"),
                            ("running", "Running"),
                            ("ready", "Ready"),
                            ("failed", "Failed"),
                        ],
                        db_default="waiting",
                        default="waiting",
                        max_length=7,
                    ),
                ),
                ("rows_total", models.BigIntegerField(db_default=0, default=0)),
                ("rows_done", models.BigIntegerField(db_default=0, default=0)),
                ("size", models.BigIntegerField(db_default=0, default=0)),
                ("attempts", models.IntegerField(db_default=0, default=0)),
                ("lease_until", models.DateTimeField(null=True)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("expires_at", models.DateTimeField(null=True)),
            ],
            options={
                "indexes": [
                    models.Index(
                        models.F("expires_at"),
                        condition=models.Q(("expires_at__isnull", False)),
                        name="export_to_remove",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        models.F("user"),
                        condition=models.Q(("state__in", ["waiting", "running"])),
                        name="export_one_at_a_time",
                    )
                ],
            },
        ),
        migrations.AddField(
            model_name="user",
            name="delete_after",
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AlterField(
            model_name="user",
            name="state",
            field=models.CharField(
                choices=[
                    ("active", "Active"),
                    ("suspended", "Suspended"),
                    ("deleting", "Deleting"),
                    ("purging", "Purging"),
                ],
                db_default="active",
                default="active",
                max_length=10,
            ),
        ),
    ]
