"""Kafka handles and fork: a child must neither use nor destroy what its parent made.

librdkafka works in threads, and threads do not survive a fork. Destroying an inherited handle would wait for
threads that are not there, so the child keeps inherited handles alive until it ends.
"""

import ctypes
import os
from collections.abc import Callable

_handles: dict[int, object] = {}
_forgetters: list[Callable[[], None]] = []


def hold(handle: object) -> None:
    """Remember a live librdkafka handle, so that children of this process never destroy it."""
    _handles[id(handle)] = handle


def release(handle: object) -> None:
    """Forget a handle that this process is about to destroy itself."""
    _handles.pop(id(handle), None)


def forget_in_child(forget: Callable[[], None]) -> None:
    """Have `forget` called in every forked child, to drop references to the parent's handles."""
    _forgetters.append(forget)


def _after_fork_in_child() -> None:
    for handle in _handles.values():
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(handle))
    _handles.clear()
    for forget in _forgetters:
        forget()


os.register_at_fork(after_in_child=_after_fork_in_child)
