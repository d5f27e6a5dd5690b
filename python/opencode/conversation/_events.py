"""Callbacks on what happens: in order, where they were registered, and never in the turn's way.

One that was registered on an event loop is called there. Others are called on a thread of the
library, one after another; who then waits for a turn waits for them, too.
"""

from __future__ import annotations

import inspect
import logging
import threading
from collections import deque
from typing import Any

from opencode.conversation import _work

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asyncio import AbstractEventLoop, Task
    from collections.abc import Callable

__all__ = ["Caller", "Listener"]

_log = logging.getLogger("opencode.sessions")


class Caller:
    """Calls one after another, on a thread that is there while there is something to do."""

    __slots__ = ("_idle", "_queue", "_thread")

    def __init__(self) -> None:
        self._queue: deque[Callable[[], None]] = deque()
        self._idle = threading.Condition()
        self._thread: threading.Thread | None = None

    def put(self, call: Callable[[], None]) -> None:
        """Calls it when its turn comes."""
        with self._idle:
            self._queue.append(call)
            if self._thread is None:
                name = "opencode-sessions callbacks"
                self._thread = threading.Thread(target=self._run, name=name, daemon=True)
                self._thread.start()

    def wait(self) -> None:
        """Waits until everything was called; not from within a call."""
        if self._thread is threading.current_thread():
            return
        with self._idle:
            while self._thread is not None:
                self._idle.wait()

    def _run(self) -> None:
        while True:
            with self._idle:
                if not self._queue:
                    self._thread = None
                    self._idle.notify_all()
                    return
                call = self._queue.popleft()
            call()


class Listener:
    """A callback, and the loop it was registered on."""

    __slots__ = ("_callback", "_caller", "_loop", "_what", "tasks")

    def __init__(self, callback: Callable[..., object], what: str, caller: Caller) -> None:
        self._callback = callback
        self._what = what
        self._caller = caller
        self._loop = _work.running_loop()
        #: Coroutines of it at work.
        self.tasks: set[Task[None]] = set()

    def tell(self, *arguments: Any) -> None:
        """Has it called, soon."""
        loop = self._loop
        if loop is not None and loop.is_running() and loop not in _work._blocked:
            try:
                loop.call_soon_threadsafe(self._call_on, loop, arguments)
                return
            except RuntimeError:
                # It was closed just now; the callback is to be called all the same.
                pass
        self._caller.put(lambda: self._call(*arguments))

    def now(self, *arguments: Any) -> None:
        """Calls it here. On a loop a coroutine is begun, elsewhere it is waited for."""
        loop = _work.running_loop()
        if loop is None:
            self._call(*arguments)
        else:
            self._call_on(loop, arguments)

    def _call(self, *arguments: Any) -> None:
        try:
            given = self._callback(*arguments)
            if inspect.isawaitable(given):
                import asyncio

                asyncio.run(_work._coroutine(given))
        except BaseException:
            # On a thread of the library nobody else hears of it.
            self._failed()

    def _call_on(self, loop: AbstractEventLoop, arguments: tuple[Any, ...]) -> None:
        try:
            given = self._callback(*arguments)
        except Exception:
            self._failed()
            return
        if inspect.isawaitable(given):
            task = loop.create_task(self._awaited(given))
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)

    async def _awaited(self, given: Any) -> None:
        try:
            await given
        except Exception:
            self._failed()

    def _failed(self) -> None:
        _log.exception("a callback on %s failed", self._what)
