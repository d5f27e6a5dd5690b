"""What can be stored comes back as it was; what cannot is refused, with the place named."""

import copy
import json
import math
import pickle
from collections import ChainMap, OrderedDict, deque
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from opencode.sessions import (
    InvalidArgumentError,
    Session,
    SessionManager,
    SessionMessage,
    SessionStorage,
    SessionSummary,
    ToolInvocation,
)

GOOD: list[Any] = [
    None,
    True,
    0,
    -(2**63),
    2**64 - 1,
    0.1,
    -0.0,
    1e308,
    "",
    "emoji 🦀, NUL \0, line\n",
    [],
    {},
    [1, [2, [3]]],
    {"a": {"b": [{"c": None}]}},
]


@pytest.mark.parametrize("value", GOOD, ids=repr)
def test_plain_data_comes_back_the_same_from_disk(storage: SessionStorage, value: Any) -> None:
    session = Session(metadata={"k": value})
    storage.save(session)
    loaded = storage.load(session.id).metadata["k"]
    assert loaded == value
    assert repr(loaded) == repr(value)


def test_other_sequences_and_mappings_become_lists_and_dicts() -> None:
    session = Session()
    session.metadata["k"] = {
        "tuple": (1, 2),
        "range": range(2),
        "ordered": OrderedDict(a=1),
        "chain": ChainMap({"b": 2}),
        "deque": deque([3]),
        "other": Session(metadata={"c": 3}).metadata,
    }
    assert session.metadata["k"] == {
        "tuple": [1, 2],
        "range": [0, 1],
        "ordered": {"a": 1},
        "chain": {"b": 2},
        "deque": [3],
        "other": {"c": 3},
    }


def cyclic() -> list[Any]:
    ring: list[Any] = []
    ring.append(ring)
    return ring


def deep(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


BAD: list[tuple[Any, str]] = [
    (math.nan, "metadata['k'] is NaN"),
    (math.inf, "metadata['k'] is inf"),
    (2**64, "more than 64 bits"),
    (-(2**63) - 1, "more than 64 bits"),
    ("\ud800", "lone surrogate"),
    ({"\udfff": 1}, "lone surrogate"),
    ({1: 2}, "the key 1 of type int"),
    ({"a": [0, {1}]}, "metadata['k']['a'][1] is of type set"),
    (b"bytes", "is of type bytes"),
    (bytearray(b"x"), "is of type bytearray"),
    (memoryview(b"x"), "is of type memoryview"),
    (len, "is of type builtin_function_or_method"),
    (object(), "is of type object"),
    (datetime.now(), "is of type datetime"),
    (1j, "is of type complex"),
    (cyclic(), "contains itself"),
    (deep(100_000), "nested deeper"),
]


@pytest.mark.parametrize(("value", "reason"), BAD, ids=[reason for _, reason in BAD])
def test_what_json_cannot_hold_is_refused_and_changes_nothing(
    manager: SessionManager, value: Any, reason: str
) -> None:
    session = manager.create(metadata={"before": 1})
    revision = session.revision
    with pytest.raises(InvalidArgumentError) as caught:
        session.metadata["k"] = value
    assert reason in caught.value.message
    assert isinstance(caught.value, ValueError)
    for attempt in (
        lambda: manager.add_message("user", "x", metadata={"k": value}),
        lambda: manager.record_tool_call("bash", {"k": value}),
        lambda: manager.record_tool_call("bash", {}, result=value),
        lambda: SessionMessage("user", "x", tool_calls=[value]),
        lambda: ToolInvocation("bash", value),
        lambda: Session(metadata={"k": value}),
        lambda: Session.from_dict({"metadata": {"k": value}}),
        lambda: setattr(session, "options", {"k": value}),
    ):
        with pytest.raises(InvalidArgumentError):
            attempt()
    assert dict(session.metadata) == {"before": 1}
    assert session.revision == revision


def test_text_that_is_no_text_and_numbers_that_count_nothing_are_refused(
    manager: SessionManager,
) -> None:
    manager.create()
    for attempt in (
        lambda: manager.add_message("user", "\ud800"),
        lambda: manager.set_title("\ud800"),
        lambda: manager.add_tag("\ud800"),
        lambda: manager.update_usage(-1, 0),
        lambda: manager.update_usage(2**64, 0),
        lambda: manager.update_usage(1, 1, cost=math.nan),
        lambda: manager.update_usage(1, 1, cost=-1.0),
        lambda: manager.list_sessions(limit=-1),
        lambda: manager.list_sessions(sort_by="size"),  # type: ignore[arg-type]
        lambda: manager.list_sessions(since="yesterday"),
        lambda: manager.record_tool_call("bash", {}, duration=-1.0),
        lambda: manager.record_tool_call("bash", {}, duration=math.nan),
        lambda: manager.add_message("robot", "x"),
        lambda: SessionMessage("robot", "x"),
        lambda: Session.from_dict({"messages": 5}),
        lambda: Session.from_json("{"),
        lambda: SessionMessage.from_dict({"content": "no role"}),
        lambda: ToolInvocation.from_dict({}),
        lambda: SessionSummary.from_dict({}),
        lambda: manager.import_session({"what": "is this"}),
        lambda: manager.export(manager.list_sessions()[0].id, "xml"),  # type: ignore[arg-type]
        lambda: SessionStorage(durability="maybe"),  # type: ignore[arg-type]
        lambda: SessionManager(auto_save_interval=-1),
        lambda: manager.resume("x", wait=math.nan),
    ):
        with pytest.raises(InvalidArgumentError):
            attempt()
    assert manager.current_session is not None
    assert manager.current_session.message_count == 0


def test_arguments_of_the_wrong_type_are_type_errors(manager: SessionManager) -> None:
    session = manager.create()
    for attempt in (
        lambda: manager.add_message("user", 5),  # type: ignore[arg-type]
        lambda: manager.set_title(None),  # type: ignore[arg-type]
        lambda: setattr(session, "title", 5),
        lambda: manager.create(tags="python"),
        lambda: session.add_message("hello"),  # type: ignore[arg-type]
        lambda: SessionStorage(5),  # type: ignore[arg-type]
    ):
        with pytest.raises(TypeError):
            attempt()


def test_times_are_aware_and_keep_their_offset() -> None:
    india = timezone(timedelta(hours=5, minutes=30))
    message = SessionMessage("user", timestamp=datetime(2024, 1, 15, 10, 30, tzinfo=india))
    assert message.timestamp.utcoffset() == timedelta(hours=5, minutes=30)
    assert message.to_dict()["timestamp"] == "2024-01-15T10:30:00+05:30"
    naive = SessionMessage("user", timestamp=datetime(2024, 1, 15, 10, 30, 0, 5))
    assert naive.timestamp == datetime(2024, 1, 15, 10, 30, 0, 5, tzinfo=timezone.utc)
    nanos = SessionMessage.from_dict(
        {"role": "user", "timestamp": "2024-01-15T10:30:00.123456789Z"}
    )
    assert nanos.timestamp.microsecond == 123456
    assert nanos.to_dict()["timestamp"] == "2024-01-15T10:30:00.123456789+00:00"
    session = Session(created_at=datetime(2020, 1, 1))
    assert session.created_at == session.updated_at == datetime(2020, 1, 1, tzinfo=timezone.utc)


def test_records_can_be_copied_pickled_compared_and_hashed() -> None:
    message = SessionMessage("assistant", tool_calls=[{"id": "c"}], metadata={"a": [1]})
    tool = ToolInvocation("bash", {"command": "ls"}, error="no", success=False)
    for record in (message, tool):
        assert pickle.loads(pickle.dumps(record)) == record
        assert copy.deepcopy(record) == record
        assert hash(copy.copy(record)) == hash(record)
        assert type(record).from_dict(record.to_dict()) == record
    session = Session(title="Original")
    session.add_message(message)
    assert pickle.loads(pickle.dumps(session)) == session
    twin = copy.deepcopy(session)
    twin.title = "Copy"
    assert session.title == "Original"
    assert twin != session
    assert session != "Original"


def test_json_text_has_the_form_that_was_asked_for() -> None:
    session = Session(title="Ünïcode")
    assert "\n" not in session.to_json()
    assert json.loads(session.to_json()) == session.to_dict()
    assert session.to_json(indent=2) == json.dumps(
        session.to_dict(), indent=2, ensure_ascii=False
    ).replace("[\n\n  ]", "[]")
    assert Session.from_json(session.to_json(indent=3)) == session
    for indent in (-1, 2**64):
        with pytest.raises(InvalidArgumentError):
            session.to_json(indent)


def test_messages_for_a_model_are_in_its_shape() -> None:
    call = {"id": "c", "type": "function", "function": {"name": "read", "arguments": "{}"}}
    for shape in (
        {"role": "system", "content": "Be brief."},
        {"role": "assistant", "content": "", "tool_calls": [call]},
        {"role": "tool", "content": "ok", "tool_call_id": "c", "name": "read"},
    ):
        assert SessionMessage.from_llm_message(shape).to_llm_message() == shape
    image = {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}
    mixed = {"role": "user", "content": [{"type": "text", "text": "Look:"}, image]}
    message = SessionMessage.from_llm_message(mixed)
    assert (message.content, message.parts) == ("Look:", [image])
    assert message.to_llm_message() == mixed
    assert SessionMessage.from_llm_message({"role": "assistant", "content": None}).content == ""
