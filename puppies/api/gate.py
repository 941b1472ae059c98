"""Headers that nobody sends, taken off before Django reads them: reading them would cost seconds, or fail where no answer can be given.

Django parses `Content-Type` while it makes the request, before any middleware, in time that grows with the square of its length; a
parameter in a character set that Python does not know raises there.
"""

from collections.abc import Callable, Iterable
from typing import Any

Environ = dict[str, Any]
Application = Callable[[Environ, Any], Iterable[bytes]]

# Present in the environment of a request that lost a header here: `RequestMiddleware` refuses it, after it was counted.
UNFIT = "puppies.unfit"
LONGEST = 8_192
_LONGEST_OF = {"CONTENT_TYPE": 256, "HTTP_ACCEPT": 1_024}


def guarded(application: Application) -> Application:
    """The WSGI application behind the gate."""

    def gate(environ: Environ, start_response: Any) -> Iterable[bytes]:
        for name in [name for name, value in environ.items() if _is_unfit(name, value)]:
            del environ[name]
            environ[UNFIT] = True
        return application(environ, start_response)

    return gate


def _is_unfit(name: str, value: Any) -> bool:
    if name in _LONGEST_OF:
        # Of RFC 8187's extended parameters neither header has any.
        return len(value) > _LONGEST_OF[name] or "*=" in value
    return name.startswith("HTTP_") and len(value) > LONGEST
