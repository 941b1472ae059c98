from django.db import migrations

# 1767225600000 is 2026-01-01T00:00:00Z in Unix milliseconds. clock_timestamp(), not now(): a long transaction takes ids of its moments.
CREATE = """
CREATE SEQUENCE puppies_id_seq AS bigint MINVALUE 0 MAXVALUE 4194303 START 0 CYCLE;
CREATE FUNCTION puppies_next_id() RETURNS bigint LANGUAGE sql VOLATILE PARALLEL UNSAFE AS $$
    SELECT (((extract(epoch FROM clock_timestamp()) * 1000)::bigint - 1767225600000) << 22) | nextval('puppies_id_seq')
$$;
"""
DROP = "DROP FUNCTION puppies_next_id(); DROP SEQUENCE puppies_id_seq;"


class Migration(migrations.Migration):
    initial = True
    dependencies: list[tuple[str, str]] = []
    operations = [migrations.RunSQL(CREATE, DROP)]
