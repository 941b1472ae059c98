from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("interactions", "0008_commenters")]

    operations = [
        migrations.AddField(
            model_name="notificationinbox",
            name="digests_refused",
            field=models.SmallIntegerField(db_default=0, default=0),
        ),
    ]
