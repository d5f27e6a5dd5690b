"""Tools: what a model may ask this program to do."""

from __future__ import annotations

import functools
import inspect
import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, overload

from opencode.conversation import _schema, _work
from opencode.conversation._docstring import docstring
from opencode.conversation._plain import plain
from opencode.conversation._records import ApprovalRequest
from opencode.errors import InvalidArgumentError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from opencode.conversation._work import Home, Speaker
    from opencode.sessions._native import Reply

__all__ = ["Tool", "ToolContext", "begin_approval", "begin_call", "made_tool", "tool"]

_log = logging.getLogger("opencode.sessions")


@dataclass(frozen=True, slots=True)
class ToolContext:
    """Where and for whom a tool runs: the argument of a function that annotates one with it.

    ``cancelled`` is set when nobody wants the result any more. A coroutine is cancelled then; a
    function on a thread has to look.
    """

    session_id: str
    call_id: str
    working_dir: str
    cancelled: threading.Event


class Tool:
    """A function that a model may call. Called itself, it is the function.

    ``parameters`` is a JSON Schema of an object. ``handler`` takes the parameters as one dict; it
    may be a coroutine function. What it gives is plain data, a dataclass, or text of anything
    else; what it raises is told to the model.
    """

    __slots__ = ("__dict__", "_takes_keywords", "description", "handler", "name", "parameters")

    def __init__(
        self,
        name: str,
        description: str,
        parameters: Mapping[str, Any],
        handler: Callable[..., Any],
    ) -> None:
        if not callable(handler):
            raise InvalidArgumentError(f"the handler of tool {name!r} cannot be called")
        self.name = self.__name__ = name
        self.description = description
        self.parameters = parameters
        self.handler = handler
        self._takes_keywords: _schema.Signature | None = None

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        return self.handler(*arguments, **named)

    def __repr__(self) -> str:
        return f"Tool({self.name!r})"

    def _run(self, params: dict[str, Any], context: ToolContext) -> Any:
        if self._takes_keywords is None:
            return self.handler(params)
        arguments, named = self._takes_keywords.arguments(params, context)
        return self.handler(*arguments, **named)


@overload
def tool(function: Callable[..., Any], /) -> Tool: ...
@overload
def tool(
    function: None = None,
    /,
    *,
    name: str | None = None,
    description: str | None = None,
    parameters: Mapping[str, Any] | None = None,
) -> Callable[[Callable[..., Any]], Tool]: ...
def tool(
    function: Callable[..., Any] | None = None,
    /,
    *,
    name: str | None = None,
    description: str | None = None,
    parameters: Mapping[str, Any] | None = None,
) -> Tool | Callable[[Callable[..., Any]], Tool]:
    """Makes a tool of a function: its schema comes from its signature, type hints and docstring.

    Hints may be ``int``, ``float``, ``str``, ``bool``, ``None``, ``Any``, lists, tuples, sets,
    dicts, ``Optional``, unions, ``Literal``, enums, dataclasses, typed dicts, ``datetime``,
    ``Path``, and ``Annotated[…, "what it is"]``; the function gets what it asks for. What a
    parameter is for also comes from the docstring's ``Args:``. ``InvalidArgumentError`` names a
    hint that no schema can be made of; ``parameters`` says it by hand.

    >>> from opencode.conversation import tool
    >>> @tool
    ... def add(a: int, b: int = 1) -> int:
    ...     \"\"\"Adds two numbers.
    ...
    ...     Args:
    ...         a: The first one.
    ...     \"\"\"
    ...     return a + b
    >>> add(2, 3), add.description
    (5, 'Adds two numbers.')
    >>> add.parameters["properties"]["a"]
    {'type': 'integer', 'description': 'The first one.'}
    >>> add.parameters["required"]
    ['a']
    """

    def made(function: Callable[..., Any]) -> Tool:
        return _of_function(function, name, description, parameters)

    return made if function is None else made(function)


def _of_function(
    function: Callable[..., Any],
    name: str | None = None,
    description: str | None = None,
    parameters: Mapping[str, Any] | None = None,
) -> Tool:
    if not callable(function):
        raise InvalidArgumentError(f"a tool is made of a function, not of {function!r}")
    described, arguments = docstring(function)
    signature = _schema.signature(function, ToolContext, with_hints=parameters is None)
    schema = signature.schema(arguments) if parameters is None else parameters
    called: str = name or str(getattr(function, "__name__", type(function).__name__))
    made = Tool(called, described if description is None else description, schema, function)
    made._takes_keywords = signature
    functools.update_wrapper(made, function)
    return made


def made_tool(given: Any) -> Tool:
    """The tool that something is, or can be made."""
    if isinstance(given, Tool):
        return given
    if callable(given):
        return _of_function(given)
    raise InvalidArgumentError(
        f"no tool: {given!r}",
        hint="the name of a built-in tool, a function with type hints, or Tool(…)",
    )


def begin_call(tool: Tool, home: Home) -> tuple[str, str, Mapping[str, Any], Callable[..., Any]]:
    """A tool as the compiled half takes it."""

    def begin(call: dict[str, Any], reply: Reply, speaker: Speaker | None) -> Callable[[], None]:
        def run() -> Any:
            context = ToolContext(
                call["session_id"], call["call_id"], call["working_dir"], job.cancelled
            )
            return tool._run(call["params"], context)

        def done(result: Any) -> None:
            try:
                reply.done(plain(result), "result")
            except Exception as error:
                failed(error)

        def failed(error: BaseException) -> None:
            _log.info("tool %s failed", tool.name, exc_info=error)
            reply.failed(_told(error))

        job = _work.Job(run, speaker or home.speaker, done, failed)
        return job.begin(is_coroutine=_is_coroutine(tool.handler))

    return tool.name, tool.description, tool.parameters, home.keep(begin, f"tool {tool.name}")


def begin_approval(approve: Callable[[ApprovalRequest], Any], home: Home) -> Callable[..., Any]:
    """Who approves, as the compiled half asks."""
    if not callable(approve):
        raise InvalidArgumentError(f"approve cannot be called: {approve!r}")

    def begin(request: dict[str, Any], reply: Reply, speaker: Speaker | None) -> Callable[[], None]:
        def failed(error: BaseException) -> None:
            _log.error("approve failed; the answer is no", exc_info=error)
            reply.failed(_told(error))

        def done(answer: Any) -> None:
            if isinstance(answer, bool):
                reply.done(answer, "answer")
            else:
                failed(TypeError(f"approve is to give True or False, not {answer!r}"))

        def ask() -> Any:
            return approve(ApprovalRequest(**request))

        job = _work.Job(ask, speaker or home.speaker, done, failed)
        return job.begin(is_coroutine=_is_coroutine(approve))

    return home.keep(begin)


def _is_coroutine(function: Callable[..., Any]) -> bool:
    call = getattr(function, "__call__", None)  # noqa: B004
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(call)


def _told(error: BaseException) -> str:
    text = str(error).encode(errors="replace").decode()
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
