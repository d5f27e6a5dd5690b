"""Who answers when a turn asks: functions of the program, also coroutine functions."""

from __future__ import annotations

import inspect
import json
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, Literal, NamedTuple, TypeAlias

from opencode.client._records import PermissionRequest, QuestionRequest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asyncio import AbstractEventLoop

    _Reply: TypeAlias = Literal["once", "always", "reject"]

__all__ = ["Loop", "Reject", "permission", "question"]

#: Seconds between two looks at a loop that may have ended.
_LOOK = 0.5


class Reject(NamedTuple):
    """The answer no to a permission request, with a reason for the model."""

    message: str


PermissionAnswer: TypeAlias = Literal["once", "always", "reject"] | Reject
QuestionAnswer: TypeAlias = Sequence[Sequence[str]] | None
OnPermission: TypeAlias = Callable[
    [PermissionRequest], PermissionAnswer | Awaitable[PermissionAnswer]
]
OnQuestion: TypeAlias = Callable[[QuestionRequest], QuestionAnswer | Awaitable[QuestionAnswer]]


class Loop:
    """The event loop that last called an ``AsyncClient``: there its coroutine handlers run.

    Without one, as with a ``Client``, a coroutine has a loop of its own.
    """

    __slots__ = ("_current",)

    def __init__(self) -> None:
        self._current: AbstractEventLoop | None = None

    def remember(self) -> None:
        """Called on a loop: this is the one."""
        import asyncio

        self._current = asyncio.get_running_loop()

    def result(self, given: Any) -> Any:
        """What a handler gave, once it is there."""
        if not inspect.isawaitable(given):
            return given
        import asyncio
        from concurrent.futures import TimeoutError

        loop, work = self._current, _awaited(given)
        if loop is None or not loop.is_running():
            return asyncio.run(work)
        running = asyncio.run_coroutine_threadsafe(work, loop)
        while True:
            try:
                return running.result(_LOOK)
            except TimeoutError:
                if running.done() or not loop.is_running():
                    raise


def _awaited(given: Awaitable[Any]) -> Coroutine[Any, Any, Any]:
    async def work() -> Any:
        return await given

    return work()


def permission(handler: OnPermission, loop: Loop) -> Callable[[str], tuple[str, str | None]]:
    """The handler as the compiled half calls it."""

    def answer(request: str) -> tuple[str, str | None]:
        given = loop.result(handler(PermissionRequest(json.loads(request))))
        return ("reject", given.message) if isinstance(given, Reject) else (given, None)

    return answer


def question(handler: OnQuestion, loop: Loop) -> Callable[[str], QuestionAnswer]:
    """The handler as the compiled half calls it."""

    def answer(request: str) -> QuestionAnswer:
        given: QuestionAnswer = loop.result(handler(QuestionRequest(json.loads(request))))
        return given

    return answer
