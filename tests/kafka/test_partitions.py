import pytest
from confluent_kafka import TopicPartition

from puppies.kafka import partitions
from puppies.kafka.partitions import Loss, named, place_of


class Clock:
    """A clock that the test moves."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(partitions, "monotonic", clock)
    return clock


def answers(loss: Loss, clock: Clock, seconds: int) -> list[int]:
    """The seconds at which the loss counts as long, asked each second."""
    found = []
    for second in range(1, seconds + 1):
        clock.now += 1
        if loss.is_long():
            found.append(second)
    return found


def test_a_loss_is_long_after_five_seconds_and_then_ever_more_rarely(clock: Clock) -> None:
    loss = Loss()
    loss.begin()

    assert answers(loss, clock, 80) == [5, 15, 35, 75]


def test_a_loss_that_ended_or_never_began_is_not_long(clock: Clock) -> None:
    ended = Loss()
    ended.begin()
    ended.end()

    assert answers(ended, clock, 30) == answers(Loss(), clock, 30) == []


def test_a_new_loss_begins_with_the_short_wait(clock: Clock) -> None:
    loss = Loss()
    loss.begin()
    answers(loss, clock, 20)

    loss.begin()

    assert answers(loss, clock, 6) == [5]


def test_partitions_have_a_place_and_a_name() -> None:
    both = [TopicPartition("feeds", 3), TopicPartition("fanout", 0)]

    assert [place_of(item) for item in both] == [("feeds", 3), ("fanout", 0)]
    assert (named(both), named([])) == ("feeds:3, fanout:0", "nothing")
