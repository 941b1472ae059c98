from django.db import migrations

# Whoever changes a password, a state or a role, by whichever path, ends the account's sessions in the same statement. A service that
# changes its own caller's password spares that session by naming it in `puppies.kept_session`, for its transaction only.
FORWARD = """
CREATE FUNCTION accounts_end_sessions(account bigint) RETURNS void LANGUAGE sql AS $$
    UPDATE accounts_session SET revoked_at = clock_timestamp()
     WHERE user_id = account AND revoked_at IS NULL
       AND id <> coalesce(nullif(current_setting('puppies.kept_session', true), '')::bigint, 0)
$$;

CREATE FUNCTION accounts_user_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM accounts_end_sessions(NEW.id);
    IF NEW.password <> OLD.password THEN
        UPDATE accounts_emailtoken SET used_at = clock_timestamp()
         WHERE user_id = NEW.id AND purpose = 'reset' AND used_at IS NULL;
    END IF;
    RETURN NULL;
END
$$;

CREATE FUNCTION accounts_roles_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN
        PERFORM accounts_end_sessions(OLD.user_id);
    END IF;
    IF TG_OP <> 'DELETE' THEN
        PERFORM accounts_end_sessions(NEW.user_id);
    END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER accounts_user_changed
    AFTER UPDATE OF password, state, is_staff, is_superuser ON accounts_user FOR EACH ROW
    WHEN (NEW.password <> OLD.password OR NEW.is_staff <> OLD.is_staff OR NEW.is_superuser <> OLD.is_superuser
          OR (NEW.state <> OLD.state AND NEW.state <> 'active'))
    EXECUTE FUNCTION accounts_user_changed();

CREATE TRIGGER accounts_roles_changed
    AFTER INSERT OR UPDATE OR DELETE ON accounts_user_groups FOR EACH ROW
    EXECUTE FUNCTION accounts_roles_changed();

CREATE TRIGGER accounts_permissions_changed
    AFTER INSERT OR UPDATE OR DELETE ON accounts_user_user_permissions FOR EACH ROW
    EXECUTE FUNCTION accounts_roles_changed();
"""

BACKWARD = """
DROP TRIGGER accounts_permissions_changed ON accounts_user_user_permissions;
DROP TRIGGER accounts_roles_changed ON accounts_user_groups;
DROP TRIGGER accounts_user_changed ON accounts_user;
DROP FUNCTION accounts_roles_changed();
DROP FUNCTION accounts_user_changed();
DROP FUNCTION accounts_end_sessions(bigint);
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0002_credential_indexes")]

    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
