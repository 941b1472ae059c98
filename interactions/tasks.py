from interactions import draining
from puppies.periodic import periodic


@periodic(name="interactions.drain_ledger")
def drain_ledger() -> None:
    draining.drain()
