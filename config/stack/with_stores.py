"""Run a command on empty stores: `python -m config.stack.with_stores postgres,valkey -- COMMAND …`."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from config.stack import StackError, Stores

USAGE = "python -m config.stack.with_stores STORE[,STORE…] -- COMMAND [ARGUMENT…]"


def main(arguments: list[str]) -> int:
    """Start the named stores, run the command with their addresses, return its exit code."""
    if len(arguments) < 3 or arguments[1] != "--":
        print(USAGE, file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="puppies-", ignore_cleanup_errors=True) as directory:
        try:
            with Stores(Path(directory), only=arguments[0].split(","), durable=False) as stores:
                environment = os.environ | stores.environment() | {"DATA_DIR": directory}
                return subprocess.call(arguments[2:], env=environment)
        except StackError as error:
            print(error, file=sys.stderr)
            return 3


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
