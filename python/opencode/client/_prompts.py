"""What can be said: text, files, agents and tasks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, TypeAlias

__all__ = ["PromptAgent", "PromptFile", "PromptSubtask", "PromptText", "content"]


@dataclass(frozen=True)
class _Piece:
    type: ClassVar[str]


@dataclass(frozen=True)
class PromptText(_Piece):
    """A piece of text; a plain ``str`` is the same."""

    type = "text"

    text: str


@dataclass(frozen=True)
class PromptFile(_Piece):
    """A file: its ``content`` when given, else what the server finds under ``path``.

    ``mime`` is guessed from the name when it is not given.
    """

    type = "file"

    path: str
    content: str | None = None
    mime: str | None = None


@dataclass(frozen=True)
class PromptAgent(_Piece):
    """Calls an agent by name."""

    type = "agent"

    name: str


@dataclass(frozen=True)
class PromptSubtask(_Piece):
    """A task for a sub-agent."""

    type = "subtask"

    prompt: str
    description: str
    agent: str


PromptPart: TypeAlias = (
    str | PromptText | PromptFile | PromptAgent | PromptSubtask | Mapping[str, Any]
)
Content: TypeAlias = PromptPart | Sequence[PromptPart]


def _piece(given: Any) -> Any:
    if isinstance(given, str):
        given = PromptText(given)
    return {"type": given.type, **asdict(given)} if isinstance(given, _Piece) else given


def content(given: Content) -> list[Any]:
    """The pieces of a prompt, as plain data."""
    if isinstance(given, (list, tuple)):
        return [_piece(piece) for piece in given]
    return [_piece(given)]
