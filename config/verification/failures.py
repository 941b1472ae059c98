"""I5: what the API's own counters can show of "failures are 503 with Retry-After or a labelled degraded 200"."""

from config.metrics_page import REQUESTS, NotTold, read_samples
from config.verification.results import Options, Result, result, unchecked

NAME = "no answer was a 5xx other than 503"
UNKNOWN = "no API is known: set API_HOSTS or type --api URL"


def failures(options: Options) -> list[Result]:
    """Every request that each host of the API has answered since it was started, by method, route and status."""
    if not options.hosts:
        return [unchecked("I5", NAME, UNKNOWN)]
    return [_answers_of(host) for host in options.hosts]


def _answers_of(host: str) -> Result:
    try:
        samples = read_samples(host)
    except NotTold as error:
        return unchecked("I5", NAME, str(error))
    answered = [sample for sample in samples if sample.name == f"{REQUESTS}_count"]
    findings = [
        f"{sample.labels['method']} {sample.labels['route'] or '(no route)'} was answered {sample.labels['status']} "
        f"{sample.value:.0f} times"
        for sample in answered
        if sample.labels["status"].startswith("5") and sample.labels["status"] != "503"
    ]
    return result("I5", NAME, int(sum(sample.value for sample in answered)), findings)
