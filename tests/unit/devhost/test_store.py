"""The durable store: one transaction a step, nothing for the dead."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.devhost.host.durable.events import (
    Event,
    EventType,
    Status,
    event,
    execution_started,
    parse_timestamp,
    task_completed,
)
from scripts.devhost.host.durable.records import ActivityItem, Message, Outcome
from scripts.devhost.host.durable.store import Store

NOW = "2024-01-01T00:00:00.0000000Z"
START = parse_timestamp(NOW).timestamp()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path / "state" / "s.sqlite3")
    yield opened
    opened.close()


def started(instance_id: str = "one", execution_id: str = "x1") -> Event:
    return execution_started(
        NOW, name="o", instance_id=instance_id, execution_id=execution_id, input_text=None
    )


def raised(name: str, at: str = NOW) -> Event:
    return event(EventType.EVENT_RAISED, at, Name=name, Input="null")


def commit(store: Store, outcome: Outcome, instance_id: str = "one", copies: int = 1) -> None:
    batch = store.load(instance_id, START)
    assert batch is not None
    store.commit(batch, outcome, NOW, copies)


def test_start_is_pending_and_ready(store: Store) -> None:
    assert store.start(started())
    found = store.find("one")
    assert found is not None
    assert found.status is Status.PENDING
    assert store.ready_instances(START) == ["one"]


def test_running_id_is_not_replaced_unless_wanted(store: Store) -> None:
    store.start(started())
    assert not store.start(started(execution_id="x2"))
    assert store.start(started(execution_id="x2"), replace_running=True)
    batch = store.load("one", START)
    assert batch is not None
    assert batch.instance.execution_id == "x2"
    assert len(batch.messages) == 1


def test_commit_consumes_the_batch_and_no_later_message(store: Store) -> None:
    store.start(started())
    batch = store.load("one", START)
    assert batch is not None
    store.send(Message("one", None, raised("late")))
    store.commit(batch, Outcome(Status.RUNNING, history=[started()]), NOW)
    left = store.load("one", START)
    assert left is not None
    assert [message.event["Name"] for message in left.messages] == ["late"]
    assert [json.loads(text)["EventType"] for text in left.history] == [0]


def test_failed_commit_changes_nothing(store: Store) -> None:
    store.start(started())
    unsound = Outcome(Status.RUNNING, history=[{"not": object()}])
    with pytest.raises(TypeError):
        commit(store, unsound)
    assert store.load("one", START) is not None
    assert store.history("one") == []


def test_start_comes_first_although_an_event_was_there_before(store: Store) -> None:
    store.start(started())
    batch = store.load("one", START)
    assert batch is not None
    store.send(Message("one", None, raised("between")))
    continued = Outcome(Status.CONTINUED_AS_NEW, continued=started(execution_id="x2"))
    store.commit(batch, continued, NOW)
    following = store.load("one", START)
    assert following is not None
    assert [m.event["EventType"] for m in following.messages] == [0, 15]


def test_messages_become_due(store: Store) -> None:
    store.start(started())
    later = Message("one", "x1", raised("t", at="2024-01-01T00:00:05.0000000Z"))
    commit(store, Outcome(Status.RUNNING, messages=[later]))
    assert store.ready_instances(START + 4) == []
    assert store.next_due(START + 4) == START + 5
    assert store.ready_instances(START + 5) == ["one"]


def test_messages_are_delivered_in_the_order_in_which_they_became_due(store: Store) -> None:
    store.start(started())
    commit(store, Outcome(Status.RUNNING))
    for name, second in (("timer", 3), ("first", 1), ("event", 4)):
        at = f"2024-01-01T00:00:0{second}.0000000Z"
        store.send(Message("one", None, raised(name, at)))
    batch = store.load("one", START + 9)
    assert batch is not None
    assert [m.event["Name"] for m in batch.messages] == ["first", "timer", "event"]


def test_nothing_is_sent_to_old_executions_ended_or_unknown_instances(store: Store) -> None:
    store.start(started())
    assert not store.send(Message("one", "x0", raised("old")))
    assert not store.send(Message("two", None, raised("unknown")))
    commit(store, Outcome(Status.COMPLETED))
    assert not store.send(Message("one", None, raised("late")))
    assert store.ready_instances(START) == []


def test_activity_goes_when_its_result_comes(store: Store) -> None:
    store.start(started())
    item = ActivityItem("one", "x1", 0, "a", "null")
    commit(store, Outcome(Status.RUNNING, activities=[item]), copies=2)
    first, second = store.pending_activities(10)
    assert first.task_id == second.task_id == 0
    store.complete_activity(first, task_completed(NOW, 0, "1"))
    assert store.pending_activities(10) == [second]
    assert store.ready_instances(START) == ["one"]


def test_purge_takes_only_ended_instances_with_all_they_have(store: Store) -> None:
    for name in ("one", "two"):
        store.start(started(name))
    item = ActivityItem("one", "x1", 0, "a", "null")
    commit(store, Outcome(Status.COMPLETED, history=[started()], activities=[item]))
    assert store.purge(["one", "two", "three"]) == 1
    assert store.find("one") is None
    assert store.history("one") == []
    assert store.counts() == {
        "instances": {"Pending": 1},
        "pendingActivities": 0,
        "pendingMessages": 1,
    }


def test_query_filters_and_pages(store: Store) -> None:
    for name in ("a1", "a2", "b1"):
        store.start(started(name))
    commit(store, Outcome(Status.FAILED), "a2")
    assert [i.id for i in store.query(prefix="a")] == ["a1", "a2"]
    assert [i.id for i in store.query(statuses=["Failed"])] == ["a2"]
    assert [i.id for i in store.query(limit=2)] == ["a1", "a2"]
    assert [i.id for i in store.query(after="a2")] == ["b1"]
    assert store.query(created_from="2024-01-02") == []
    assert store.query(created_to="2023-12-31") == []


def test_state_survives_reopening(tmp_path: Path) -> None:
    first = Store(tmp_path / "s.sqlite3")
    first.start(started())
    first.save_schedule_status("timer", {"Last": NOW})
    first.close()
    second = Store(tmp_path / "s.sqlite3")
    assert second.ready_instances(START) == ["one"]
    assert second.schedule_status("timer") == {"Last": NOW}
    assert second.schedule_status("other") is None
    second.close()
