from django.db import migrations, models
from django.db.models.functions import Now


class Migration(migrations.Migration):
    dependencies = [("feeds", "0002_popular_snapshot")]

    operations = [
        migrations.AddField(
            model_name="feedstate",
            name="seen_at",
            field=models.DateTimeField(db_default=Now()),
        ),
        migrations.CreateModel(
            name="Sweep",
            fields=[
                ("name", models.CharField(max_length=20, primary_key=True, serialize=False)),
                ("position", models.BigIntegerField()),
            ],
        ),
    ]
