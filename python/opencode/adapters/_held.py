"""The session behind an adapter: found by its id, made if there is none, held until it is closed.

Everything is done on one thread, in the order of asking, so an event loop is never blocked. Each
edit is stored as a whole or not at all.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from copy import copy
from typing import TypeAlias, TypeVar

from opencode.errors import SessionConflictError
from opencode.sessions import Session, SessionManager, SessionMessage, SessionStorage
from opencode.sessions._closing import Closing

__all__ = ["Held", "Holder", "Store", "added", "cleared"]

Store: TypeAlias = SessionStorage | str | os.PathLike[str] | None
T = TypeVar("T")


class Held:
    """A session that is opened when it is first needed."""

    def __init__(self, session_id: str, storage: Store, wait: float) -> None:
        if not isinstance(storage, SessionStorage):
            storage = SessionStorage(storage)
        storage.get_path(session_id)  # Says so now if it is no id.
        self._id = session_id
        self._storage = storage
        self._wait = wait
        self._manager = SessionManager(storage, auto_save_interval=0)
        self._begin()

    def do(self, work: Callable[[Session], T]) -> T:
        """What ``work`` makes of the session, live; the first call takes the lease."""
        return self._now(lambda: work(self._session()))

    async def ado(self, work: Callable[[Session], T]) -> T:
        """The same, off the event loop."""
        return await self._later(lambda: work(self._session()))

    def edit(self, change: Callable[[Session], T]) -> T:
        """Stores what ``change`` does to a copy of the session, all of it at once."""
        return self._now(lambda: self._edited(change))

    async def aedit(self, change: Callable[[Session], T]) -> T:
        """The same, off the event loop."""
        return await self._later(lambda: self._edited(change))

    def close(self) -> None:
        """Gives the lease back; the next call takes it again."""
        self._now(self._manager.close)

    async def aclose(self) -> None:
        """The same, off the event loop."""
        await self._later(self._manager.close)

    def _session(self) -> Session:
        if (session := self._manager.current_session) is not None:
            return session
        if not self._storage.exists(self._id):
            try:
                return self._manager.create(id=self._id)
            except SessionConflictError:
                pass  # Made by somebody else just now.
        return self._manager.resume(self._id, wait=self._wait)

    def _edited(self, change: Callable[[Session], T]) -> T:
        live = self._session()
        while True:
            draft = copy(live)
            made = change(draft)
            try:
                self._storage.save(draft)
            except SessionConflictError:
                continue  # Others in this process edited the same meanwhile.
            return made

    def _begin(self) -> None:
        self._process = os.getpid()
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="opencode-session")

    def _own_worker(self) -> ThreadPoolExecutor:
        # A forked child inherits the queue, but not the thread that serves it.
        if self._process != os.getpid():
            self._begin()
        return self._worker

    def _now(self, work: Callable[[], T]) -> T:
        try:
            doing = self._own_worker().submit(work)
        except RuntimeError:
            return work()  # The interpreter is ending, and the thread has ended.
        return doing.result()

    async def _later(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._own_worker(), work)


class Holder(Closing):
    """What every adapter has beside the other library's methods."""

    def __init__(self, session_id: str, storage: Store, wait: float) -> None:
        self.session_id = session_id
        self._held = Held(session_id, storage, wait)

    @property
    def session(self) -> Session:
        """The session itself, live: its title, tags, messages. Opens it if it is not open."""
        return self._held.do(lambda session: session)

    def close(self) -> None:
        """Lets others write the session, once what was asked for before is done."""
        self._held.close()

    async def aclose(self) -> None:
        """The same, off the event loop."""
        await self._held.aclose()


def added(session: Session, messages: Iterable[SessionMessage]) -> None:
    """Adds the messages at the end."""
    for message in messages:
        session.add_message(message)


def cleared(session: Session) -> None:
    """Deletes all messages."""
    while session.message_count:
        session.delete_message(session.messages[-1].id)
