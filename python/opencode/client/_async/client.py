"""A client of a server."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from opencode.client._async.messages import AsyncMessages
from opencode.client._async.requests import AsyncPermissions, AsyncQuestions
from opencode.client._async.scope import AsyncSessionScope
from opencode.client._async.sessions import AsyncSessions, _Rules
from opencode.client._records import Health, Session
from opencode.client._transport import AsyncTransport

TYPE_CHECKING = False
if TYPE_CHECKING:
    from os import PathLike
    from types import TracebackType

    from opencode.client._handlers import OnPermission, OnQuestion
    from opencode.client._stream import EventStream

__all__ = ["AsyncClient"]


class AsyncClient:
    """A client of one OpenCode server, for one directory. Safe to share.

    ``base_url`` is ``OPENCODE_BASE_URL`` or ``http://127.0.0.1:4096`` by default, ``username`` and
    ``password`` ``OPENCODE_SERVER_USERNAME`` and ``OPENCODE_SERVER_PASSWORD``; ``directory`` is
    the project's on the server's machine, by default the one that the server runs in. ``timeout``
    bounds every call, prompts too; ``connect_timeout`` (10), ``read_idle_timeout`` (60) and it are
    seconds. What can be repeated is, ``retries`` (3) times. So many turns as ``max_concurrent``
    run at once; further ones wait for a free place.

    ``on_permission`` and ``on_question`` answer what this client's turns ask, within
    ``handler_timeout`` (60) seconds: functions, which run on a thread of their own, or coroutine
    functions. The first returns ``"once"``, ``"always"``, ``"reject"`` or ``Reject(reason)``, the
    second a list of labels for each question, or ``None`` for no answer. When they fail or take
    too long, the answer is no.
    """

    __slots__ = ("_transport", "messages", "permissions", "questions", "sessions")

    def __init__(
        self,
        base_url: str | None = None,
        *,
        username: str | None = None,
        password: str | None = None,
        directory: str | PathLike[str] | None = None,
        timeout: float | None = None,
        connect_timeout: float | None = None,
        read_idle_timeout: float | None = None,
        retries: int | None = None,
        max_concurrent: int | None = None,
        on_permission: OnPermission | None = None,
        on_question: OnQuestion | None = None,
        handler_timeout: float | None = None,
    ) -> None:
        self._begin(
            AsyncTransport(
                base_url=base_url,
                username=username,
                password=password,
                directory=directory,
                timeout=timeout,
                connect_timeout=connect_timeout,
                read_idle_timeout=read_idle_timeout,
                retries=retries,
                max_concurrent=max_concurrent,
                on_permission=on_permission,
                on_question=on_question,
                handler_timeout=handler_timeout,
            )
        )

    def _begin(self, transport: AsyncTransport) -> None:
        self._transport = transport
        self.sessions = AsyncSessions(transport)
        self.messages = AsyncMessages(transport)
        self.permissions = AsyncPermissions(transport)
        self.questions = AsyncQuestions(transport)

    @property
    def base_url(self) -> str:
        """The server's address, without a password."""
        return self._transport.native.base_url

    @property
    def directory(self) -> str | None:
        """The directory that new sessions belong to, if not the server's own."""
        return self._transport.native.directory

    @property
    def is_closed(self) -> bool:
        """Whether it was closed."""
        return self._transport.native.is_closed

    def with_directory(self, directory: str | PathLike[str]) -> AsyncClient:
        """The same client for another directory of the server; it is closed with this one."""
        other = AsyncClient.__new__(AsyncClient)
        other._begin(self._transport.with_directory(directory))
        return other

    async def run_simple_text(self, text: str) -> Session:
        """Makes a session and says ``text`` in it, without waiting for the answer."""
        return Session(await self._transport.call("run_simple_text", text=text))

    async def run_text(self, text: str) -> str:
        """Makes a session, says ``text`` in it and returns the answer's text.

        ``ActionRequiredError`` when the turn asks for something that no handler answers.
        """
        answer: str = await self._transport.call("run_text", text=text)
        return answer

    async def wait_idle(self, session_id: str, timeout: float | None = None) -> None:
        """Waits until the session's turn is through; returns at once when none runs.

        ``RequestTimeoutError`` when that takes longer than ``timeout`` seconds,
        ``ActionRequiredError`` when it asks for something that no handler answers.
        """
        await self._transport.call("wait_idle", session_id=session_id, timeout=timeout)

    def subscribe(self, session_id: str | None = None) -> EventStream:
        """The events of a session, or of the client's directory."""
        return self._transport.stream(session_id)

    def session_scope(
        self,
        *,
        description: str | None = None,
        initial_prompt: str | None = None,
        provider: str | None = None,
        model: str | None = None,
        variant: str | None = None,
        agent: str | None = None,
        tools: Sequence[str] | None = None,
        system_prompt: str | None = None,
        parent_id: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        permission: _Rules | None = None,
        directory: str | PathLike[str] | None = None,
    ) -> AsyncSessionScope:
        """A new session for a block, deleted at its end; arguments as of ``sessions.create``.

        ``AsyncSessionScope(client, session)`` is one over a session that exists.
        """
        return AsyncSessionScope(
            self,
            description=description,
            initial_prompt=initial_prompt,
            provider=provider,
            model=model,
            variant=variant,
            agent=agent,
            tools=tools,
            system_prompt=system_prompt,
            parent_id=parent_id,
            metadata=metadata,
            permission=permission,
            directory=directory,
        )

    async def cleanup_ephemeral(self, older_than: float | None = None) -> list[str]:
        """Deletes ephemeral sessions that clients left behind which ended without closing.

        Those older than so many seconds, 24 hours by default. Returns their ids.
        """
        deleted: list[str] = await self._transport.call("cleanup_ephemeral", older_than=older_than)
        return deleted

    async def health(self) -> Health:
        """Whether the server is well, and its version."""
        return Health(await self._transport.call("health"))

    async def version(self) -> str:
        """The server's version."""
        version: str = await self._transport.call("version")
        return version

    async def aclose(self) -> None:
        """Deletes this client's ephemeral sessions and lets go of the server.

        Calls on it fail from now on; event streams go on.
        """
        await self._transport.call("close")

    async def __aenter__(self) -> AsyncClient:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()

    def __repr__(self) -> str:
        return f"AsyncClient({self.base_url!r}, directory={self.directory!r})"
