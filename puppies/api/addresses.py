"""Ids in addresses: how the schema describes them, and how views read them."""

from drf_spectacular.utils import OpenApiParameter

from puppies.errors import NotFound
from puppies.ids import parse_id


def id_of(owner: str) -> OpenApiParameter:
    """The schema's parameter for `{id}` in an address, as in `id_of("post")`."""
    return OpenApiParameter(
        "id", str, OpenApiParameter.PATH, description=f"The {owner}'s id, decimal digits."
    )


def id_or_404(raw: str) -> int:
    """The id in an address. Raises NotFound for what cannot be one."""
    found = parse_id(raw)
    if found is None:
        raise NotFound
    return found
