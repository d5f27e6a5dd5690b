"""What a conversation is made with."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any, Literal, TypedDict

from opencode.conversation._providers import Provider, begin_request
from opencode.conversation._records import ApprovalRequest
from opencode.conversation._tools import Tool, begin_approval, begin_call, made_tool
from opencode.conversation._work import Home
from opencode.errors import InvalidArgumentError
from opencode.sessions import SessionStorage

__all__ = ["Options", "native"]


class Options(TypedDict, total=False):
    """The options of a conversation. What is left out, or ``None``, has its default.

    ``provider``: ``openai``, ``anthropic``, …, a ``ScriptedModel``, or an object with
    ``stream(request)``. ``base_url`` is another address of it, ``api_key`` its key, by default from
    its environment variable.

    ``tools``: names of built-in tools, ``@tool`` functions, and plain functions. ``approve`` is
    asked before one does what not everybody would want; without it such calls are refused.
    ``parallel_tools`` run at once, 4 by default, each for up to ``tool_timeout`` seconds, 120 by
    default. With ``tool_errors="raise"`` one that fails ends the turn; by default the model is
    told. ``working_dir`` is where they work, by default the process's directory.

    ``system_prompt``: by default ``DEFAULT_SYSTEM_PROMPT``. ``temperature``: 0 to 1; 0.7 by
    default, and left to models that take none. ``max_tokens``: the longest answer.
    ``stop_sequences``: at most 4. ``max_turns``: how many requests a turn may make, 50 by default.

    ``context_window``: how many tokens may be sent and answered, by default what the model is known
    to take. ``prune_strategy``: what is done when it is full to ``prune_threshold``, above 0, up to
    1, 0.9 by default. ``summary_model`` writes summaries, by default the conversation's own.

    ``busy="error"`` refuses a message during a turn with a ``BusyError``; by default it waits.
    ``auto_save=False`` stores by ``save()`` only. ``storage``: by default the default store.
    ``prices``: what a million tokens cost, by ``input``, ``output``, ``cache_read`` and
    ``cache_write``, for providers that tell no cost.

    A conversation that is resumed goes on with its model, provider, built-in tools, system prompt
    and directory, and with all options that are data. The rest is to be given again: own tools and
    providers, ``approve``, and ``api_key``, which is never stored.
    """

    provider: str | Provider | None
    base_url: str | None
    api_key: str | None
    tools: Iterable[str | Tool | Callable[..., Any]] | None
    approve: Callable[[ApprovalRequest], bool | Awaitable[bool]] | None
    system_prompt: str | None
    temperature: float | None
    max_tokens: int | None
    stop_sequences: Sequence[str] | None
    context_window: int | None
    prune_strategy: Literal["sliding-window", "tool-results", "summarize", "hybrid"] | None
    prune_threshold: float | None
    summary_model: str | None
    max_turns: int | None
    parallel_tools: int | None
    tool_timeout: float | None
    tool_errors: Literal["return", "raise"] | None
    busy: Literal["wait", "error"] | None
    auto_save: bool | None
    storage: SessionStorage | None
    working_dir: str | os.PathLike[str] | None
    prices: Mapping[str, float] | None


def native(options: Mapping[str, Any], home: Home) -> dict[str, Any]:
    """The options as the compiled half takes them."""
    given = dict(options)
    if isinstance(given.get("tools"), str):
        raise InvalidArgumentError(
            "tools are a list, and not one name", hint='tools=["read"], for example'
        )
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
