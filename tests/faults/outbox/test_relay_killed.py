"""A relay that dies between the lease and the publish."""

from collections.abc import Callable

from config.stack import Stores
from tests.flows.installation import Installation
from tests.flows.people import Person, stored_readers

Make = Callable[[str], Person]

LEASE = """
SELECT publications, lease_until > now(), done_at IS NULL FROM puppies_delivery WHERE payload->>'post_id' = %s
"""


def test_leased_and_never_published_is_published_after_the_lease(
    installation: Installation, stores: Stores, person: Make
) -> None:
    author, reader = person("author"), person("reader")
    reader.follow(author)
    installation.wait_delivered()

    # Without a broker the relay is held between its lease and the confirmation, a second long.
    stores["kafka"].stop()
    post = author.post("leased, then forgotten")
    installation.wait_until(
        lambda: installation.rows(LEASE, str(post)) == [(1, True, True)], what="the delivery is leased"
    )
    installation.relay.kill()
    leased = installation.rows(LEASE, str(post))
    stores["kafka"].start()
    stores["kafka"].wait_ready()
    installation.start(installation.relay)
    installation.wait_delivered(seconds=40)

    assert leased == [(1, True, True)]
    assert stored_readers(installation, post) == [reader.id]
    assert reader.feed() == [post]
