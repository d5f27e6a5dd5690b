"""Messages and what they are made of."""

from __future__ import annotations

from typing import Any

from opencode.client import _view as v
from opencode.client._view import Field, View

__all__ = [
    "AgentPart",
    "CompactionPart",
    "FilePart",
    "Message",
    "MessageError",
    "MessageInfo",
    "Part",
    "PatchPart",
    "ReasoningPart",
    "RetryPart",
    "SnapshotPart",
    "StepFinishPart",
    "StepStartPart",
    "SubtaskPart",
    "TextPart",
    "ToolPart",
    "ToolState",
    "UnknownPart",
]


class MessageError(View):
    """Why an answer failed."""

    __slots__ = ()

    name = v.text("name", "The server's name of the error: ``APIError``.")
    message = v.maybe_text("data.message")
    data = v.mapping("data", "All that the server tells of it.")

    def __str__(self) -> str:
        return f"{self.name}: {self.message}" if self.message else self.name


#: The class of each type of part.
_CLASSES: dict[str, type[Part]] = {}


class Part(View):
    """A part of a message; its class tells what it is. An ``UnknownPart`` is new to us."""

    __slots__ = ("_path",)

    type = v.text("type")
    id = v.text("id", "``prt_…``")
    session_id = v.text("sessionID")
    message_id = v.text("messageID")

    def __init_subclass__(cls, type: str = "") -> None:
        super().__init_subclass__()
        _CLASSES[type] = cls

    def __init__(self, data: dict[str, Any], path: str | None = None) -> None:
        super().__init__(data)
        self._path = path

    @property
    def path(self) -> str | None:
        """Where the file of a ``FilePart`` lies; else ``None``."""
        return self._path

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self._data, self._path)

    @staticmethod
    def of(data: dict[str, Any], path: str | None = None) -> Part:
        """The part for a server's data."""
        return _CLASSES.get(data.get("type", ""), UnknownPart)(data, path)


class TextPart(Part, type="text"):
    """Words of the user or the model."""

    __slots__ = ()

    text = v.text("text")
    synthetic = v.flag("synthetic", "Put there by the server, not typed by anybody.")
    ignored = v.flag("ignored", "Kept from the model.")

    def __str__(self) -> str:
        return self.text


class ReasoningPart(Part, type="reasoning"):
    """What the model thought before it answered."""

    __slots__ = ()

    text = v.text("text")

    def __str__(self) -> str:
        return self.text


class FilePart(Part, type="file"):
    """A file; ``path`` is where it lies, or its name."""

    __slots__ = ()

    mime = v.text("mime")
    filename = v.maybe_text("filename")
    url = v.text("url", "``file:``, ``data:`` or anything else.")


class ToolState(View):
    """What became of a tool call."""

    __slots__ = ()

    status = v.text("status", "``pending``, ``running``, ``completed`` or ``error``.")
    title = v.maybe_text("title")
    output = v.maybe_text("output", "Of a completed call.")
    error = v.maybe_text("error", "Of a failed call.")
    input = v.anything("input", "The call's arguments, as far as they are known.")
    metadata = v.mapping("metadata")
    started_at = v.maybe_moment("time.start")
    ended_at = v.maybe_moment("time.end")


class ToolPart(Part, type="tool"):
    """A tool call and what became of it."""

    __slots__ = ()

    tool = v.text("tool", "The tool's name.")
    tool_id = v.text("callID", "The call's id, as the model gave it.")
    state = v.one("state", ToolState)


class StepStartPart(Part, type="step-start"):
    """The model is asked once more."""

    __slots__ = ()

    snapshot = v.maybe_text("snapshot", "The state of the files, to revert to.")


class StepFinishPart(Part, type="step-finish"):
    """The model has answered once."""

    __slots__ = ()

    reason = v.maybe_text("reason", "Why it stopped: ``stop``, ``tool-calls``, ``length``, …")
    cost = v.number("cost", "In US dollars.")
    tokens = v.mapping("tokens")


class SnapshotPart(Part, type="snapshot"):
    """The state of the files, to revert to."""

    __slots__ = ()

    snapshot = v.text("snapshot")


class PatchPart(Part, type="patch"):
    """Files that a step changed."""

    __slots__ = ()

    hash = v.text("hash", "The state of the files before.")
    files = v.texts("files", "Absolute paths.")


class AgentPart(Part, type="agent"):
    """An agent that the user named."""

    __slots__ = ()

    name = v.text("name")


class SubtaskPart(Part, type="subtask"):
    """A task for another agent."""

    __slots__ = ()

    prompt = v.text("prompt")
    description = v.text("description")
    agent = v.text("agent")


class RetryPart(Part, type="retry"):
    """The model failed and was asked again."""

    __slots__ = ()

    attempt = v.count("attempt", "How often it was tried.")
    error = v.maybe("error", MessageError)


class CompactionPart(Part, type="compaction"):
    """From here on the conversation was summarised."""

    __slots__ = ()

    auto = v.flag("auto", "Whether the server did it by itself.")


class UnknownPart(Part):
    """A part that this version does not know; ``to_dict()`` has all of it."""

    __slots__ = ()


class MessageInfo(View):
    """What a message is without its parts, to the letter of the server's answer."""

    __slots__ = ()

    id = v.text("id", "``msg_…``")
    session_id = v.text("sessionID")
    role = v.text("role")
    agent = v.maybe_text("agent")
    parent_id = v.maybe_text("parentID", "Of an answer: the prompt it answers.")
    provider_id = v.maybe_text("providerID", "Of an answer.")
    model_id = v.maybe_text("modelID", "Of an answer.")
    finish = v.maybe_text("finish", "Why the model stopped: ``stop``, ``tool-calls``, …")
    cost = v.number("cost", "In US dollars.")
    tokens = v.mapping("tokens")
    error = v.maybe("error", MessageError, "Why the answer failed, if it did.")
    structured = v.anything("structured", "The structured output that was asked for.")
    system = v.maybe_text("system", "Of a prompt: its system prompt.")
    created_at = v.moment("time.created")
    completed_at = v.maybe_moment("time.completed", "When an answer was complete.")


def _parts(data: dict[str, Any]) -> tuple[Part, ...]:
    parts = data.get("wire", {}).get("parts", [])
    return tuple(map(Part.of, parts, data.get("paths") or [None] * len(parts)))


class Message(View):
    """A message with its parts. ``str()`` of it is what was said."""

    __slots__ = ()

    id = v.text("id", "``msg_…``")
    session_id = v.text("session_id")
    role = v.text("role", "``user`` or ``assistant``.")
    text = v.text("text", "What was said: the text parts that people and models see.")
    created_at = v.maybe_moment("created_at")
    info = v.one("wire.info", MessageInfo)
    parts = Field[tuple[Part, ...]]("", "What it is made of.", (), _parts)

    def to_dict(self) -> dict[str, Any]:
        """A copy of the server's own form, ``{"info": …, "parts": […]}``."""
        wire: dict[str, Any] = super().to_dict()["wire"]
        return wire

    def __str__(self) -> str:
        return self.text
