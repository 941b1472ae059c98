from django.db import migrations, models

import accounts.models
from puppies.postgres.indexes import AddIndexAgain, RunPatiently


class Migration(migrations.Migration):
    atomic = False  # indexes that do not lock their tables cannot be made in a transaction

    dependencies = [("accounts", "0002_credential_tables")]

    operations = [
        AddIndexAgain(
            model_name="session",
            index=models.Index(models.F("expires_at"), name="session_by_expiry"),
        ),
        AddIndexAgain(
            model_name="session",
            index=models.Index(
                models.F("revoked_at"), name="session_revoked", condition=models.Q(revoked_at__isnull=False)
            ),
        ),
        migrations.SeparateDatabaseAndState(
            database_operations=[
                RunPatiently(
                    [
                        "DROP INDEX CONCURRENTLY IF EXISTS user_username_skeleton",
                        """
                        CREATE UNIQUE INDEX CONCURRENTLY user_username_skeleton ON accounts_user
                            (translate(replace(replace(username, 'rn', 'm'), 'vv', 'w'), '01', 'ol'))
                        """,
                    ],
                    "DROP INDEX CONCURRENTLY IF EXISTS user_username_skeleton",
                )
            ],
            state_operations=[
                migrations.AddConstraint(
                    model_name="user",
                    constraint=models.UniqueConstraint(
                        accounts.models.Skeleton("username"), name="user_username_skeleton"
                    ),
                )
            ],
        ),
    ]
