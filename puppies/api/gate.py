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
        for name in _unfit(environ):
            del environ[name]
            environ[UNFIT] = True
        return application(environ, start_response)

    return gate


def _unfit(environ: Environ) -> set[str]:
    unfit = {name for name, value in environ.items() if name[:5] == "HTTP_" and len(value) > LONGEST}
    for name, longest in _LONGEST_OF.items():
        value = environ.get(name, "")
        # Of RFC 8187's extended parameters neither header has any.
        if len(value) > longest or "*=" in value:
            unfit.add(name)
    return unfit
