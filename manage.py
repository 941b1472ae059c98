#!/usr/bin/env python
"""The door for developers: `python manage.py help` lists what there is."""

import os
import sys

from django.core.management import execute_from_command_line


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    os.environ.setdefault("ENVIRONMENT", "development")
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
