"""What looks mutable is live: a write through it is a change of the session, or raises."""

import copy
import json
from collections.abc import Callable, MutableMapping, MutableSequence, Sequence

import pytest

from opencode.sessions import (
    InvalidArgumentError,
    Session,
    SessionManager,
    SessionMessage,
    SessionStorage,
)


def test_metadata_is_a_mapping_whose_writes_are_stored(
    storage: SessionStorage, manager: SessionManager
) -> None:
    session = manager.create()
    metadata = session.metadata
    assert isinstance(metadata, MutableMapping)
    metadata["a"] = 1
    metadata.update(b=[2], c=None)
    assert metadata.setdefault("a", 9) == 1
    assert metadata.pop("b") == [2]
    del metadata["c"]
    assert storage.load(session.id).metadata == {"a": 1} == metadata
    assert list(metadata) == ["a"]
    assert "a" in metadata
    assert 5 not in metadata  # type: ignore[comparison-overlap]
    assert metadata.get("gone") is None
    with pytest.raises(KeyError):
        metadata["gone"]
    with pytest.raises(KeyError):
        del metadata["gone"]
    with pytest.raises(InvalidArgumentError, match="strings as keys"):
        metadata[5] = 1  # type: ignore[index]
    metadata.clear()
    assert storage.load(session.id).metadata == {}


def test_nested_values_cannot_be_changed_in_place(manager: SessionManager) -> None:
    session = manager.create(metadata={"k": {"list": [1, {"x": 2}], "n": 1}})
    value = session.metadata["k"]
    attempts: list[Callable[[], object]] = [
        lambda: value.update(a=1),
        lambda: value.pop("n"),
        lambda: value.clear(),
        lambda: value.setdefault("a", 1),
        lambda: value.popitem(),
        lambda: value.__setitem__("a", 1),
        lambda: value.__delitem__("n"),
        lambda: value.__ior__({"a": 1}),
        lambda: value["list"].append(1),
        lambda: value["list"].extend([1]),
        lambda: value["list"].insert(0, 1),
        lambda: value["list"].remove(1),
        lambda: value["list"].pop(),
        lambda: value["list"].clear(),
        lambda: value["list"].sort(),
        lambda: value["list"].reverse(),
        lambda: value["list"].__setitem__(0, 1),
        lambda: value["list"].__delitem__(0),
        lambda: value["list"].__iadd__([1]),
        lambda: value["list"].__imul__(2),
        lambda: value["list"][1].update(x=3),
    ]
    for attempt in attempts:
        with pytest.raises(InvalidArgumentError) as caught:
            attempt()
        assert "session.metadata['k'] = {**value, ...}" in str(caught.value)
    assert value == {"list": [1, {"x": 2}], "n": 1}
    assert json.loads(json.dumps(value)) == value
    for mutable in (copy.deepcopy(value), session.to_dict()["metadata"]["k"]):
        assert type(mutable) is dict
        mutable["list"][1]["x"] = 3
    assert type(value.copy()) is type(dict(value)) is type(copy.copy(value)) is dict
    assert type(value["list"].copy()) is type(value["list"] + [1]) is list
    session.metadata["k"] = {**value, "n": 2}
    assert session.metadata["k"]["n"] == 2


def test_tags_are_a_sequence_whose_writes_are_stored(
    storage: SessionStorage, manager: SessionManager
) -> None:
    session = manager.create(tags=["a", "b", "a"])
    tags = session.tags
    assert isinstance(tags, MutableSequence)
    assert tags == ["a", "b"]
    tags.append("c")
    tags.append("a")
    tags.insert(0, "first")
    tags += ["d"]
    tags[1] = "A"
    del tags[2]
    assert storage.load(session.id).tags == ["first", "A", "c", "d"] == tags
    tags.remove("c")
    tags.reverse()
    assert tags.pop() == "first"
    assert storage.load(session.id).tags == ["d", "A"]
    assert (tags[0], tags[-1], tags[:], len(tags), "A" in tags) == ("d", "A", ["d", "A"], 2, True)
    with pytest.raises(TypeError):
        tags.append(5)
    session.tags += ["A", "new"]
    session.tags = [*session.tags, "new", "last"]
    assert storage.load(session.id).tags == ["d", "A", "new", "last"]
    tags.clear()
    assert storage.load(session.id).tags == []


def test_messages_are_a_sequence_that_shows_the_present(manager: SessionManager) -> None:
    session = manager.create()
    messages = session.messages
    assert isinstance(messages, Sequence)
    assert not messages
    added = [manager.add_message("user", str(n)) for n in range(600)]
    assert len(messages) == 600
    assert list(messages) == added == messages
    assert messages[0] == added[0]
    assert messages[-1] == added[-1]
    assert messages[10:20] == added[10:20]
    assert messages[::-7] == added[::-7]
    assert messages[5:2] == added[5:2] == []
    assert messages[-3:] == added[-3:]
    assert messages[20:10:-3] == added[20:10:-3]
    assert list(reversed(messages)) == added[::-1]
    assert added[3] in messages
    assert SessionMessage("user", "other") not in messages
    assert messages.index(added[4]) == 4
    for out in (600, -601):
        with pytest.raises(IndexError):
            messages[out]
    manager.delete_message(added[0].id)
    assert len(messages) == 599


def test_plain_fields_of_a_live_session_are_stored_when_assigned(
    storage: SessionStorage, manager: SessionManager
) -> None:
    session = manager.create()
    values = {
        "title": "T",
        "working_dir": "/w",
        "model": "p/m",
        "status": "idle",
        "agent": "build",
        "provider": "p",
        "parent_id": "other",
        "system_prompt": "Be brief.",
        "tools": [{"name": "read"}],
        "options": {"temperature": 0.5},
        "todo_list": [{"text": "x", "done": False}],
    }
    for name, value in values.items():
        setattr(session, name, value)
    stored = storage.load(session.id)
    assert {name: getattr(stored, name) for name in values} == values
    for name in ("status", "agent", "provider", "parent_id", "system_prompt", "tools"):
        setattr(session, name, None)
    assert storage.load(session.id).tools is None
    with pytest.raises(AttributeError):
        session.id = "other"  # type: ignore[misc]
    with pytest.raises(InvalidArgumentError):
        session.tools = "no list"
    assert session.tools is None


def test_a_detached_session_keeps_its_changes_until_it_is_saved(storage: SessionStorage) -> None:
    session = Session(title="Draft")
    storage.save(session)
    assert not session.has_unsaved_changes
    session.metadata["k"] = 1
    session.tags.append("t")
    assert session.has_unsaved_changes
    assert storage.load(session.id).metadata == {}
    storage.save(session)
    stored = storage.load(session.id)
    assert (stored.metadata, stored.tags, stored.revision) == ({"k": 1}, ["t"], session.revision)


def test_a_session_that_was_closed_can_be_read_and_not_changed(manager: SessionManager) -> None:
    session = manager.create(title="Done")
    manager.close()
    assert session.title == "Done"
    with pytest.raises(InvalidArgumentError, match="closed"):
        session.title = "Again"
    assert session.title == "Done"
