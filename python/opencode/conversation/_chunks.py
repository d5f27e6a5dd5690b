"""What is seen of a turn while it runs: frozen classes, told apart by class or by ``type``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal, TypeAlias

__all__ = [
    "Chunk",
    "EndChunk",
    "ReasoningChunk",
    "Summary",
    "TextChunk",
    "ToolCallChunk",
    "ToolResultChunk",
    "Usage",
    "UsageChunk",
    "chunk",
]


@dataclass(frozen=True, slots=True)
class TextChunk:
    """More of what the model says."""

    content: str
    type: ClassVar[Literal["text"]] = "text"


@dataclass(frozen=True, slots=True)
class ReasoningChunk:
    """More of what the model thinks."""

    content: str
    type: ClassVar[Literal["reasoning"]] = "reasoning"


@dataclass(frozen=True, slots=True)
class ToolCallChunk:
    """The model calls a tool. ``params`` is a text if it wrote no JSON."""

    id: str
    tool: str
    params: Any
    type: ClassVar[Literal["tool_call"]] = "tool_call"


@dataclass(frozen=True, slots=True)
class ToolResultChunk:
    """What became of a call: its ``result``, or an ``error`` that the model is told."""

    id: str
    tool: str
    result: Any
    error: str | None = None
    type: ClassVar[Literal["tool_result"]] = "tool_result"


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens, and cost in the currency of the provider or of the ``prices`` given."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    cache_read: int = 0
    cache_write: int = 0
    reasoning: int = 0
    cost: float = 0.0

    @property
    def total(self) -> int:
        """Tokens sent and answered."""
        return self.prompt_tokens + self.completion_tokens


@dataclass(frozen=True, slots=True)
class UsageChunk:
    """What one request to the model used."""

    usage: Usage
    type: ClassVar[Literal["usage"]] = "usage"


@dataclass(frozen=True, slots=True)
class Summary:
    """A turn in numbers.

    ``tokens`` and ``cost`` are those of all its ``turns`` requests. ``finish`` is why it ended:
    ``stop``, ``length``, ``content_filter``, ``max_turns``, or the provider's word.
    """

    tokens: int
    cost: float
    finish: str
    turns: int


@dataclass(frozen=True, slots=True)
class EndChunk:
    """The turn is over."""

    summary: Summary
    type: ClassVar[Literal["end"]] = "end"


#: A piece of a turn. ``chunk.type`` and ``match`` tell which.
Chunk: TypeAlias = (
    TextChunk | ReasoningChunk | ToolCallChunk | ToolResultChunk | UsageChunk | EndChunk
)

_CLASSES: dict[str, type[TextChunk | ReasoningChunk | ToolCallChunk | ToolResultChunk]] = {
    "text": TextChunk,
    "reasoning": ReasoningChunk,
    "tool_call": ToolCallChunk,
    "tool_result": ToolResultChunk,
}


def chunk(data: dict[str, Any]) -> Chunk:
    """The chunk for the core's data."""
    kind = data.pop("type")
    if kind == "usage":
        return UsageChunk(Usage(**data))
    if kind == "end":
        return EndChunk(Summary(**data["summary"]))
    return _CLASSES[kind](**data)
