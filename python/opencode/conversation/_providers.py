"""Models that are no service: a script, or a class of the program."""

from __future__ import annotations

import inspect
import logging
from collections.abc import AsyncIterable, Awaitable, Iterable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias

from opencode.conversation import _work
from opencode.conversation._chunks import Usage
from opencode.conversation._failures import failures_here
from opencode.errors import InvalidArgumentError, OpencodeError
from opencode.sessions._native import Script

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from opencode.conversation._work import Home, Speaker
    from opencode.sessions._native import Sink

__all__ = ["Event", "Provider", "Reply", "ScriptedModel", "begin_request"]

_log = logging.getLogger("opencode.sessions")

#: A piece of an answer: a text, or a dict with a ``type``.
Event: TypeAlias = str | Mapping[str, Any]
_Answer: TypeAlias = Iterable[Event] | AsyncIterable[Event]


class Provider(Protocol):
    """A model of the program's own: anything with ``stream``.

    ``request`` is a dict: ``model``, ``system``, ``messages`` (as in a session's file), ``tools``
    (``name``, ``description``, ``parameters``), ``temperature``, ``max_tokens``,
    ``stop_sequences``, ``session_id``, ``working_dir``, ``remembered``, and ``cancelled``, a
    ``threading.Event`` that is set when nobody wants the answer any more. Each event is a text, or
    one of ``{"type": "text", "content"}``, ``{"type": "reasoning", "content"}``,
    ``{"type": "reasoning_end", "signature"?}``, ``{"type": "tool_call", "tool", "params", "id"?}``,
    ``{"type": "usage", "prompt_tokens", "completion_tokens", …}``,
    ``{"type": "finish", "reason"}``. An answer that ends without a ``finish`` is whole.

    Raise an error of ``opencode.errors`` for a failure of that kind; anything else is a
    ``ProviderError``. What was raised is the ``__cause__`` of what the turn fails with. Before the
    first word, the model is asked again after a ``RateLimitError``, ``ConnectionFailedError`` or
    ``RequestTimeoutError``, and after whatever is ``retryable``.

    A generator runs on a thread, an asynchronous one on the event loop. When the turn is ended an
    asynchronous one is cancelled, wherever it waits; a generator is closed at its next event, so
    that one that may wait for long is to look at ``cancelled``. A coroutine function may give all
    events at once.

    Two more methods may be there: ``limits(model)``, which gives ``{"context": …, "output": …}`` in
    tokens, as far as they are known, and ``count_tokens(model, text)``, an ``int`` or ``None``;
    without it tokens are counted as OpenAI's ``o200k`` has them. Neither may wait.

    >>> from opencode.conversation import Conversation
    >>> class Echo:
    ...     def stream(self, request):
    ...         yield "You said: "
    ...         yield request["messages"][-1]["content"]
    >>> with Conversation.create("echo", provider=Echo()) as conversation:
    ...     conversation.message("Hello?").text()
    'You said: Hello?'
    """

    def stream(self, request: dict[str, Any], /) -> _Answer | Awaitable[_Answer]:
        """Asks once."""


@dataclass(frozen=True)
class Reply:
    """One reply of a ``ScriptedModel``.

    It thinks ``reasoning``, says ``text`` word by word and makes ``calls`` of tools, each
    ``(name, params)``. With ``error`` it breaks off there; with ``hangs`` it falls silent there.
    """

    text: str = ""
    reasoning: str = ""
    calls: Sequence[tuple[str, Any]] = ()
    usage: Usage | None = None
    error: OpencodeError | None = field(default=None, compare=False)
    hangs: bool = False

    def _plain(self) -> dict[str, Any]:
        data: dict[str, Any] = {
            "text": self.text,
            "reasoning": self.reasoning,
            "calls": [{"tool": tool, "params": params} for tool, params in self.calls],
            "hangs": self.hangs,
        }
        if self.usage is not None:
            names = ("prompt_tokens", "completion_tokens", "cache_read", "cache_write")
            data["usage"] = {
                name: getattr(self.usage, name) for name in (*names, "reasoning", "cost")
            }
        if self.error is not None:
            data["error"] = {
                "code": self.error.code,
                "message": self.error.message,
                "retry_after": getattr(self.error, "retry_after", None),
            }
        return data


class ScriptedModel:
    """A model that answers each request with the next of its replies: for tests and demos.

    A reply is a text or a ``Reply``. When there is none left, it fails with a ``ProviderError``.

    >>> from opencode.conversation import Conversation, Reply, ScriptedModel
    >>> model = ScriptedModel([Reply(calls=[("double", {"n": 4})]), "It is 8."])
    >>> def double(n: int) -> int:
    ...     return 2 * n
    >>> with Conversation.create("any", provider=model, tools=[double]) as conversation:
    ...     conversation.message("What is twice 4?").text()
    'It is 8.'
    >>> model.asked[-1]["messages"][-1]["content"]
    '8'
    """

    __slots__ = ("_script",)

    def __init__(self, replies: Iterable[str | Reply]) -> None:
        if isinstance(replies, str):
            raise InvalidArgumentError("replies are a list of texts and Reply objects, no text")
        self._script = Script([one._plain() if isinstance(one, Reply) else one for one in replies])

    @property
    def asked(self) -> list[dict[str, Any]]:
        """The requests so far, oldest first."""
        asked: list[dict[str, Any]] = self._script.asked()
        return asked

    def stream(self, request: dict[str, Any], /) -> Iterable[Event]:
        """Only for type checkers: the script is followed elsewhere."""
        raise InvalidArgumentError("a ScriptedModel is asked by a conversation")


def begin_request(provider: Any, home: Home) -> Any:
    """A provider as the compiled half takes it."""
    if isinstance(provider, ScriptedModel):
        return provider._script
    stream = getattr(provider, "stream", None)
    if not callable(stream):
        raise InvalidArgumentError(
            f"no provider: {provider!r}",
            hint="a name, a ScriptedModel, or an object with stream(request)",
        )
    name = getattr(provider, "name", None)
    limits = getattr(provider, "limits", None)
    count_tokens = getattr(provider, "count_tokens", None)
    knows = callable(limits) or callable(count_tokens)

    def about(what: str, model: str, text: str | None) -> Any:
        if what == "limits":
            return limits(model) if callable(limits) else {}
        return count_tokens(model, text) if callable(count_tokens) else None

    def begin(request: dict[str, Any], sink: Sink, speaker: Speaker | None) -> Callable[[], None]:
        keep: Callable[[BaseException, str], None] | None = None

        def work() -> Any:
            nonlocal keep
            keep = failures_here()
            given = stream(request)
            if isinstance(given, AsyncIterable):
                return _heard_async(given, sink)
            if inspect.isawaitable(given):
                return _awaited(given, sink)
            return _heard(given, sink)

        speaker = speaker or home.speaker
        job = _work.Job(work, speaker, lambda _: None, lambda error: _failed(error, sink, keep))
        request["cancelled"] = job.cancelled
        return job.begin(is_coroutine=False)

    named = name if isinstance(name, str) else type(provider).__name__
    return (named, home.keep(begin), home.keep(about) if knows else None)


def _heard(events: Any, sink: Sink) -> None:
    """On a thread of its own."""
    iterator = iter([events] if isinstance(events, (str, Mapping)) else events)
    try:
        for event in iterator:
            if not sink.event(event):
                return
        sink.done()
    finally:
        if (close := getattr(iterator, "close", None)) is not None:
            close()


async def _awaited(given: Any, sink: Sink) -> None:
    """Of a coroutine function that returns what it should have yielded."""
    events = await given
    if isinstance(events, AsyncIterable):
        await _heard_async(events, sink)
        return
    for event in [events] if isinstance(events, (str, Mapping)) else events:
        sink.event(event)
    sink.done()


async def _heard_async(events: AsyncIterable[Event], sink: Sink) -> None:
    """On a loop."""
    iterator: Any = aiter(events)
    if not hasattr(iterator, "aclose"):
        async for event in iterator:
            if not sink.event(event):
                return
        sink.done()
        return
    async with aclosing(iterator):
        async for event in iterator:
            if not sink.event(event):
                return
    sink.done()


def _failed(
    error: BaseException, sink: Sink, keep: Callable[[BaseException, str], None] | None
) -> None:
    text = str(error).encode(errors="replace").decode()
    code, is_retryable, retry_after = "PROVIDER_ERROR", False, None
    if isinstance(error, OpencodeError):
        code, retry_after = error.code, getattr(error, "retry_after", None)
        text = error.message.encode(errors="replace").decode()
        is_retryable = error.retryable
    else:
        _log.info("a provider failed", exc_info=error)
        text = f"{type(error).__name__}: {text}" if text else type(error).__name__
    if keep is not None:
        keep(error, text)
    sink.failed(code, text, is_retryable, retry_after)
