"""The inbox: assignments, turns, late acknowledgements, bounds."""

import threading
import time

import pytest

from puppies.kafka.inbox import Inbox
from puppies.kafka.records import Delivery, Source


def _always() -> bool:
    return True


def _take(inbox: Inbox, timeout: float = 0.0) -> Delivery | None:
    return inbox.take(can_take=_always, timeout=timeout)


def _receive(inbox: Inbox, topic: str, offset: int, *, partition: int = 0) -> Delivery:
    source = inbox.receive(Source(topic, topic, partition, offset, 0))
    assert source is not None
    delivery = Delivery(source, b"{}", envelope={"properties": {"delivery_info": {}}})
    inbox.put(delivery)
    return delivery


@pytest.fixture
def inbox() -> Inbox:
    inbox = Inbox(max_uncommitted=10)
    inbox.assign([("a", 0), ("b", 0)])
    return inbox


def test_topics_take_turns(inbox: Inbox) -> None:
    for offset in range(3):
        _receive(inbox, "a", offset)
    _receive(inbox, "b", 0)

    order = [delivery.source.topic for delivery in iter(lambda: _take(inbox), None)]

    assert order[:2] in (["a", "b"], ["b", "a"])
    assert order[2:] == ["a", "a"]


def test_what_is_finished_out_of_order_waits_for_its_predecessor(inbox: Inbox) -> None:
    first, second = _receive(inbox, "a", 5), _receive(inbox, "a", 6)
    _take(inbox), _take(inbox)

    inbox.finish(second.source.tag)
    assert inbox.commits() == {}
    inbox.finish(first.source.tag)

    assert inbox.commits() == {("a", 0): 7}
    assert inbox.commits() == {}


def test_an_ack_of_an_earlier_assignment_is_ignored(inbox: Inbox) -> None:
    late = _receive(inbox, "a", 5)
    _take(inbox)

    inbox.revoke([("a", 0)])
    inbox.assign([("a", 0)])
    again = _receive(inbox, "a", 5)
    _take(inbox)
    inbox.finish(late.source.tag)

    assert inbox.commits() == {}
    inbox.finish(again.source.tag)
    assert inbox.commits() == {("a", 0): 6}


def test_a_log_that_begins_anew_begins_a_new_generation(inbox: Inbox) -> None:
    old = _receive(inbox, "a", 500)
    _take(inbox)
    new = _receive(inbox, "a", 0)
    _take(inbox)

    inbox.finish(old.source.tag)
    assert inbox.commits() == {}
    inbox.finish(new.source.tag)

    assert inbox.commits() == {("a", 0): 1}


def test_records_of_a_revoked_partition_are_refused_and_forgotten(inbox: Inbox) -> None:
    _receive(inbox, "a", 0)

    inbox.revoke([("a", 0)])

    assert _take(inbox) is None
    assert inbox.receive(Source("a", "a", 0, 1, 0)) is None


def test_a_requeued_delivery_comes_again_and_says_so(inbox: Inbox) -> None:
    delivery = _receive(inbox, "a", 0)
    _take(inbox)

    inbox.requeue(delivery.source.tag)

    assert _take(inbox) is delivery
    assert delivery.envelope["properties"]["delivery_info"] == {"redelivered": True}
    assert inbox.commits() == {}


def test_a_rejected_delivery_stays_open_until_it_is_buried(inbox: Inbox) -> None:
    delivery = _receive(inbox, "a", 0)
    _take(inbox)

    inbox.reject(delivery.source.tag, "no good")

    assert inbox.rejected() == [(delivery, "no good")]
    assert inbox.commits() == {}
    inbox.buried(delivery)
    assert inbox.rejected() == []
    assert inbox.commits() == {("a", 0): 1}


def test_a_rejected_delivery_of_a_revoked_partition_is_left_to_the_next_owner(inbox: Inbox) -> None:
    delivery = _receive(inbox, "a", 0)
    inbox.set_aside(delivery, "poison")

    inbox.revoke([("a", 0)])

    assert inbox.rejected() == []


def test_a_partition_whose_window_is_full_is_held_back_until_half_is_done(inbox: Inbox) -> None:
    deliveries = [_receive(inbox, "a", offset) for offset in range(10)]
    assert inbox.held_back() == {("a", 0)}

    for delivery in deliveries:
        _take(inbox)
        inbox.finish(delivery.source.tag)
        expected = {("a", 0)} if delivery.source.offset < 4 else set()
        assert inbox.held_back() == expected


def test_one_slow_task_holds_its_partition_back_and_no_other(inbox: Inbox) -> None:
    slow, *fast = [_receive(inbox, "a", offset) for offset in range(10)]
    for _ in range(10):
        _take(inbox)

    for delivery in fast:
        inbox.finish(delivery.source.tag)
    assert inbox.held_back() == {("a", 0)}
    inbox.finish(slow.source.tag)

    assert inbox.held_back() == set()
    assert inbox.commits() == {("a", 0): 10}


def test_take_returns_as_soon_as_something_comes(inbox: Inbox) -> None:
    threading.Timer(0.1, _receive, [inbox, "a", 0]).start()

    began = time.monotonic()
    delivery = _take(inbox, timeout=5)

    assert delivery is not None
    assert 0.05 < time.monotonic() - began < 2


def test_draining_waits_for_what_is_handed_out_but_not_for_ever(inbox: Inbox) -> None:
    delivery = _receive(inbox, "a", 0)
    _receive(inbox, "b", 0)
    _take(inbox), _take(inbox)

    assert not inbox.wait_until_handed_back([("a", 0)], 0.05)
    threading.Timer(0.1, inbox.finish, [delivery.source.tag]).start()
    assert inbox.wait_until_handed_back([("a", 0)], 5)


def test_a_failed_commit_is_offered_again(inbox: Inbox) -> None:
    delivery = _receive(inbox, "a", 0)
    _take(inbox)
    inbox.finish(delivery.source.tag)
    assert inbox.commits() == {("a", 0): 1}

    inbox.commit_failed([("a", 0)])

    assert inbox.commits() == {("a", 0): 1}


def test_committing_some_partitions_leaves_the_others_to_the_next_commit(inbox: Inbox) -> None:
    for topic in ("a", "b"):
        _receive(inbox, topic, 0)
    for delivery in iter(lambda: _take(inbox), None):
        inbox.finish(delivery.source.tag)

    assert inbox.commits([("a", 0)]) == {("a", 0): 1}
    assert inbox.commits() == {("b", 0): 1}


def test_a_closed_inbox_hands_nothing_out(inbox: Inbox) -> None:
    _receive(inbox, "a", 0)

    inbox.close()

    assert _take(inbox, timeout=5) is None
