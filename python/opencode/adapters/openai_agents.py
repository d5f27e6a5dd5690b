"""Sessions of ours as the memory of the OpenAI Agents SDK.

``pip install 'opencode-sessions[openai-agents]'``, then an ``OpencodeSession`` goes wherever the
SDK takes a session::

    from agents import Agent, Runner
    from opencode.adapters.openai_agents import OpencodeSession

    async with OpencodeSession("support-4711") as session:
        await Runner.run(Agent(name="Assistant"), "Hello", session=session)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from opencode.adapters._extra import needs
from opencode.adapters._held import Holder, Store, added, cleared
from opencode.adapters._items import latest, messages_of, popped
from opencode.errors import InvalidArgumentError

with needs("openai-agents"):
    from agents.memory import SessionSettings

if TYPE_CHECKING:
    from agents.items import TResponseInputItem

__all__ = ["OpencodeSession"]


class OpencodeSession(Holder):
    """A session of ours that the SDK's ``Runner`` reads and writes.

    The session of this id is resumed, or made if there is none, by the first call, and held until
    ``close()``: a second process gets a ``SessionLockedError``, at once or after ``wait`` seconds.
    Any number of these can have the same session in one process. After ``close()`` the next call
    opens it again. ``storage`` is a ``SessionStorage`` or the path of one; without it the default
    store is used. An id is 1 to 128 letters, digits, ``-`` or ``_``: ``INVALID_ID`` otherwise.

    All methods do their work on a thread, in the order of the calls. Each stores all it changes or,
    when it raises, nothing. Items come back equal to what was added, unless somebody edited their
    message in the meantime. Items that are added together and come from one response of the model
    (its reasoning, text and calls) are one message of the session; messages that others added come
    out as the items they stand for.
    """

    session_settings: SessionSettings | None

    def __init__(
        self,
        session_id: str,
        storage: Store = None,
        *,
        session_settings: SessionSettings | None = None,
        wait: float = 0.0,
    ) -> None:
        super().__init__(session_id, storage, wait)
        self.session_settings = session_settings or SessionSettings()

    async def get_items(self, limit: int | None = None) -> list[TResponseInputItem]:
        """The items in their order; with ``limit``, or one in ``session_settings``, the latest."""
        if limit is None and self.session_settings is not None:
            limit = self.session_settings.limit
        if limit is not None and limit < 0:
            raise InvalidArgumentError(f"limit is a number from 0 on or None, not {limit}")
        items = await self._held.ado(lambda session: latest(session, limit))
        return cast("list[TResponseInputItem]", items)

    async def add_items(self, items: list[TResponseInputItem]) -> None:
        """Adds items at the end; ``INVALID_ARGUMENT`` if one of them is no JSON."""
        messages = messages_of(items)
        if messages:
            await self._held.aedit(lambda session: added(session, messages))

    async def pop_item(self) -> TResponseInputItem | None:
        """Removes the last item and returns it; ``None`` if there is none.

        It is always one item. The call that a result belongs to stays, other than with
        ``delete_message`` of a session, which takes both.
        """
        return cast("TResponseInputItem | None", await self._held.aedit(popped))

    async def clear_session(self) -> None:
        """Removes all items. The session stays, with its title, tags and token counts."""
        await self._held.aedit(cleared)
