"""Become another program, tied to the life of the one that started it.

Run as a script, before any package is importable: `launch.py PARENT SIGNAL USER PROGRAM [ARGUMENT…]`.
PARENT is the pid whose end is answered with SIGNAL (0: not tied; Linux only). USER is `same`, `namespace`
(the current user, seen as nobody inside a user namespace, for PostgreSQL refuses root) or a numeric user id.
"""

import ctypes
import os
import sys

CLONE_NEWUSER = 0x10000000
PR_SET_PDEATHSIG = 1
NOBODY = 65534


def enter_namespace() -> None:
    """Map the current user and group to nobody's in a new user namespace."""
    user, group = os.geteuid(), os.getegid()
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWUSER) != 0:
        raise OSError(ctypes.get_errno(), "user namespaces are not available")
    _write("/proc/self/setgroups", "deny")
    _write("/proc/self/uid_map", f"{NOBODY} {user} 1")
    _write("/proc/self/gid_map", f"{NOBODY} {group} 1")


def become(user: int) -> None:
    """Drop root for good."""
    os.setgroups([])
    os.setgid(user)
    os.setuid(user)


def tie_to(parent: int, signal_number: int) -> None:
    """Ask the kernel for the signal when the parent ends; end at once when it already has."""
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal_number, 0, 0, 0)
    if os.getppid() != parent:
        sys.exit(f"the program that asked for {sys.argv[4]} has ended")


def main() -> None:
    """Change the user, tie the process, become the program."""
    parent, signal_number, user = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    if user == "namespace":
        enter_namespace()
    elif user != "same":
        become(int(user))
    # After the change of user, which clears it.
    if parent and sys.platform == "linux":
        tie_to(parent, signal_number)
    os.execv(sys.argv[4], sys.argv[4:])  # noqa: S606


def _write(path: str, text: str) -> None:
    with open(path, "w", encoding="ascii") as file:
        file.write(text)


if __name__ == "__main__":
    main()
