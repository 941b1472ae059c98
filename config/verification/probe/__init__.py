"""What only a moment can show, tried out on a live system by two throw-away accounts (`manage.py verify --probe`)."""

import time
from collections.abc import Callable

from redis.exceptions import RedisError

from accounts.models import User
from config.verification.probe import failures, revocation, speed, writes
from config.verification.probe.people import Api, NotPossible, Person, erase, erase_left_behind, register
from config.verification.results import Options, Result, result, unchecked

NAMES = (
    ("I1", "writes sent again exist once"),
    ("I5", "malformed requests are refused"),
    ("I7", "the probe's work is done within 30 s"),
    ("I7", "the home feed is as fast as it uses to be"),
    ("I8", "a session that ended is refused"),
    ("I8", "a deleted account is refused"),
    ("I1", "the probe's accounts are gone"),
    ("I5", "failures are told as promised"),
)
SECONDS = 30
PEOPLE = 2
NOT_PROBED = "not probed: type --probe"


def probe(options: Options) -> list[Result]:
    """Try everything out and take it all back; without `is_probing`, say that it was not."""
    if not (options.is_probing and options.api):
        return [unchecked(promise, name, NOT_PROBED) for promise, name in NAMES]
    erase_left_behind()
    api, people = Api(options.api), list[Person]()
    try:
        tried = _tried(api, people, options)
    finally:
        erase([person.id for person in people])
    if len(people) < PEOPLE:
        tried += [None, None, None]
    else:
        tried.append(_look(lambda: [line for person in people for line in revocation.is_deleted(person)]))
        tried.append(_gone(people, options.grace_seconds))
        tried.append(failures.broken_answers(api))
    return [
        unchecked(promise, name, "the probe did not come so far")
        if found is None
        else result(promise, name, len(api.asked), found)
        for (promise, name), found in zip(NAMES, tried, strict=True)
    ]


def _tried(api: Api, people: list[Person], options: Options) -> list[list[str] | None]:
    """What each step found; None for the steps after one without which they mean nothing."""
    try:
        for _ in ("author", "reader"):
            people.append(register(api))
    except NotPossible as error:
        # Every promise that was to be tried is in doubt, whichever of them were asked for.
        return [[str(error)]] * 5
    author, reader = people
    seconds = min(SECONDS, options.grace_seconds)
    return [
        _look(lambda: writes.write_everything(author, reader)),
        _look(lambda: failures.ask_badly(reader)),
        _look(lambda: speed.wait_for_work(author, reader, seconds=seconds)),
        _look(lambda: speed.feed_is_slow(reader, hosts=options.hosts)),
        _look(lambda: revocation.sign_out(reader)),
    ]


def _look(step: Callable[[], list[str]]) -> list[str]:
    try:
        return step()
    except NotPossible as error:
        return [str(error)]
    except RedisError as error:
        return [f"Redis does not answer: {error}"]


def _gone(people: list[Person], seconds: float) -> list[str]:
    """Accounts that the workers have not purged within these seconds."""
    ids = [person.id for person in people]
    deadline = time.monotonic() + seconds
    while (left := _left(ids)) and time.monotonic() < deadline:
        time.sleep(0.1)
    return [f"the account {user_id} of the probe is not purged after {seconds:.0f} s" for user_id in left]


def _left(ids: list[int]) -> list[int]:
    return list(User.objects.filter(id__in=ids).order_by("id").values_list("id", flat=True))
