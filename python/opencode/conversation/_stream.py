"""A turn's answer as it comes, for ``for`` and for ``async for``."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from types import TracebackType
from typing import Any, Literal

from opencode.conversation import _work
from opencode.conversation._chunks import Chunk, EndChunk, chunk
from opencode.conversation._events import Caller, Listener, over, sign
from opencode.conversation._failures import Failures
from opencode.conversation._records import Answer
from opencode.conversation._typing import Self
from opencode.errors import InvalidArgumentError, OpencodeError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from opencode.conversation._conversation import Conversation
    from opencode.sessions._native import LiveReader, LiveResponse

__all__ = ["ResponseStream"]

_EVENTS = ("start", "text", "reasoning", "tool_call", "tool_result", "usage", "end", "error")


class ResponseStream:
    """The answer of one turn, which runs whether or not anybody reads.

    ``for`` and ``async for`` give its chunks, ``text()`` and ``result()`` wait for its end, as
    ``await`` does; all of it can be mixed, and each loop sees the turn from its beginning. A turn
    that failed raises where it is read or awaited; if a provider or tool of the program raised
    what it failed with, that is the ``__cause__``.

    ``end()`` ends it early: so do leaving a loop before it is over, a ``with`` block, a task that
    is cancelled while it waits, and Ctrl-C. What was said is kept as interrupted, and whoever
    reads or awaits gets a ``CancelledError``. Forgetting the stream ends nothing.

    >>> from opencode.conversation import Conversation, ScriptedModel, TextChunk
    >>> with Conversation.create("any", provider=ScriptedModel(["Hello, world!"])) as conversation:
    ...     stream = conversation.message("Hi.")
    ...     print("".join(chunk.content for chunk in stream if chunk.type == "text"))
    ...     print(stream.result().summary.finish)
    Hello, world!
    stop
    """

    __slots__ = ("__weakref__", "_conversation", "_failures", "_listeners", "_native")

    def __init__(
        self, native: LiveResponse, conversation: Conversation, failures: Failures
    ) -> None:
        self._native = native
        self._conversation = conversation
        self._failures = failures
        self._listeners: _Listeners | None = None

    def __iter__(self) -> Iterator[Chunk]:
        self._check()
        return _Chunks(self)

    def __aiter__(self) -> AsyncIterator[Chunk]:
        self._check()
        return _AsyncChunks(self)

    def result(self) -> Answer:
        """Waits for the end of the turn and gives its answer, or raises what it failed with.

        ``BusyError`` where the turn, or one before it, waits for what asks; on an event loop
        ``InvalidArgumentError`` while a coroutine of it is at work there.
        """
        self._check_thread()
        try:
            with _work.waiting():
                data = self._native.result()
        except OpencodeError as error:
            self._failures.explain(error)
            self._told()
            raise
        except BaseException:
            # Ctrl-C, for example.
            self.end()
            raise
        self._told()
        return Answer._of(data)

    def text(self) -> str:
        """Waits for the end of the turn and gives the text of its last message."""
        return self.result().text

    def __await__(self) -> Generator[Any, Any, Answer]:
        return self._result().__await__()

    async def _result(self) -> Answer:
        self._check()
        try:
            data = await self._native.result_async()
        except OpencodeError as error:
            self._failures.explain(error)
            await self._told_async()
            raise
        except BaseException:
            # The task was cancelled, for example.
            self.end()
            raise
        await self._told_async()
        return Answer._of(data)

    def on(
        self,
        event: Literal[
            "start", "text", "reasoning", "tool_call", "tool_result", "usage", "end", "error"
        ],
        callback: Callable[..., object],
    ) -> Self:
        """Calls ``callback`` on every event of a kind, from the turn's beginning; gives itself.

        ``start`` comes without an argument, ``text``, ``reasoning``, ``tool_call``,
        ``tool_result`` and ``usage`` with their chunk, ``end`` with the ``Summary``, and ``error``
        with the exception. Callbacks run one after another: on the event loop they were registered
        on, or on a thread of the library. One that raises is logged. ``InvalidArgumentError`` for
        another event.
        """
        if event not in _EVENTS:
            known = ", ".join(_EVENTS)
            raise InvalidArgumentError(f"a turn has no event {event!r}; there are {known}")
        if self._listeners is None:
            self._listeners = _Listeners(self._native)
        self._listeners.add(
            event, self._failures.explained(callback) if event == "error" else callback
        )
        return self

    def end(self) -> None:
        """Ends the turn early. Nothing happens once it is over."""
        self._native.end()

    @property
    def is_over(self) -> bool:
        """Whether the turn is over."""
        return self._native.is_over

    def _check(self) -> None:
        """What the turn waits for cannot wait for the turn."""
        if not self.is_over:
            self._conversation._not_in_turn()

    def _check_thread(self) -> None:
        self._check()
        if _work.runs_here(self._conversation.id) and not self.is_over:
            raise InvalidArgumentError(
                "a coroutine of this turn is at work on the event loop that would wait for it",
                hint="await it, or use async for",
            )

    def _told(self) -> None:
        """Who waited for the turn comes after those who listen."""
        with _work.waiting():
            if self._listeners is not None:
                self._listeners.wait()
            self._conversation._told()

    async def _told_async(self) -> None:
        if self._listeners is not None:
            await self._listeners.wait_async()
        await self._conversation._told_async()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.end()
        with _work.waiting():
            self._native.settle()
        self._told()

    async def __aenter__(self) -> ResponseStream:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.end()
        await self._native.settle_async()
        await self._told_async()

    def __repr__(self) -> str:
        return f"<ResponseStream{', over' if self.is_over else ''}>"


class _Chunks:
    """One loop over a turn. Dropped before it is over, it ends it."""

    __slots__ = ("_reader", "_stream")

    def __init__(self, stream: ResponseStream) -> None:
        self._stream = stream
        self._reader: LiveReader | None = stream._native.reader(ends=True, quiet=False)

    def __iter__(self) -> _Chunks:
        return self

    def __next__(self) -> Chunk:
        if self._reader is None:
            raise StopIteration
        self._stream._check_thread()
        try:
            with _work.waiting():
                data = self._reader.next()
        except OpencodeError as error:
            self._stream._failures.explain(error)
            self._over()
            raise
        except BaseException:
            # The traceback is not to keep a loop that is left.
            del self
            raise
        if data is None:
            self._over()
            raise StopIteration
        return chunk(data)

    def _over(self) -> None:
        self._reader = None
        self._stream._told()


class _AsyncChunks:
    """The same on an event loop."""

    __slots__ = ("_reader", "_stream")

    def __init__(self, stream: ResponseStream) -> None:
        self._stream = stream
        self._reader: LiveReader | None = stream._native.reader(ends=True, quiet=False)

    def __aiter__(self) -> _AsyncChunks:
        return self

    async def __anext__(self) -> Chunk:
        if self._reader is None:
            raise StopAsyncIteration
        try:
            data = await self._reader.next_async()
        except OpencodeError as error:
            self._stream._failures.explain(error)
            await self._over()
            raise
        except BaseException:
            # The traceback is not to keep a loop that is left.
            del self
            raise
        if data is None:
            await self._over()
            raise StopAsyncIteration
        return chunk(data)

    async def _over(self) -> None:
        self._reader = None
        await self._stream._told_async()


class _Listeners:
    """Those who listen to a turn, and who reads it for them: a task, or a thread."""

    __slots__ = ("_callbacks", "_caller", "_lock", "_native", "_over", "_reading", "_seen")

    def __init__(self, native: LiveResponse) -> None:
        self._native = native
        self._callbacks: list[tuple[str, Listener]] = []
        self._caller = Caller()
        self._lock = threading.RLock()
        self._seen: list[tuple[Any, ...]] = [("start",)]
        self._over = sign()
        self._reading: asyncio.Task[None] | None = None
        # A reader of its own, who sees all of it.
        reader = native.reader(ends=False, quiet=True)
        loop = _work.running_loop()
        if loop is not None:
            self._reading = loop.create_task(self._read_async(reader))
            return
        name = "opencode-sessions turn"
        threading.Thread(target=self._read, args=(reader,), name=name, daemon=True).start()

    def add(self, event: str, callback: Callable[..., object]) -> None:
        if event == "error":
            self._native.hear()
        listener = Listener(callback, f"a turn's {event}", self._caller)
        # Under the lock callbacks are only put in order; they are called without it.
        with self._lock:
            self._callbacks.append((event, listener))
            for seen, *arguments in self._seen:
                if seen == event:
                    listener.tell(*arguments)
        if self._over.done() and _work.running_loop() is None:
            self._caller.wait()

    def _tell(self, event: str, *arguments: Any) -> None:
        with self._lock:
            self._seen.append((event, *arguments))
            for wanted, listener in self._callbacks:
                if wanted == event:
                    listener.tell(*arguments)

    def _chunk(self, data: dict[str, Any]) -> None:
        seen = chunk(data)
        self._tell(seen.type, seen.summary if isinstance(seen, EndChunk) else seen)

    def _read(self, reader: LiveReader) -> None:
        try:
            while (data := reader.next()) is not None:
                self._chunk(data)
        except OpencodeError as error:
            self._tell("error", error)
        finally:
            self._over.set_result(None)

    async def _read_async(self, reader: LiveReader) -> None:
        try:
            while (data := await reader.next_async()) is not None:
                self._chunk(data)
        except OpencodeError as error:
            self._tell("error", error)
        finally:
            self._over.set_result(None)

    def wait(self) -> None:
        """Until all was told; not for a callback, nor where that would never be."""
        if not self._caller.is_awaited:
            return
        if self._reading is None:
            self._over.result()
        self._caller.wait()

    async def wait_async(self) -> None:
        """The same on a loop, and until coroutines that are callbacks there are through."""
        loop = asyncio.get_running_loop()
        if not self._caller.is_awaited:
            return
        if self._reading is None or self._reading.get_loop() is loop:
            await over(self._over)
        await self._caller.wait_async()
        begun = [task for _, listener in self._callbacks for task in listener.tasks]
        if begun := [task for task in begun if task.get_loop() is loop]:
            await asyncio.wait(begun)
