"""Conversations for a server."""

from __future__ import annotations

from typing import Any

from opencode.conversation import _work
from opencode.conversation._conversation import Conversation
from opencode.conversation._options import Options, native
from opencode.errors import InvalidArgumentError
from opencode.sessions._closing import Closing
from opencode.sessions._native import LivePool

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Unpack

    from opencode.sessions._native import LiveLent

__all__ = ["Lending", "SessionPool"]


class SessionPool(Closing):
    """Hands out conversations by id, each to one owner at a time, and closes the idle ones.

    ``model`` and ``options`` are those of every conversation. At most ``capacity`` are open: who
    comes when all have owners waits. One that nobody has had for ``idle_seconds`` is saved and
    closed, as is the one that was idle for longest when another needs its place.

    >>> from opencode.conversation import ScriptedModel, SessionPool
    >>> model = ScriptedModel(["Hello, Ann.", "You are Ann."])
    >>> with SessionPool(100, model="any", provider=model) as pool:
    ...     with pool.acquire("ann") as conversation:
    ...         conversation.message("I am Ann.").text()
    ...     with pool.acquire("ann") as conversation:
    ...         conversation.message("Who am I?").text()
    'Hello, Ann.'
    'You are Ann.'
    """

    __slots__ = ("_home", "_native")

    def __init__(
        self,
        capacity: int,
        idle_seconds: float = 300.0,
        *,
        model: str | None = None,
        **options: Unpack[Options],
    ) -> None:
        self._home = _work.Home()
        given: dict[str, Any] = {"model": model, **options}
        self._native = LivePool(capacity, idle_seconds, native(given, self._home))

    def acquire(self, session_id: str) -> Lending:
        """The conversation of this id, made if there is none, for a ``with`` or ``async with``.

        Entering it waits while somebody else has the conversation, or while all places are taken.
        A tool that is registered within the block works within it only: give the pool its tools.
        """
        return Lending(self, session_id)

    def __len__(self) -> int:
        """How many conversations are open."""
        return len(self._native)

    def close(self) -> None:
        """Saves and closes all, each when its owner gives it back and its turn is over.

        Nothing is handed out any more.
        """
        with _work.waiting():
            self._native.close()

    async def aclose(self) -> None:
        """The same on an event loop."""
        await self._native.close_async()

    def __repr__(self) -> str:
        return f"<SessionPool of {len(self)} conversations>"


class Lending:
    """A conversation that is had within a ``with`` or ``async with`` block, then given back."""

    __slots__ = ("_conversation", "_id", "_lent", "_pool")

    def __init__(self, pool: SessionPool, session_id: str) -> None:
        self._pool = pool
        self._id = session_id
        self._lent: LiveLent | None = None
        self._conversation: Conversation | None = None

    def _begun(self, lent: LiveLent) -> Conversation:
        self._lent = lent
        self._conversation = Conversation._of(lent.conversation(), self._pool._home.fork())
        return self._conversation

    def _over(self) -> None:
        lent, self._lent = self._lent, None
        conversation, self._conversation = self._conversation, None
        if conversation is not None:
            conversation._native = _GivenBack(conversation.id)  # type: ignore[assignment]
        if lent is not None:
            lent.give_back()

    def _check_unused(self) -> None:
        if self._lent is not None:
            raise InvalidArgumentError(f"conversation {self._id} is being had by this already")

    def __enter__(self) -> Conversation:
        self._check_unused()
        with _work.waiting():
            return self._begun(self._pool._native.acquire(self._id))

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over()

    async def __aenter__(self) -> Conversation:
        self._check_unused()
        return self._begun(await self._pool._native.acquire_async(self._id))

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over()


class _GivenBack:
    """What a conversation is to who had it."""

    def __init__(self, session_id: str) -> None:
        self.id = session_id

    def __getattr__(self, name: str) -> Any:
        raise InvalidArgumentError(
            f"conversation {self.id} was given back to its pool", hint="acquire it again"
        )
