"""What a conversation is made with."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any, Literal, TypedDict

from opencode.conversation._providers import Provider, begin_request
from opencode.conversation._records import ApprovalRequest
from opencode.conversation._tools import Tool, begin_approval, begin_call, made_tool
from opencode.conversation._work import Home
from opencode.sessions import SessionStorage

__all__ = ["Options", "native"]


class Options(TypedDict, total=False):
    """The options of a conversation. What is left out, or ``None``, has its default.

    A conversation that is resumed goes on with those it had, but for what is not data: own tools,
    ``approve``, own providers and ``api_key``, which is never stored.
    """

    #: ``openai``, ``anthropic``, …, a ``ScriptedModel``, or an object with ``stream(request)``.
    provider: str | Provider | None
    #: Another address of the provider.
    base_url: str | None
    #: By default from the provider's environment variable.
    api_key: str | None
    #: Names of built-in tools, ``@tool`` functions, and plain functions.
    tools: Iterable[str | Tool | Callable[..., Any]] | None
    #: Asked before a tool does what not everybody would want. Without it such calls are refused.
    approve: Callable[[ApprovalRequest], bool | Awaitable[bool]] | None
    system_prompt: str | None
    #: 0 to 1; 0.7 by default, and left to models that take none.
    temperature: float | None
    #: The longest answer, in tokens.
    max_tokens: int | None
    #: At most 4.
    stop_sequences: Sequence[str] | None
    #: How many tokens may be sent and answered; by default what the model is known to take.
    context_window: int | None
    #: ``sliding-window`` by default.
    prune_strategy: Literal["sliding-window", "tool-results", "summarize", "hybrid"] | None
    #: How full the window may get: above 0, up to 1; 0.9 by default.
    prune_threshold: float | None
    #: The model that writes summaries; by default the conversation's own.
    summary_model: str | None
    #: How many requests a turn may make; 50 by default.
    max_turns: int | None
    #: How many tools run at once; 4 by default.
    parallel_tools: int | None
    #: In seconds; 120 by default.
    tool_timeout: float | None
    #: A tool that fails is told to the model (``return``, the default), or ends the turn.
    tool_errors: Literal["return", "raise"] | None
    #: A message during a turn waits (the default), or is refused with a ``BusyError``.
    busy: Literal["wait", "error"] | None
    #: Whether all is stored as it is said (the default), or by ``save()`` only.
    auto_save: bool | None
    #: Where it is kept; by default the default store.
    storage: SessionStorage | None
    #: Where tools work; by default the process's directory.
    working_dir: str | os.PathLike[str] | None
    #: What a million tokens cost, by ``input``, ``output``, ``cache_read`` and ``cache_write``.
    prices: Mapping[str, float] | None


def native(options: Mapping[str, Any], home: Home) -> dict[str, Any]:
    """The options as the compiled half takes them."""
    given = dict(options)
    if (tools := given.get("tools")) is not None:
        given["tools"] = [
            tool if isinstance(tool, str) else begin_call(made_tool(tool), home) for tool in tools
        ]
    if (approve := given.get("approve")) is not None:
        given["approve"] = begin_approval(approve, home)
    if (provider := given.get("provider")) is not None and not isinstance(provider, str):
        given["provider"] = begin_request(provider, home)
    if (path := given.get("working_dir")) is not None:
        given["working_dir"] = os.fspath(path)
    return given
