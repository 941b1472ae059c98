"""The embedded stack: real servers from wheels for `make up` and `make test`, and the supervisor of `up`.

Plain Python: nothing here imports Django or its settings, for it runs before they can be read.
"""

from config.stack.errors import StackError
from config.stack.stores import ALL, Stores

__all__ = ["ALL", "StackError", "Stores"]
