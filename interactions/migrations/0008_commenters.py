from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False  # an index that does not lock its table cannot be made in a transaction

    dependencies = [("interactions", "0007_recount_rounds")]

    operations = [
        AddIndexConcurrently(
            model_name="comment",
            index=models.Index(
                fields=["post", "author"],
                condition=models.Q(("state", "published")),
                name="comment_commenters",
            ),
        ),
    ]
