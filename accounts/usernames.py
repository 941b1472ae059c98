"""Names that nobody may have: those of routes, of the staff, and what looks like them.

Usernames are ASCII after NFKC (the database insists), so that look-alikes from other scripts cannot occur. What is left are look-alikes
within ASCII: two accounts whose names have one skeleton cannot exist (`user_username_skeleton` in the database, see
`models.Skeleton`), and a reserved name is refused however it is dressed up with digits and underscores.
"""

from puppies.errors import DomainError

RESERVED = frozenset(
    (  # noqa: SIM905 - a list of a hundred strings is no easier to read
        # routes, now or some day; without underscores
        "about account accounts admin api app auth blog block blocks bookmarks comment comments config "
        "contact docs download edit email errors explore export feed feeds follow followers following "
        "graphql health help home index jobs legal likes livez login logout media messages metrics mute "
        "mutes new news notifications oauth password popular post posts privacy profile public readyz "
        "register report reports rules schema search security session sessions settings signin signout "
        "signup static status tags terms token trending unsubscribe upload user username users verify web wellknown "
        "www "
        # the staff and its mail (RFC 2142), and what programs show where a name is missing
        "abuse administrator all anonymous billing bot deleted everyone guest here hostmaster info mail "
        "marketing mod moderation moderator moderators nil noreply none null official operator owner "
        "postmaster puppies puppyteam root staff superuser support sysadmin system team trust undefined "
        "unknown webmaster"
    ).split()
)
# A digit may stand for several letters: each letter becomes the digit that it may be written with.
LOOKS = str.maketrans("oileast", "0113457", "_")


class UsernameReserved(DomainError):
    """Names of routes, of the staff, and what looks like them."""

    code = "username_reserved"
    status = 409
    title = "This username is reserved"


def refuse_reserved(username: str) -> None:
    """Raise UsernameReserved for a normalized username that is reserved or looks like one that is."""
    if username.translate(LOOKS) in _RESERVED_LOOKS:
        raise UsernameReserved


_RESERVED_LOOKS = frozenset(name.translate(LOOKS) for name in RESERVED)
