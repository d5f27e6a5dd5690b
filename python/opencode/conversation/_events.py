"""Callbacks on what happens: in order, where they were registered, and never in the turn's way.

One that was registered on an event loop is called there. Others are called on a thread of the
library, one after another; who then waits for a turn waits for them, too, unless it is a callback
itself, or something that a callback waits for.
"""

from __future__ import annotations

import asyncio
import contextvars
import inspect
import logging
import os
import threading
from collections import deque
from concurrent.futures import Future
from typing import Any

from opencode.conversation import _work

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asyncio import AbstractEventLoop, Task
    from collections.abc import Callable

__all__ = ["Caller", "Listener", "over", "sign"]

_log = logging.getLogger("opencode.sessions")


def sign() -> Future[None]:
    """What a thread or a loop waits for; nobody who gives up takes it from the others."""
    future: Future[None] = Future()
    future.set_running_or_notify_cancel()
    return future


async def over(future: Future[None]) -> None:
    """Waits for a sign on a loop."""
    await asyncio.wrap_future(future)


class Caller:
    """Calls one after another, on a thread that is there while there is something to do."""

    __slots__ = ("_lock", "_process", "_queue", "_thread")

    def __init__(self) -> None:
        self._queue: deque[Callable[[], object]] = deque()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._process = os.getpid()

    def put(self, call: Callable[[], object]) -> None:
        """Calls it when its turn comes."""
        with self._lock:
            self._queue.append(call)
            if self._thread is None:
                name = "opencode-sessions callbacks"
                thread = threading.Thread(target=self._run, name=name, daemon=True)
                thread.start()
                self._thread = thread

    @property
    def is_awaited(self) -> bool:
        """Whether who is here can wait for the calls: they are made in this process, and what is
        here is not what one of them waits for."""
        return self._process == os.getpid() and not _work.in_callback()

    def wait(self) -> None:
        """Waits until all was called that was put so far."""
        if (called := self._called()) is not None:
            called.result()

    async def wait_async(self) -> None:
        """The same on a loop."""
        if (called := self._called()) is not None:
            await over(called)

    def _called(self) -> Future[None] | None:
        if self._thread is None or not self.is_awaited:
            return None
        called = sign()
        self.put(lambda: called.set_result(None))
        return called

    def _run(self) -> None:
        while True:
            with self._lock:
                if not self._queue:
                    self._thread = None
                    return
                call = self._queue.popleft()
            call()
            # An idle thread keeps nothing of the program.
            del call


class Listener:
    """A callback, and the loop and the context it was registered in."""

    __slots__ = ("_callback", "_caller", "_context", "_loop", "_what", "tasks")

    def __init__(self, callback: Callable[..., object], what: str, caller: Caller) -> None:
        self._callback = callback
        self._what = what
        self._caller = caller
        self._context = contextvars.copy_context()
        self._loop = _work.running_loop()
        #: Coroutines of it at work.
        self.tasks: set[Task[None]] = set()

    def tell(self, *arguments: Any) -> None:
        """Has it called, soon."""
        context = self._context.copy()
        call = _work.entered(context, None)
        loop = self._loop
        if loop is not None and loop.is_running():
            try:
                loop.call_soon_threadsafe(self._call_on, loop, call, arguments, context=context)
                return
            except RuntimeError:
                # It was closed just now; the callback is to be called all the same.
                pass
        self._caller.put(lambda: context.run(self._call, call, arguments))

    def _call(self, call: _work.Call, arguments: tuple[Any, ...]) -> None:
        try:
            given = self._callback(*arguments)
            if inspect.isawaitable(given):
                asyncio.run(_work._coroutine(given))
        except BaseException:
            # On a thread of the library nobody else hears of it.
            self._failed()
        finally:
            call.is_over = True

    def _call_on(
        self, loop: AbstractEventLoop, call: _work.Call, arguments: tuple[Any, ...]
    ) -> None:
        try:
            given = self._callback(*arguments)
            if inspect.isawaitable(given):
                task = loop.create_task(self._awaited(given, call))
                self.tasks.add(task)
                task.add_done_callback(self.tasks.discard)
                return
        except (KeyboardInterrupt, SystemExit):
            # For the program whose loop this is.
            raise
        except BaseException:
            self._failed()
        call.is_over = True

    async def _awaited(self, given: Any, call: _work.Call) -> None:
        try:
            await given
        except Exception:
            self._failed()
        finally:
            call.is_over = True

    def _failed(self) -> None:
        _log.exception("a callback on %s failed", self._what)
