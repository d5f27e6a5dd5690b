"""How an operation gets to the compiled half and back, for a thread and for an asyncio loop."""

from __future__ import annotations

import json
import os
from typing import Any

from opencode.client import _handlers
from opencode.client._stream import EventStream
from opencode.sessions._native import ServerClient

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["AsyncTransport", "Transport"]


class _Base:
    """A client of the compiled half. What is ``None`` is left out of a call."""

    __slots__ = ("_loop", "native")

    def __init__(
        self,
        *,
        on_permission: _handlers.OnPermission | None = None,
        on_question: _handlers.OnQuestion | None = None,
        directory: str | os.PathLike[str] | None = None,
        **options: Any,
    ) -> None:
        self._loop = loop = _handlers.Loop()
        self.native = ServerClient(
            on_permission=on_permission and _handlers.permission(on_permission, loop),
            on_question=on_question and _handlers.question(on_question, loop),
            directory=directory,
            **options,
        )

    def with_directory(self, directory: str | os.PathLike[str]) -> Self:
        other = type(self).__new__(type(self))
        other._loop = self._loop
        other.native = self.native.with_directory(directory)
        return other


class Transport(_Base):
    """For a thread, which waits."""

    __slots__ = ()

    def call(self, operation: str, /, **arguments: Any) -> Any:
        given = {name: value for name, value in arguments.items() if value is not None}
        return json.loads(self.native.call(operation, given))

    def stream(self, session_id: str | None) -> EventStream:
        return EventStream(self.native, session_id).opened()


class AsyncTransport(_Base):
    """For an asyncio loop."""

    __slots__ = ()

    async def call(self, operation: str, /, **arguments: Any) -> Any:
        given = {name: value for name, value in arguments.items() if value is not None}
        self._loop.remember()
        return json.loads(await self.native.call_async(operation, given))

    def stream(self, session_id: str | None) -> EventStream:
        return EventStream(self.native, session_id)
