"""Named `base` because Django looks for an engine's wrapper there."""

import select
from datetime import timezone

from django.db.backends.postgresql import base


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection that survives a restart of the server between two requests.

    Django asks `is_usable` at the first query of a request (CONN_HEALTH_CHECKS). Its own answer costs a round trip each time; a socket
    on which nothing was asked is readable only when the server has closed it, and to look costs a microsecond.
    """

    # What Django's own returns for UTC, which every connection is set to, without a call into Python for each instant of a row.
    tzinfo_factory = timezone  # type: ignore[assignment]  # it is called with a timedelta

    def is_usable(self) -> bool:
        """Whether the server still holds its end; after an error the server itself is asked."""
        if self.errors_occurred:
            return bool(super().is_usable())
        if self.connection is None or self.connection.closed:
            return False
        poller = select.poll()
        poller.register(self.connection.fileno(), select.POLLIN)
        return not poller.poll(0)
