"""The text that greets the developer when everything runs, and the one for a second `make up`."""

from config.stack.demo import ADMIN, PASSWORD, READER
from config.stack.identities import address
from config.stack.ports import HOST
from config.stack.state import Snapshot

LABELS = {"api": "API", "docs": "Docs", "admin": "Admin", "sign-in": "Sign-in"}


def addresses(port: int, *, provider_port: int | None = None) -> dict[str, str]:
    """Return where a browser finds the parts that it can show."""
    base = f"http://{HOST}:{port}"
    found = {"api": f"{base}/v1", "docs": f"{base}/docs", "admin": f"{base}/admin/"}
    return found if provider_port is None else {**found, "sign-in": address(provider_port)}


def welcome(snapshot: Snapshot, *, database_is_ours: bool) -> str:
    """Return addresses, demo logins, a line for the shell, and how to stop.

    The logins are named only for a database of our own: in a given one their passwords may be others.
    """
    api = snapshot.addresses["api"]
    lines = ["", "Puppies runs.", "", *listed(snapshot)]
    if database_is_ours:
        lines += [
            f"  Logins  {READER} / {PASSWORD} (reader), {ADMIN} / {PASSWORD} (admin, for the admin pages)",
            "",
            "The feed of a reader, in one line:",
            f"  {curl_line(api)}",
        ]
    lines += [
        "",
        "Stop with Ctrl-C, or with `make down` in another terminal. `make status` shows each part.",
        "",
    ]
    return "\n".join(lines)


def curl_line(api: str) -> str:
    """Return one line that signs in as the demo reader and shows its feed."""
    sign_in = (
        f"curl -s {api}/auth/token -H 'Content-Type: application/json' "
        f"""-d '{{"username": "{READER}", "password": "{PASSWORD}"}}'"""
    )
    token = f"""$({sign_in} | sed 's/.*"access": *"\\([^"]*\\)".*/\\1/')"""
    return f'curl -s {api}/feed -H "Authorization: Bearer {token}"'


def already_running(snapshot: Snapshot) -> str:
    """Return what a second `make up` is told."""
    if snapshot.supervisor is None:
        return "Another `make up` is just starting or stopping here. Wait a moment and type `make status`."
    lines = [f"Puppies runs already (pid {snapshot.supervisor.pid}).", *listed(snapshot)]
    return "\n".join([*lines, "Type `make status` to look at it, `make down` to stop it."])


def listed(snapshot: Snapshot) -> list[str]:
    """Return one line for each address."""
    return [f"  {LABELS.get(name, name):<7} {address}" for name, address in snapshot.addresses.items()]
