"""The messages of the event stream, a class for each kind."""

from __future__ import annotations

from typing import Any

from opencode.client import _view as v
from opencode.client._parts import MessageError, MessageInfo, Part
from opencode.client._records import (
    PermissionRequest,
    QuestionRequest,
    RunStatus,
    SessionInfo,
    Todo,
)
from opencode.client._view import Field, View

__all__ = [
    "CommandExecuted",
    "Event",
    "FileEdited",
    "GlobalDisposed",
    "Lagged",
    "MessagePartDelta",
    "MessagePartRemoved",
    "MessagePartUpdated",
    "MessageRemoved",
    "MessageUpdated",
    "PermissionAsked",
    "PermissionReplied",
    "PermissionUpdated",
    "QuestionAsked",
    "QuestionRejected",
    "QuestionReplied",
    "Reconnected",
    "ServerConnected",
    "ServerHeartbeat",
    "ServerInstanceDisposed",
    "SessionCompacted",
    "SessionCreated",
    "SessionDeleted",
    "SessionDiff",
    "SessionError",
    "SessionIdle",
    "SessionStatus",
    "SessionUpdated",
    "TodoUpdated",
    "ToolStateCompleted",
    "ToolStateError",
    "ToolStateRunning",
    "TuiSessionSelect",
    "UnknownEvent",
]

#: The class of each type of event.
_CLASSES: dict[str, type[Event]] = {}


class Event(View):
    """Something that happened on the server.

    Its class tells what: ``match event: case SessionIdle(): …``. ``properties`` is all that the
    server told, under the server's own names. An ``UnknownEvent`` is new to this library.
    """

    __slots__ = ()

    type = v.text("type", "``session.idle``")
    id = v.maybe_text("id", "``evt_…``; older servers send none.")
    session_id = v.maybe_text("session_id", "The session it is about, if it is about one.")
    directory = v.maybe_text("directory", "The project's, if the stream tells it.")
    properties = v.mapping("properties")

    def __init_subclass__(cls, type: str = "") -> None:
        super().__init_subclass__()
        _CLASSES[type] = cls

    @staticmethod
    def of(data: dict[str, Any]) -> Event:
        """The event for the core's data."""
        return _CLASSES.get(data["type"], UnknownEvent)(data)

    def to_dict(self) -> dict[str, Any]:
        """A copy of the event as the server sent it."""
        data = super().to_dict()
        wire: dict[str, Any] | None = data.get("wire")
        if wire is None:
            named = {"id": data["id"]} if "id" in data else {}
            wire = {**named, "type": data["type"], "properties": data["properties"]}
        return wire


def _part(data: dict[str, Any]) -> Part:
    return Part.of(data["properties"]["part"], data.get("path"))


class SessionCreated(Event, type="session.created"):
    """A session was made."""

    __slots__ = ()

    info = v.one("properties.info", SessionInfo)


class SessionUpdated(Event, type="session.updated"):
    """A session changed; ``info`` is how it is now."""

    __slots__ = ()

    info = v.one("properties.info", SessionInfo)


class SessionDeleted(Event, type="session.deleted"):
    """A session was deleted; ``info`` is how it was."""

    __slots__ = ()

    info = v.one("properties.info", SessionInfo)


class SessionStatus(Event, type="session.status"):
    """A turn began, waits to be tried again, or ended."""

    __slots__ = ()

    status = v.one("properties.status", RunStatus)


class SessionIdle(Event, type="session.idle"):
    """A turn ended."""

    __slots__ = ()


class SessionError(Event, type="session.error"):
    """A turn failed, or something did that belongs to no session."""

    __slots__ = ()

    error = v.maybe("properties.error", MessageError)


class SessionDiff(Event, type="session.diff"):
    """What a session changed in files."""

    __slots__ = ()

    diff = v.anything("properties.diff", "A list, one entry for each file.")


class SessionCompacted(Event, type="session.compacted"):
    """A conversation was summarised."""

    __slots__ = ()


class MessageUpdated(Event, type="message.updated"):
    """A message was begun or changed."""

    __slots__ = ()

    message_id = v.text("message_id")
    info = v.one("properties.info", MessageInfo)


class MessageRemoved(Event, type="message.removed"):
    """A message was taken away."""

    __slots__ = ()

    message_id = v.text("properties.messageID")


class MessagePartUpdated(Event, type="message.part.updated"):
    """A part was begun or changed; ``part`` is how it is now."""

    __slots__ = ()

    message_id = v.text("message_id")
    part_id = v.text("part_id")
    part = Field[Part]("", "The part.", Part({}), _part)
    delta = v.maybe_text("properties.delta", "What was added to the text, from older servers.")


class MessagePartRemoved(Event, type="message.part.removed"):
    """A part was taken away."""

    __slots__ = ()

    message_id = v.text("properties.messageID")
    part_id = v.text("properties.partID")


class MessagePartDelta(Event, type="message.part.delta"):
    """More of a part's text."""

    __slots__ = ()

    message_id = v.text("properties.messageID")
    part_id = v.text("properties.partID")
    field = v.text("properties.field", "``text``, as a rule.")
    delta = v.text("properties.delta", "What to append.")


class PermissionAsked(Event, type="permission.asked"):
    """A turn asks leave for something."""

    __slots__ = ()

    request_id = v.text("properties.id")
    request = v.one("properties", PermissionRequest)


class PermissionUpdated(Event, type="permission.updated"):
    """The same, from older servers."""

    __slots__ = ()

    request_id = v.text("properties.id")
    request = v.one("properties", PermissionRequest)


class PermissionReplied(Event, type="permission.replied"):
    """A request was answered."""

    __slots__ = ()

    request_id = v.text("properties.requestID")
    reply = v.text("properties.reply", "``once``, ``always`` or ``reject``.")


class QuestionAsked(Event, type="question.asked"):
    """A turn asks the user."""

    __slots__ = ()

    request_id = v.text("properties.id")
    request = v.one("properties", QuestionRequest)


class QuestionReplied(Event, type="question.replied"):
    """Questions were answered."""

    __slots__ = ()

    request_id = v.text("properties.requestID")
    answers = v.anything("properties.answers", "For each question the labels chosen.")


class QuestionRejected(Event, type="question.rejected"):
    """Questions got no answer."""

    __slots__ = ()

    request_id = v.text("properties.requestID")


class TodoUpdated(Event, type="todo.updated"):
    """A session's tasks changed."""

    __slots__ = ()

    todos = v.several("properties.todos", Todo)


class CommandExecuted(Event, type="command.executed"):
    """A command of the server was run."""

    __slots__ = ()

    name = v.text("properties.name")
    arguments = v.text("properties.arguments")
    message_id = v.text("properties.messageID")


class TuiSessionSelect(Event, type="tui.session.select"):
    """Somebody asks the terminal's screen to show a session."""

    __slots__ = ()


class FileEdited(Event, type="file.edited"):
    """A file was changed."""

    __slots__ = ()

    file = v.text("properties.file")


class ServerConnected(Event, type="server.connected"):
    """The stream stands."""

    __slots__ = ()


class ServerHeartbeat(Event, type="server.heartbeat"):
    """The server is there."""

    __slots__ = ()


class ServerInstanceDisposed(Event, type="server.instance.disposed"):
    """The server let go of a directory."""

    __slots__ = ()


class GlobalDisposed(Event, type="global.disposed"):
    """The server let go of everything."""

    __slots__ = ()


class _ToolEvent(Event):
    __slots__ = ()

    message_id = v.text("properties.messageID")
    part_id = v.text("properties.partID")
    tool_id = v.text("properties.callID", "The call's id, as the model gave it.")
    tool = v.text("properties.tool", "The tool's name.")
    input = v.anything("properties.input", "The call's arguments.")
    metadata = v.mapping("properties.metadata")
    started_at = v.maybe_moment("properties.time.start")


class ToolStateRunning(_ToolEvent, type="tool.state.running"):
    """A tool call started to run, or told more about itself while running."""

    __slots__ = ()

    title = v.maybe_text("properties.title")


class ToolStateCompleted(_ToolEvent, type="tool.state.completed"):
    """A tool call ended well."""

    __slots__ = ()

    output = v.text("properties.output")
    title = v.text("properties.title")
    ended_at = v.maybe_moment("properties.time.end")


class ToolStateError(_ToolEvent, type="tool.state.error"):
    """A tool call failed."""

    __slots__ = ()

    error = v.text("properties.error")
    ended_at = v.maybe_moment("properties.time.end")


class Reconnected(Event, type="reconnected"):
    """The stream broke and stands again; events in between may be lost."""

    __slots__ = ()


class Lagged(Event, type="lagged"):
    """The reader was too slow, and the oldest events were dropped."""

    __slots__ = ()

    missed = v.count("properties.missed", "So many.")


class UnknownEvent(Event):
    """An event that this version does not know; ``to_dict()`` has all of it."""

    __slots__ = ()
