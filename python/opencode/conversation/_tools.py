"""Tools: what a model may ask this program to do."""

from __future__ import annotations

import copy
import functools
import inspect
import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Concatenate, Generic, overload

from opencode.conversation import _work
from opencode.conversation._docstring import docstring
from opencode.conversation._failures import failures_here
from opencode.conversation._plain import plain
from opencode.conversation._records import ApprovalRequest
from opencode.conversation._signature import Signature, name_of, signature, without_partials
from opencode.errors import InvalidArgumentError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing_extensions import ParamSpec, TypeVar

    from opencode.conversation._work import Home, Speaker
    from opencode.sessions._native import Reply

    # With defaults, so that ``Tool`` alone is a type, too.
    _P = ParamSpec("_P", default=...)
    _R = TypeVar("_R", default=Any)
else:
    from typing import ParamSpec, TypeVar

    _P, _R = ParamSpec("_P"), TypeVar("_R")
_Q = ParamSpec("_Q")

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


class Tool(Generic[_P, _R]):
    """A function that a model may call. Called itself, it is the function.

    ``parameters`` is a JSON Schema of an object. ``handler`` takes the parameters as one dict; it
    may be a coroutine function. What it gives is plain data, or what is easily written as such:
    dataclasses, enums, sets, dates, paths. Anything else is an error; errors, also those it raises,
    are told to the model.
    """

    __slots__ = (
        "__dict__",
        "_arguments",
        "_by_hand",
        "_signature",
        "description",
        "handler",
        "name",
        "parameters",
    )

    def __init__(
        self,
        name: str,
        description: str,
        parameters: Mapping[str, Any],
        handler: Callable[_P, _R],
    ) -> None:
        if not callable(handler):
            raise InvalidArgumentError(f"the handler of tool {name!r} cannot be called")
        self.name = self.__name__ = name
        self.description = description
        self.parameters = parameters
        self.handler = handler
        #: Of a function that takes keywords; without it, the handler takes one dict.
        self._signature: Signature | None = None
        self._by_hand: Mapping[str, Any] | None = None
        #: What is said of each parameter.
        self._arguments: Mapping[str, str] = {}

    def __call__(self, *arguments: _P.args, **named: _P.kwargs) -> _R:
        return self.handler(*arguments, **named)

    @overload
    def __get__(self, instance: None, owner: Any = None, /) -> Tool[_P, _R]: ...
    @overload
    def __get__(
        self: Tool[Concatenate[Any, _Q], _R], instance: object, owner: Any = None, /
    ) -> Tool[_Q, _R]: ...
    def __get__(self, instance: Any, owner: Any = None, /) -> Tool[..., Any]:
        """Of a method, the tool of the object it is asked of."""
        bind = getattr(type(self.handler), "__get__", None)
        if instance is None or bind is None or self._signature is None:
            return self
        bound = bind(self.handler, instance, owner)
        if bound is self.handler:
            return self
        return _described(bound, self.name, self.description, self._by_hand, self._arguments)

    def __repr__(self) -> str:
        return f"Tool({self.name!r})"

    def _run(self, params: dict[str, Any], context: ToolContext) -> Any:
        handler: Callable[..., Any] = self.handler
        if self._signature is None:
            return handler(params)
        arguments, named = self._signature.arguments(params, context)
        return handler(*arguments, **named)


@overload
def tool(function: Callable[_P, _R], /) -> Tool[_P, _R]: ...
@overload
def tool(
    function: None = None,
    /,
    *,
    name: str | None = None,
    description: str | None = None,
    parameters: Mapping[str, Any] | None = None,
) -> Callable[[Callable[_P, _R]], Tool[_P, _R]]: ...
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
    hint that no schema can be made of; ``parameters`` says it by hand. A method is a tool of the
    object it is asked of. Of a ``functools.partial``, the model sees nothing that is bound.

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
    # What a partial says of itself is told only if somebody wrote it there.
    told = (
        function if "__doc__" in getattr(function, "__dict__", ()) else without_partials(function)
    )
    described, arguments = docstring(told)
    description = described if description is None else description
    return _described(function, name or name_of(function), description, parameters, arguments)


def _described(
    function: Callable[..., Any],
    name: str,
    description: str,
    parameters: Mapping[str, Any] | None,
    arguments: Mapping[str, str],
) -> Tool:
    takes = signature(function, ToolContext, with_hints=parameters is None)
    schema = takes.schema(arguments) if parameters is None else parameters
    made = Tool(name, description, schema, function)
    made._signature, made._by_hand, made._arguments = takes, parameters, arguments
    functools.update_wrapper(made, function)
    return made


def made_tool(
    given: Any, description: str | None = None, parameters: Mapping[str, Any] | None = None
) -> Tool:
    """The tool that something is, or can be made, described as is said here."""
    if callable(given) and not isinstance(given, Tool):
        return _of_function(given, None, description, parameters)
    if isinstance(given, Tool):
        made = copy.copy(given) if (description, parameters) != (None, None) else given
        if description is not None:
            made.description = description
        if parameters is not None:
            made.parameters = made._by_hand = parameters
        return made
    raise InvalidArgumentError(
        f"no tool: {given!r}",
        hint="the name of a built-in tool, a function with type hints, or Tool(…)",
    )


def begin_call(tool: Tool, home: Home) -> tuple[str, str, Mapping[str, Any], Callable[..., Any]]:
    """A tool as the compiled half takes it."""

    def begin(call: dict[str, Any], reply: Reply, speaker: Speaker | None) -> Callable[[], None]:
        keep: Callable[[BaseException, str], None] | None = None

        def run() -> Any:
            nonlocal keep
            keep = failures_here()
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
            told = _told(error)
            if keep is not None:
                keep(error, told)
            reply.failed(told)

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
