from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0003_social_roles")]

    operations = [
        migrations.CreateModel(
            name="UsedNonce",
            fields=[
                ("digest", models.BinaryField(max_length=32, primary_key=True, serialize=False)),
                ("expires_at", models.DateTimeField(db_index=True)),
            ],
        ),
    ]
