"""What conversations tell of themselves, as frozen classes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from opencode.conversation._chunks import Summary, Usage

__all__ = [
    "Answer",
    "ApprovalRequest",
    "ContextUsage",
    "Message",
    "Pruned",
    "SessionState",
    "TokenUsage",
    "TokensUsed",
    "ToolCall",
    "ToolResult",
]


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call of a tool. ``params`` is a text if the model wrote no JSON."""

    id: str
    tool: str
    params: Any


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What became of the call of this ``id``.

    ``result`` is what the model was told, a text: data as JSON, a failure as ``Error: …``, which
    is in ``error`` then. The data itself was in the turn's ``ToolResultChunk``, and is in the
    session's ``tool_history``.
    """

    id: str
    result: Any
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """A message of the history.

    ``role`` is ``user``, ``assistant``, ``system`` or ``tool``; ``timestamp`` an aware time, and
    ``tokens`` its own size, counted here. An answer's ``usage`` is what the request for it used, as
    the provider counted. What a tool gave is in the ``tool_results`` of a
    message of its own. One that is ``important`` is kept when the context is pruned; an answer
    that is ``interrupted`` was cut short.
    """

    id: str
    role: str
    content: str
    timestamp: datetime
    tokens: int | None = None
    usage: Usage | None = None
    tool_calls: tuple[ToolCall, ...] = ()
    tool_results: tuple[ToolResult, ...] = ()
    important: bool = False
    interrupted: bool = False

    @classmethod
    def _of(cls, data: dict[str, Any]) -> Message:
        return cls(
            **{
                **data,
                "timestamp": _time(data["timestamp"]),
                "usage": Usage(**data["usage"]) if "usage" in data else None,
                "tool_calls": tuple(ToolCall(**call) for call in data.get("tool_calls", ())),
                "tool_results": tuple(ToolResult(**one) for one in data.get("tool_results", ())),
            }
        )


@dataclass(frozen=True, slots=True)
class Answer:
    """What a turn ended with: the model's last message. ``str()`` of it is its text."""

    message: Message
    usage: Usage
    summary: Summary

    @property
    def text(self) -> str:
        """The text of the last message."""
        return self.message.content

    @property
    def tool_calls(self) -> tuple[ToolCall, ...]:
        """Calls of the last message: none, unless the turn was at its ``max_turns``."""
        return self.message.tool_calls

    @property
    def finish(self) -> str:
        """Why the turn ended: ``stop``, ``length``, ``max_turns``, …"""
        return self.summary.finish

    def __str__(self) -> str:
        return self.message.content

    @classmethod
    def _of(cls, data: dict[str, Any]) -> Answer:
        return cls(Message._of(data["message"]), Usage(**data["usage"]), Summary(**data["summary"]))


@dataclass(frozen=True, slots=True)
class TokenUsage:
    """Tokens of a whole session, and their cost."""

    input: int
    output: int
    total: int
    cost: float = 0.0


@dataclass(frozen=True, slots=True)
class TokensUsed:
    """What ``token_usage`` tells: the ``request`` just made, and the ``total`` of the session."""

    request: Usage
    total: int

    @classmethod
    def _of(cls, data: dict[str, Any]) -> TokensUsed:
        return cls(Usage(**data["request"]), data["total"])


@dataclass(frozen=True, slots=True)
class SessionState:
    """A session in short.

    ``last_message`` is its text, shortened; ``tools`` are names; ``status`` is ``active`` during a
    turn, ``idle`` after it, ``error`` after one that failed, ``completed`` when somebody said so.
    """

    id: str
    model: str
    created_at: datetime
    last_message: str | None
    last_message_at: datetime | None
    message_count: int
    token_usage: TokenUsage
    tools: tuple[str, ...]
    status: str

    @classmethod
    def _of(cls, data: dict[str, Any]) -> SessionState:
        last = data["last_message_at"]
        return cls(
            **{
                **data,
                "created_at": _time(data["created_at"]),
                "last_message_at": None if last is None else _time(last),
                "token_usage": TokenUsage(**data["token_usage"]),
                "tools": tuple(data["tools"]),
            }
        )


@dataclass(frozen=True, slots=True)
class ContextUsage:
    """How full the context window is: ``current`` of ``max`` tokens."""

    current: int
    max: int
    percent: float


@dataclass(frozen=True, slots=True)
class Pruned:
    """What pruning by hand leaves out of what is sent: ids of messages, and what that saves."""

    left_out: tuple[str, ...]
    tokens_before: int
    tokens_after: int

    @classmethod
    def _of(cls, data: dict[str, Any]) -> Pruned:
        return cls(tuple(data["left_out"]), data["tokens_before"], data["tokens_after"])


@dataclass(frozen=True, slots=True)
class ApprovalRequest:
    """A call that somebody has to agree to, and the ``reason`` why."""

    session_id: str
    id: str
    tool: str
    params: Any
    reason: str
