from django.db import migrations

# A delivery is updated a few times and then removed, a long fan-out many times: room on the page keeps those updates out of the indexes.
ROOM = "ALTER TABLE puppies_delivery SET (fillfactor = 50)"
DENSE = "ALTER TABLE puppies_delivery RESET (fillfactor)"


class Migration(migrations.Migration):
    dependencies = [("puppies", "0002_outbox_and_ledger")]
    operations = [migrations.RunSQL(ROOM, DENSE)]
