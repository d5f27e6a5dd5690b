"""What a server says comes as objects that can be read, compared and stored, not changed."""

from __future__ import annotations

import copy
import json
import pickle
from typing import TYPE_CHECKING, Any

import pytest

import opencode.client
from opencode.client import Event, Part, SessionIdle, ToolPart, UnknownEvent, UnknownPart
from opencode.client._view import View
from opencode.errors import InvalidArgumentError

if TYPE_CHECKING:
    from opencode.client import Client
    from tests.conftest import Server

VIEWS = [
    thing
    for name in opencode.client.__all__
    if isinstance(thing := getattr(opencode.client, name), type) and issubclass(thing, View)
]


@pytest.fixture
def told(client: Client) -> list[View]:
    """One of many kinds of things, as a real turn gives them."""
    with client.session_scope(metadata={"team": {"names": ["docs"]}}) as scope:
        session_id = scope.session.id
        with client.subscribe(session_id) as events:
            client.messages.prompt_async(session_id, "make a plan")
            seen: list[Event] = []
            while not any(isinstance(event, SessionIdle) for event in seen):
                seen.append(next(events))
        messages = client.messages.list(session_id)
        parts = [part for message in messages for part in message.parts]
        details = client.sessions.details(session_id)
        health = client.health()
        return [scope.session, details, health, *details.todo_list, *messages, *parts, *seen]


def test_nothing_of_it_can_be_changed(told: list[View]) -> None:
    for view in told:
        for name in view._fields:
            with pytest.raises(AttributeError):
                setattr(view, name, "changed")
            with pytest.raises(AttributeError):
                delattr(view, name)
        with pytest.raises(AttributeError):
            view.anything_else = 1  # type: ignore[attr-defined]
    session: Any = told[0]
    with pytest.raises(InvalidArgumentError, match="changed"):
        session.info.metadata["team"]["names"].append("x")
    with pytest.raises(InvalidArgumentError, match="changed"):
        session.info.metadata["team"] = 1
    parts = [view for view in told if isinstance(view, Part)]
    with pytest.raises(AttributeError):
        parts[0].path = "elsewhere"  # type: ignore[misc]
    tools = [part for part in parts if isinstance(part, ToolPart)]
    with pytest.raises(InvalidArgumentError, match="changed"):
        tools[0].state.input["todos"][0]["status"] = "completed"
    data = session.info.to_dict()
    data["metadata"]["team"]["names"].append("x")
    assert session.info.metadata["team"]["names"] == ["docs"]


def test_it_can_be_stored_copied_and_compared(told: list[View]) -> None:
    for view in told:
        for again in (pickle.loads(pickle.dumps(view)), copy.copy(view), copy.deepcopy(view)):
            assert type(again) is type(view)
            assert again == view
            assert repr(again) == repr(view)
        assert json.loads(json.dumps(view.to_dict())) == view.to_dict()
        assert view != view.to_dict()
        with pytest.raises(TypeError):
            hash(view)


def test_it_says_what_it_is_in_one_line(told: list[View]) -> None:
    session: Any = told[0]
    assert repr(session).startswith(f"Session(id={session.id!r}, status='idle'")
    for view in told:
        assert repr(view).startswith(type(view).__name__ + "(")
        assert "\n" not in repr(view)
        assert len(repr(view)) < 1000


def test_every_field_is_there_also_when_the_server_says_nothing() -> None:
    for kind in VIEWS:
        assert kind.__doc__
        empty = kind({"type": "x"} if issubclass(kind, (Event, Part)) else {})
        for name in kind._fields:
            if name not in {"part", "request"}:
                getattr(empty, name)
        repr(empty)


def test_what_is_new_to_this_version_is_kept_as_it_is() -> None:
    part = Part.of({"type": "hologram", "id": "prt_1", "depth": 3})
    assert (type(part), part.type, part.id) == (UnknownPart, "hologram", "prt_1")
    assert part.to_dict()["depth"] == 3
    wire = {"type": "moon.risen", "properties": {"phase": "full"}}
    event = Event.of({**wire, "wire": wire})
    assert isinstance(event, UnknownEvent)
    assert (event.properties["phase"], event.to_dict()) == ("full", wire)


def test_a_directory_of_any_name_is_one(server: Server, client: Client) -> None:
    project = server.project("données 100% 日本 #1?")
    there = client.with_directory(project)
    assert there.directory == str(project)
    with there.session_scope() as scope, there.subscribe(scope.session.id) as events:
        assert scope.session.directory == str(project)
        there.messages.prompt(scope.session.id, "create notes")
        assert (project / "notes.txt").read_text() == "one\ntwo\nthree\n"
        changes = there.sessions.diff(scope.session.id).file_diffs
        assert [change.path for change in changes] == ["notes.txt"]
        assert any(isinstance(event, SessionIdle) for event in events)
        assert [session.id for session in there.sessions.list()] == [scope.session.id]
        assert scope.session.id not in [session.id for session in client.sessions.list()]
        # In a session's own directory, whatever the client's is.
        elsewhere = client.sessions.create(directory=project)
        assert elsewhere.directory == str(project)
        assert client.sessions.get(elsewhere.id).directory == str(project)
        client.sessions.delete(elsewhere.id)
