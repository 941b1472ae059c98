"""Who asks: the little that a request needs to know of its caller."""

from dataclasses import dataclass
from typing import Any, cast


@dataclass(frozen=True, slots=True)
class Viewer:
    """A caller by id. `id` is 0 for somebody who has not signed in."""

    id: int
    session_id: int

    @property
    def is_authenticated(self) -> bool:
        return self.id != 0

    # DRF and its throttles and browsable parts ask for these by name.
    @property
    def pk(self) -> int:
        return self.id

    @property
    def is_active(self) -> bool:
        return self.id != 0


def anonymous() -> Viewer:
    """The caller who has not signed in."""
    return Viewer(id=0, session_id=0)


def viewer_of(request: Any) -> Viewer:
    """The caller of a DRF request, as its authentication found them."""
    return cast("Viewer", request.user)
