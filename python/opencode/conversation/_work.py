"""Where the program's own functions run: on threads, and coroutines on event loops.

A function gets a thread of its own, so that it may wait. A coroutine runs on the loop that last
spoke with its conversation; without one, or while that one's thread waits for this library, on a
loop of the library, so that nothing waits for itself.
"""

from __future__ import annotations

import contextvars
import inspect
import os
import sys
import threading
import weakref
from typing import Any

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asyncio import AbstractEventLoop, Task
    from collections.abc import Awaitable, Callable, Coroutine

__all__ = ["Home", "Job", "Weakly", "running_loop", "waiting"]

_lock = threading.Lock()
#: How many waits keep the thread of a loop from running it.
_blocked: dict[AbstractEventLoop, int] = {}
#: Coroutines that were given to a loop and that it has not begun.
_unbegun: dict[AbstractEventLoop, set[Job]] = {}
#: The library's own loop, and the process it runs in.
_own: tuple[int, AbstractEventLoop] | None = None


def running_loop() -> AbstractEventLoop | None:
    """The loop that runs on this thread."""
    asyncio = sys.modules.get("asyncio")
    if asyncio is None:
        return None
    loop: AbstractEventLoop | None = asyncio._get_running_loop()
    return loop


def _own_loop() -> AbstractEventLoop:
    import asyncio

    global _own
    with _lock:
        if _own is None or _own[0] != os.getpid():
            loop = asyncio.new_event_loop()
            name = "opencode-sessions loop"
            threading.Thread(target=loop.run_forever, name=name, daemon=True).start()
            _own = (os.getpid(), loop)
        return _own[1]


class waiting:
    """A block in which this thread waits, and runs no loop: what it was to run goes elsewhere."""

    __slots__ = ("_loop",)

    def __enter__(self) -> None:
        self._loop = loop = running_loop()
        if loop is None:
            return
        with _lock:
            _blocked[loop] = _blocked.get(loop, 0) + 1
            moved = _unbegun.pop(loop, set())
        for job in moved:
            job.move()

    def __exit__(self, *_exception: object) -> None:
        if (loop := self._loop) is None:
            return
        with _lock:
            _blocked[loop] -= 1
            if not _blocked[loop]:
                del _blocked[loop]


def _in_forked_child() -> None:
    """Locks and loops stay with the threads of the parent."""
    global _lock
    _lock = threading.Lock()
    _blocked.clear()
    _unbegun.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_in_forked_child)


class Weakly:
    """Calls a function as long as somebody else keeps it.

    The compiled half holds nothing else of the program, so that a conversation and the functions
    that know it go together when nobody knows either.
    """

    __slots__ = ("_function",)

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = weakref.ref(function)

    def __call__(self, *arguments: Any) -> Any:
        function = self._function()
        if function is None:
            raise RuntimeError("the program has let go of this conversation")
        return function(*arguments)


class Home:
    """What the functions of a conversation have in common, also with its forks.

    That is the loop, and the context, in which it was last spoken with.
    """

    __slots__ = ("_context", "_kept", "_loop")

    def __init__(self) -> None:
        self._loop: AbstractEventLoop | None = None
        self._context = contextvars.Context()
        self._kept: list[Callable[..., Any]] = []

    def keep(self, function: Callable[..., Any]) -> Weakly:
        """Keeps a function; gives what the compiled half holds of it."""
        self._kept.append(function)
        return Weakly(function)

    def remember(self) -> None:
        """Called where the conversation is spoken with."""
        self._loop = running_loop() or self._loop
        self._context = contextvars.copy_context()

    def context(self) -> contextvars.Context:
        """The variables of who spoke, for one piece of work."""
        return self._context.copy()

    def loop(self) -> AbstractEventLoop:
        """A loop that runs."""
        loop = self._loop
        return loop if loop is not None and loop.is_running() else _own_loop()


class Job:
    """A function of the program at work; what it gives is awaited, if that can be."""

    def __init__(
        self,
        work: Callable[[], Any],
        home: Home,
        done: Callable[[Any], None],
        failed: Callable[[BaseException], None],
    ) -> None:
        self._work = work
        self._home = home
        self._done = done
        self._failed = failed
        self._context = home.context()
        self._awaited: Awaitable[Any] | None = None
        self._loop: AbstractEventLoop | None = None
        self._task: Task[Any] | None = None
        #: Set when nobody wants the result any more.
        self.cancelled = threading.Event()

    def begin(self, *, is_coroutine: bool) -> Callable[[], None]:
        """Begins it, and gives what ends it."""
        if is_coroutine:
            self._run()
        else:
            name = "opencode-sessions work"
            threading.Thread(target=self._run, name=name, daemon=True).start()
        return self.cancel

    def _run(self) -> None:
        try:
            given = self._context.run(self._work)
            if inspect.isawaitable(given):
                self._awaited = given
                self.move()
                return
        except BaseException as error:
            self._failed(error)
        else:
            self._done(given)

    def move(self) -> None:
        """Has what is awaited begun on a loop."""
        loop = self._home.loop()
        with _lock:
            is_blocked = loop in _blocked
            if not is_blocked:
                _unbegun.setdefault(loop, set()).add(self)
                self._loop = loop
        if is_blocked:
            self._loop = loop = _own_loop()
        try:
            loop.call_soon_threadsafe(self._begin_on, loop, context=self._context)
        except RuntimeError as error:
            # The loop was closed just now.
            self._failed(error)

    def _begin_on(self, loop: AbstractEventLoop) -> None:
        with _lock:
            if (unbegun := _unbegun.get(loop)) is not None:
                unbegun.discard(self)
                if not unbegun:
                    del _unbegun[loop]
            if self._loop is not loop:
                return
            awaited, self._awaited = self._awaited, None
        if awaited is None:
            return
        if self.cancelled.is_set():
            if inspect.iscoroutine(awaited):
                awaited.close()
            return
        self._task = loop.create_task(_coroutine(awaited))
        self._task.add_done_callback(self._settle)

    def _settle(self, task: Task[Any]) -> None:
        import asyncio

        if task.cancelled():
            self._failed(asyncio.CancelledError("it was cancelled"))
        elif (error := task.exception()) is not None:
            self._failed(error)
        else:
            self._done(task.result())

    def cancel(self) -> None:
        """Nobody wants the result any more."""
        self.cancelled.set()
        if (task := self._task) is not None and not task.done():
            try:
                task.get_loop().call_soon_threadsafe(task.cancel)
            except RuntimeError:
                # With its loop closed, it does not run either.
                return


def _coroutine(awaited: Awaitable[Any]) -> Coroutine[Any, Any, Any]:
    if inspect.iscoroutine(awaited):
        return awaited

    async def work() -> Any:
        return await awaited

    return work()
