import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

import puppies.ids


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0001_initial"),
        ("puppies", "0001_next_id"),
    ]

    operations = [
        migrations.CreateModel(
            name="AuditEntry",
            fields=[
                (
                    "id",
                    puppies.ids.IdField(
                        db_default=puppies.ids.NextId(), editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("action", models.CharField(max_length=50)),
                ("actor_id", models.BigIntegerField(null=True)),
                ("subject_id", models.BigIntegerField(null=True)),
                ("ip", models.GenericIPAddressField(null=True)),
                ("trace_id", models.CharField(db_default="", default="", max_length=32)),
                ("detail", models.JSONField(default=dict)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={
                "verbose_name_plural": "audit entries",
            },
        ),
        migrations.CreateModel(
            name="EmailToken",
            fields=[
                (
                    "id",
                    puppies.ids.IdField(
                        db_default=puppies.ids.NextId(), editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "purpose",
                    models.CharField(choices=[("reset", "Reset"), ("verify", "Verify")], max_length=6),
                ),
                ("email", models.EmailField(max_length=254)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("expires_at", models.DateTimeField(db_index=True)),
                ("used_at", models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="RefreshToken",
            fields=[
                (
                    "id",
                    puppies.ids.IdField(
                        db_default=puppies.ids.NextId(), editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("digest", models.BinaryField(max_length=32, unique=True)),
                ("issued_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("used_at", models.DateTimeField(null=True)),
                ("successor_id", models.BigIntegerField(null=True)),
                ("salt", models.BinaryField(max_length=32, null=True)),
            ],
        ),
        migrations.AddField(
            model_name="session",
            name="last_used_at",
            field=models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
        ),
        migrations.AddField(
            model_name="user",
            name="email_verified_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddIndex(
            model_name="auditentry",
            index=models.Index(models.F("subject_id"), models.F("id"), name="audit_by_subject"),
        ),
        migrations.AddField(
            model_name="emailtoken",
            name="user",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="refreshtoken",
            name="session",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="refresh_tokens",
                to="accounts.session",
            ),
        ),
        migrations.AddIndex(
            model_name="refreshtoken",
            index=models.Index(
                models.F("session"), condition=models.Q(("salt__isnull", False)), name="refresh_with_salt"
            ),
        ),
    ]
