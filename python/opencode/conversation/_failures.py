"""What the program's own functions raised in a turn, for who is told that it failed."""

from __future__ import annotations

import weakref
from collections import deque
from contextvars import ContextVar
from typing import Any

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from typing_extensions import Self

    from opencode.errors import OpencodeError

__all__ = ["Failures", "failures_here"]

#: More are not asked for: a turn ends with the first one, or goes on in spite of them all.
_KEPT = 32
#: As much of a message as tells it from others; what is longer is shortened on its way.
_TOLD = 200


class Failures:
    """Exceptions of a turn. In its ``with`` block the turn begins, in a context that knows them.

    Only who reads the turn keeps them, and with them what their tracebacks hold.
    """

    __slots__ = ("__weakref__", "_kept", "_token")

    def __init__(self) -> None:
        self._kept: deque[tuple[str, BaseException]] = deque(maxlen=_KEPT)

    def __enter__(self) -> Self:
        self._token = _here.set(weakref.ref(self))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        _here.reset(self._token)
        # It would keep the context.
        del self._token

    def keep(self, error: BaseException, told: str) -> None:
        """Keeps one, and the words in which it goes through the library."""
        self._kept.append((told[:_TOLD], error))

    def explain(self, raised: OpencodeError) -> None:
        """Sets the cause of an error that the turn failed with."""
        for told, error in reversed(self._kept):
            if told and told in raised.message and raised.__cause__ is None:
                raised.__cause__ = error

    def explained(self, callback: Callable[..., object]) -> Callable[..., object]:
        """The same callback on errors, which then have their cause."""

        def call(error: Any) -> object:
            self.explain(error)
            return callback(error)

        return call


_here: ContextVar[weakref.ref[Failures] | None] = ContextVar("opencode failures", default=None)


def failures_here() -> Callable[[BaseException, str], None]:
    """What keeps a failure of the turn in whose context this is called."""
    of_turn = _here.get()

    def keep(error: BaseException, told: str) -> None:
        if of_turn is not None and (failures := of_turn()) is not None:
            failures.keep(error, told)

    return keep
