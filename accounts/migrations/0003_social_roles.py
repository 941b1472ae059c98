from typing import Any

from django.db import migrations

ROLES = ("user", "moderator", "admin")


def create_groups(apps: Any, schema_editor: Any) -> None:
    Group = apps.get_model("auth", "Group")
    for name in ROLES:
        Group.objects.get_or_create(name=name)


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0003_social_indexes"),
        ("auth", "0012_alter_user_first_name_max_length"),
    ]

    # A group may have been given to people by the time of going back: it stays.
    operations = [migrations.RunPython(create_groups, migrations.RunPython.noop)]
