"""Where the program's own functions run: on threads, and coroutines on event loops.

They run in the context of who spoke. A function gets a thread of its own, so that it may wait. A
coroutine runs on the loop that spoke; without one, or while that one's thread waits for this
library, on a loop of the library. What runs knows by its context what it is called for, so that
nothing waits for itself.
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
    from collections.abc import Awaitable, Callable, Coroutine, Iterator

__all__ = [
    "Call",
    "Home",
    "Job",
    "Speaker",
    "Weakly",
    "entered",
    "in_callback",
    "in_turn",
    "running_loop",
    "runs_here",
    "waiting",
]

_lock = threading.Lock()
#: How many waits keep the thread of a loop from running it.
_blocked: dict[AbstractEventLoop, int] = {}
#: Coroutines that were given to a loop and that it has not begun.
_unbegun: dict[AbstractEventLoop, set[Job]] = {}
#: Coroutines at work on a loop.
_begun: dict[AbstractEventLoop, set[Job]] = {}
#: The library's own loop, and the process it runs in.
_own: tuple[int, AbstractEventLoop] | None = None
#: The innermost call that the library made and that this code runs for.
_call: contextvars.ContextVar[Call | None] = contextvars.ContextVar("opencode call", default=None)


class Call:
    """A call of the program by the library: for the turn of a session, or a callback (``None``).

    What it starts, and what speaks for it, has it in its context until it is over.
    """

    __slots__ = ("is_over", "outer", "session_id")

    def __init__(self, session_id: str | None, outer: Call | None) -> None:
        self.session_id = session_id
        self.outer = outer
        self.is_over = False


def entered(context: contextvars.Context, session_id: str | None) -> Call:
    """Makes it the context of a new call."""
    outer = next(_underway(context.get(_call)), None)
    call = Call(session_id, outer)
    context.run(_call.set, call)
    return call


def _underway(call: Call | None) -> Iterator[Call]:
    """Those that are not over, from this one outwards."""
    while call is not None:
        if not call.is_over:
            yield call
        call = call.outer


def in_callback() -> bool:
    """Whether a callback waits for this; then it cannot wait for callbacks."""
    return any(call.session_id is None for call in _underway(_call.get()))


def in_turn(session_id: str) -> bool:
    """Whether a turn of this session waits for this; then it cannot wait for another one."""
    return any(call.session_id == session_id for call in _underway(_call.get()))


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


def runs_here(session_id: str) -> bool:
    """Whether a coroutine of this session's turn is at work on the loop of this thread."""
    loop = running_loop()
    with _lock:
        begun = _begun.get(loop, ()) if loop is not None else ()
        return any(job.session_id == session_id for job in begun)


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
    _begun.clear()


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


class Speaker:
    """Who says something: the loop and the context in which what the turn asks is to run."""

    __slots__ = ("context", "loop", "session_id")

    def __init__(self, session_id: str = "", loop: AbstractEventLoop | None = None) -> None:
        self.session_id = session_id
        self.loop = running_loop() or loop
        self.context = contextvars.copy_context()


class Home:
    """Keeps the functions of a conversation, and who last spoke with it."""

    __slots__ = ("_kept", "speaker")

    def __init__(self) -> None:
        self._kept: dict[object, Callable[..., Any]] = {}
        self.speaker = Speaker()

    def keep(self, function: Callable[..., Any], name: str | None = None) -> Weakly:
        """Keeps a function, in the place of one of that name.

        Gives what the compiled half holds of it.
        """
        self._kept[name or function] = function
        return Weakly(function)

    def speak(self, session_id: str) -> Speaker:
        """Called where the conversation is spoken with."""
        self.speaker = Speaker(session_id, self.speaker.loop)
        return self.speaker

    def fork(self) -> Home:
        """One that keeps the same, and goes on by itself."""
        home = Home()
        home._kept = dict(self._kept)
        return home


class Job:
    """A function of the program at work; what it gives is awaited, if that can be."""

    def __init__(
        self,
        work: Callable[[], Any],
        speaker: Speaker,
        done: Callable[[Any], None],
        failed: Callable[[BaseException], None],
    ) -> None:
        self._work = work
        self._speaker = speaker
        self._answered = done
        self._broke = failed
        self._context = speaker.context.copy()
        self._call = entered(self._context, speaker.session_id)
        self._awaited: Awaitable[Any] | None = None
        self._loop: AbstractEventLoop | None = None
        self._task: Task[Any] | None = None
        #: Set when nobody wants the result any more.
        self.cancelled = threading.Event()

    @property
    def session_id(self) -> str:
        """For whose turn it is."""
        return self._speaker.session_id

    def _done(self, given: Any) -> None:
        self._call.is_over = True
        self._answered(given)

    def _failed(self, error: BaseException) -> None:
        self._call.is_over = True
        self._broke(error)

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
        loop = self._speaker.loop
        with _lock:
            if loop is not None and loop.is_running() and loop not in _blocked:
                _unbegun.setdefault(loop, set()).add(self)
                self._loop = loop
            else:
                loop = None
        if loop is None:
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
        with _lock:
            _begun.setdefault(loop, set()).add(self)
        self._task = loop.create_task(_coroutine(awaited))
        self._task.add_done_callback(self._settle)

    def _settle(self, task: Task[Any]) -> None:
        import asyncio

        with _lock:
            loop = task.get_loop()
            _begun[loop].discard(self)
            if not _begun[loop]:
                del _begun[loop]
        if task.cancelled():
            self._failed(asyncio.CancelledError("it was cancelled"))
        elif (error := task.exception()) is not None:
            self._failed(error)
        else:
            self._done(task.result())

    def cancel(self) -> None:
        """Nobody wants the result any more."""
        self._call.is_over = True
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
