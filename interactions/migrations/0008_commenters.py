from django.db import migrations, models

from puppies.postgres.indexes import AddIndexAgain


class Migration(migrations.Migration):
    atomic = False  # an index that does not lock its table cannot be made in a transaction

    dependencies = [("interactions", "0007_recount_rounds")]

    operations = [
        AddIndexAgain(
            model_name="comment",
            index=models.Index(
                fields=["post", "author"],
                condition=models.Q(("state", "published")),
                name="comment_commenters",
            ),
        ),
    ]
