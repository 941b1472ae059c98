#!/usr/bin/env python
"""The door for developers: `.venv/bin/python manage.py help` lists what there is."""

import os
import sys

try:
    from django.conf import settings
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line
    from django.db import InterfaceError, OperationalError

    from config import env
except ModuleNotFoundError:
    sys.exit(
        "This Python has no Django. Type `.venv/bin/python manage.py …`; `make up` makes .venv if it is missing."
    )


def main() -> None:
    """Run the command; what the developer can mend is told in one line and exit code 1, without a traceback."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    os.environ.setdefault("ENVIRONMENT", "development")
    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        sys.exit(str(error))
    except (OperationalError, InterfaceError) as error:
        if not is_without_server(error):
            raise
        sys.exit(without_server(error))


def is_without_server(error: Exception) -> bool:
    """Tell a server that is away, or shuts down, from one that answers with an error of the statement."""
    code = getattr(error.__cause__, "pgcode", None)
    return code is None or code.startswith(("08", "57P"))


def without_server(error: Exception) -> str:
    """Return where PostgreSQL was looked for, why it cannot be used, and what to type."""
    address = settings.DATABASE_ADDRESS
    reason = str(error).strip().splitlines()[0].rpartition("failed: ")[2]
    if f"{address.host}:{address.port}" == env.NOWHERE:
        return (
            f"Nothing runs on the data in {env.data_dir()}. Type `make up`, or set DATA_DIR to the data of the stack that you mean, "
            "or DATABASE_URL."
        )
    return (
        f"PostgreSQL at {address.host}:{address.port} does not answer ({reason}). "
        "Type `make up`; `make doctor` says more."
    )


if __name__ == "__main__":
    main()
