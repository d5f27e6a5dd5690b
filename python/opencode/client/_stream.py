"""The one stream of events, for ``for`` and for ``async for``."""

from __future__ import annotations

import json

from opencode.client._events import Event

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator
    from types import TracebackType
    from typing import Any

    from opencode.sessions._native import ServerClient, ServerEvents

__all__ = ["EventStream"]


class EventStream:
    """Events as they happen, from the moment it is opened.

    ``Client.subscribe`` opens it at once; that of an ``AsyncClient`` is opened by ``async with``,
    by ``await``, or by the first event that is asked for. It ends with its ``with`` block, by
    ``end()`` from anywhere, which is also told to who waits for an event just then, and when it is
    dropped. Ctrl-C ends a wait, not the stream; a task that is cancelled takes no event away.

    A broken connection is made again: then comes ``Reconnected``, and behind it the present state.
    A reader who is too slow gets ``Lagged`` in place of the oldest events. What cannot be read is
    raised as a ``DecodeError``, and the stream goes on behind it.
    """

    __slots__ = ("_client", "_ended", "_native", "_session_id")

    def __init__(self, client: ServerClient, session_id: str | None) -> None:
        self._client = client
        self._session_id = session_id
        self._native: ServerEvents | None = None
        self._ended = False

    def _is_unopened(self) -> bool:
        return self._native is None and not self._ended

    def opened(self) -> EventStream:
        """Opens it and returns it."""
        if self._is_unopened():
            self._native = self._client.subscribe(self._session_id)
        return self

    async def _opened(self) -> EventStream:
        if self._is_unopened():
            native = await self._client.subscribe_async(self._session_id)
            # Another task may have been quicker, or the end was.
            if self._is_unopened():
                self._native = native
            else:
                native.end()
        return self

    def __iter__(self) -> EventStream:
        return self

    def __next__(self) -> Event:
        native = self.opened()._native
        text = None if native is None else native.next()
        if text is None:
            raise StopIteration
        return Event.of(json.loads(text))

    def __aiter__(self) -> EventStream:
        return self

    async def __anext__(self) -> Event:
        native = (await self._opened())._native
        text = None if native is None else await native.next_async()
        if text is None:
            raise StopAsyncIteration
        return Event.of(json.loads(text))

    def __await__(self) -> Generator[Any, Any, EventStream]:
        return self._opened().__await__()

    def end(self) -> None:
        """Ends the stream at once. Events that were not read are dropped."""
        self._ended = True
        if self._native is not None:
            self._native.end()

    close = end

    async def aclose(self) -> None:
        """The same as ``end()``."""
        self.end()

    def __enter__(self) -> EventStream:
        return self.opened()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.end()

    async def __aenter__(self) -> EventStream:
        return await self._opened()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.end()

    def __repr__(self) -> str:
        about = self._session_id or "all sessions"
        return f"<EventStream of {about}{', ended' if self._ended else ''}>"
