"""A session for a block."""

from __future__ import annotations

from typing import Any

from opencode.client._records import Session

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType

    from opencode.client._async.client import AsyncClient

__all__ = ["AsyncSessionScope"]


class AsyncSessionScope:
    """A session for as long as a block lasts: it is deleted at the end, with a turn that runs.

    Over ``session``, or over one that is made at the beginning of the block; see
    ``client.session_scope``. What goes wrong at the end is logged, never raised over the block's
    own error.
    """

    __slots__ = ("_client", "_create", "_session")

    def __init__(self, client: AsyncClient, session: Session | None = None, **create: Any) -> None:
        self._client = client
        self._session = session
        self._create: dict[str, Any] | None = create

    @property
    def session(self) -> Session:
        """The session."""
        if self._session is None:
            raise RuntimeError("the session is made at the beginning of the scope's block")
        return self._session

    def keep(self) -> Session:
        """Ends the scope without deleting the session."""
        self._create = None
        return self.session

    async def aclose(self) -> None:
        """Deletes the session now. Does nothing the second time."""
        if self._create is not None and self._session is not None:
            self._create = None
            await self._client._transport.call("scope.close", session_id=self._session.id)

    async def __aenter__(self) -> AsyncSessionScope:
        if self._session is None:
            self._session = await self._client.sessions.create(**(self._create or {}))
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()
