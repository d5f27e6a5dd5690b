"""``Conversation``: the live object."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from os import PathLike
from typing import Any, Literal, TypeAlias

from opencode.conversation import _work
from opencode.conversation._events import Caller, Listener
from opencode.conversation._failures import Failures
from opencode.conversation._options import Options, native
from opencode.conversation._records import (
    ContextUsage,
    Message,
    Pruned,
    SessionState,
    TokensUsed,
    ToolCall,
)
from opencode.conversation._stream import ResponseStream
from opencode.conversation._tools import Tool, begin_call, made_tool
from opencode.conversation._typing import Self, Unpack
from opencode.errors import BusyError, InvalidArgumentError
from opencode.sessions import CleanupResult, Session, SessionMessage, SessionStorage
from opencode.sessions._closing import Closing
from opencode.sessions._native import LiveConversation, flush_events

__all__ = ["Conversation"]

_List: TypeAlias = builtins.list

#: What each event tells, from the core's data.
_TOLD: dict[str, Callable[[Any], tuple[Any, ...]]] = {
    "message": lambda data: (Message._of(data),),
    "tool_call": lambda data: (ToolCall(**data),),
    "token_usage": lambda data: (TokensUsed._of(data),),
    "error": lambda error: (error,),
    "save": lambda _: (),
}


class Conversation(Closing):
    """A conversation with a model, everything said being stored in a session.

    ``create`` begins one, ``resume`` goes on with one, and ``message`` says something. It can be
    used from any thread and from asyncio. Leaving its ``with`` block closes it. The ``options`` are
    those of ``Options``; wrong ones raise ``InvalidArgumentError`` before anything is stored.

    >>> from opencode.conversation import Conversation, ScriptedModel
    >>> model = ScriptedModel(["Blue.", "You asked for a colour."])
    >>> with Conversation.create("any", provider=model) as conversation:
    ...     print(conversation.message("Which colour?").text())
    Blue.
    >>> with Conversation.resume(conversation.id, provider=model) as conversation:
    ...     print(conversation.message("What did I ask?").text())
    You asked for a colour.

    On an event loop:

    >>> import asyncio
    >>> async def talk() -> None:
    ...     async with Conversation.create("any", provider=ScriptedModel(["Hi!"])) as conversation:
    ...         async for chunk in conversation.message("Hello?"):
    ...             if chunk.type == "text":
    ...                 print(chunk.content)
    >>> asyncio.run(talk())
    Hi!
    """

    __slots__ = ("__weakref__", "_caller", "_home", "_listeners", "_native")

    _caller: Caller
    _home: _work.Home
    _listeners: _List[tuple[str, Callable[..., object], int, Callable[[Any], None]]]
    _native: LiveConversation

    def __init__(self) -> None:
        raise TypeError("use Conversation.create, resume, load or import_")

    @classmethod
    def _made(cls, make: Callable[[dict[str, Any]], LiveConversation], options: Any) -> Self:
        home = _work.Home()
        return cls._of(make(native(options, home)), home)

    @classmethod
    def _of(cls, native: LiveConversation, home: _work.Home) -> Self:
        self = cls.__new__(cls)
        self._native = native
        self._home = home
        self._caller = Caller()
        self._listeners = []
        return self

    @classmethod
    def create(
        cls, model: str | None = None, *, session_id: str | None = None, **options: Unpack[Options]
    ) -> Self:
        """A new conversation; with ``session_id`` the one of that id, if it exists.

        ``model`` is ``"openai/gpt-5"``, or the model alone beside ``provider``.
        ``ProviderAuthError`` without a key.
        """
        return cls._made(
            LiveConversation.create, {"model": model, "session_id": session_id, **options}
        )

    @classmethod
    def resume(
        cls, session_id: str, *, model: str | None = None, **options: Unpack[Options]
    ) -> Self:
        """The conversation of this id, or of a prefix that only it has, to go on with.

        What ``options`` do not say is as it was. ``SessionLockedError`` while it is open elsewhere.
        """
        return cls._made(
            lambda given: LiveConversation.resume(session_id, given), {"model": model, **options}
        )

    @classmethod
    def load(cls, session_id: str, *, model: str | None = None, **options: Unpack[Options]) -> Self:
        """The same, but others may write it until something is said here."""
        return cls._made(
            lambda given: LiveConversation.load(session_id, given), {"model": model, **options}
        )

    @classmethod
    def import_(
        cls,
        data: Mapping[str, Any],
        on_conflict: Literal["error", "new_id", "replace"] = "error",
        *,
        model: str | None = None,
        **options: Unpack[Options],
    ) -> Self:
        """A conversation from data that ``export`` gave, stored and opened.

        When its id is stored already: ``SessionConflictError``, or it takes a new one, or replaces
        the stored one, which goes to the trash.
        """
        return cls._made(
            lambda given: LiveConversation.import_(data, on_conflict, given),
            {"model": model, **options},
        )

    @staticmethod
    def list(
        *,
        limit: int | None = 50,
        offset: int = 0,
        sort_by: Literal[
            "updated_at", "created_at", "title", "message_count", "total_tokens"
        ] = "updated_at",
        descending: bool = True,
        tags: Sequence[str] | None = None,
        search: str | None = None,
        working_dir: str | PathLike[str] | None = None,
        model: str | None = None,
        status: str | None = None,
        since: datetime | str | None = None,
        until: datetime | str | None = None,
        storage: SessionStorage | None = None,
    ) -> _List[SessionState]:
        """Sessions that match, in short: the 50 changed last, all of them with ``limit=None``.

        Each is read for it; ``SessionManager.list_sessions`` reads the index alone.
        """
        states = LiveConversation.list(
            storage,
            limit,
            offset,
            sort_by,
            descending,
            tags,
            search,
            working_dir,
            model,
            status,
            since,
            until,
        )
        return [SessionState._of(state) for state in states]

    @staticmethod
    def info(session_id: str, *, storage: SessionStorage | None = None) -> SessionState:
        """A session in short, by its id or a prefix that only it has."""
        return SessionState._of(LiveConversation.info(session_id, storage))

    @staticmethod
    def delete(session_id: str, *, storage: SessionStorage | None = None) -> bool:
        """Deletes the session of this whole id for good; ``False`` when there is none."""
        return LiveConversation.delete(session_id, storage)

    @staticmethod
    def delete_all(*, storage: SessionStorage | None = None) -> CleanupResult:
        """Moves all sessions to the trash, except those that are open. Gives the ids."""
        return LiveConversation.delete_all(storage)

    @property
    def id(self) -> str:
        """The session's id."""
        return self._native.id

    def message(
        self, said: str | SessionMessage | Sequence[Mapping[str, Any]], /
    ) -> ResponseStream:
        """Says something: a text, a message, or parts as chat APIs in OpenAI's shape take them.

        The turn begins at once, or behind the one that runs; it goes on whether or not the stream
        is read. What is wrong is raised where the stream is read or awaited. ``BusyError`` in a
        tool, ``approve`` or a provider that a turn of this conversation waits for.
        """
        self._not_in_turn()
        if not isinstance(said, (str, SessionMessage)):
            is_list = isinstance(said, Sequence)
            if not is_list or not all(isinstance(part, Mapping) for part in said):
                kind = "list of other things" if is_list else type(said).__name__
                raise TypeError(f"a text, a SessionMessage or a list of parts is said, no {kind}")
            said = SessionMessage.from_llm_message({"role": "user", "content": said})
        with Failures() as failures:
            speaker = self._home.speak(self.id)
            native = self._native.message(said, speaker, self)
            return ResponseStream(native, self, failures)

    def _not_in_turn(self) -> None:
        """What a turn waits for cannot wait for a turn."""
        if _work.in_turn(self.id):
            raise BusyError(
                "a turn of this conversation waits for what asks here",
                hint="use another conversation, or a fork",
                session_id=self.id,
            )

    def _told(self) -> None:
        """Waits until those who listen heard what happened so far."""
        if self._listeners and self._caller.is_awaited:
            flush_events()
            self._caller.wait()

    async def _told_async(self) -> None:
        """The same on a loop, where what was awaited came after what happened before."""
        if self._listeners:
            await self._caller.wait_async()

    def register_tool(
        self,
        name: str | Tool | Callable[..., Any],
        description: str | None = None,
        parameters: Mapping[str, Any] | None = None,
        handler: Callable[[dict[str, Any]], Any] | None = None,
    ) -> Tool:
        """Offers the model one more tool, from the next request on; one of the same name gives way.

        Either a ``@tool`` or a function, which ``description`` and ``parameters`` describe better
        than it does itself; or a name with what belongs to it. ``handler`` takes the parameters as
        one dict, and may be a coroutine function.
        """
        if isinstance(name, str):
            schema = {"type": "object"} if parameters is None else parameters
            made = Tool(name, description or "", schema, handler)  # type: ignore[arg-type]
        elif handler is None:
            made = made_tool(name, description, parameters)
        else:
            raise InvalidArgumentError("a handler goes with a name; a function is its own handler")
        self._native.register_tool(begin_call(made, self._home))
        return made

    def on(
        self,
        event: Literal["message", "tool_call", "token_usage", "error", "save"],
        callback: Callable[..., object],
    ) -> Self:
        """Calls ``callback`` on every later event of a kind; gives itself.

        ``message`` comes with a ``Message``, ``tool_call`` with a ``ToolCall``, ``token_usage``
        with ``TokensUsed``, ``error`` with the exception of a turn whose failure nobody else heard
        of, ``save`` without an argument. Each is called after what it is about was stored: on the
        event loop it was registered on, or on a thread of the library. One that raises is logged.
        ``InvalidArgumentError`` for another event.
        """
        listener = Listener(callback, event, self._caller)
        made = _TOLD.get(event, lambda _: ())

        def told(data: Any) -> None:
            listener.tell(*made(data))

        number = self._native.on(event, _work.Weakly(told))
        self._listeners.append((event, callback, number, told))
        return self

    def off(
        self,
        event: Literal["message", "tool_call", "token_usage", "error", "save"],
        callback: Callable[..., object],
    ) -> bool:
        """Takes a callback out; ``False`` if it is not there."""
        for at, (known, called, number, _) in enumerate(self._listeners):
            if known == event and called == callback:
                del self._listeners[at]
                return self._native.off(number)
        return False

    def get_messages(self, limit: int | None = None, before: str | None = None) -> _List[Message]:
        """The messages, oldest first: the last ``limit`` of those before the message ``before``."""
        return [Message._of(data) for data in self._native.get_messages(limit, before)]

    def edit_message(
        self, message_id: str, content: str | Mapping[str, Any] | None = None, **fields: Any
    ) -> None:
        """Replaces the content of a message, or other fields, by name or as one dict.

        ``BusyError`` during a turn.
        """
        if isinstance(content, Mapping):
            fields = {**content, **fields}
        elif content is not None:
            fields["content"] = content
        if not fields:
            raise InvalidArgumentError("a message is edited by its content or other fields")
        self._native.edit_message(message_id, fields)

    def delete_message(self, message_id: str) -> _List[str]:
        """Deletes a message with the calls or results that belong to it; gives the ids of all."""
        return self._native.delete_message(message_id)

    def mark_important(self, message_id: str, important: bool = True) -> None:
        """Keeps a message when the context window is pruned, or no more."""
        self._native.mark_important(message_id, important)

    def clear_history(self, keep_last: int = 0) -> int:
        """Deletes all but the last messages, never parting calls from results; gives how many."""
        return self._native.clear_history(keep_last)

    def prune_context(
        self,
        keep_last: int = 20,
        keep_system: bool = True,
        keep_important: bool = True,
        dry_run: bool = False,
    ) -> Pruned:
        """Leaves all but some messages out of what is sent from now on; the history stays.

        With ``dry_run`` it only tells what it would leave out.
        """
        return Pruned._of(
            self._native.prune_context(keep_last, keep_system, keep_important, dry_run)
        )

    def get_context_usage(self) -> ContextUsage:
        """How full the context window is, in tokens."""
        return ContextUsage(**self._native.get_context_usage())

    def fork(
        self,
        from_message: str | None = None,
        new_session_id: str | None = None,
        inclusive: bool = True,
    ) -> Self:
        """A conversation that goes on from here by itself.

        It has a copy of the messages up to and with ``from_message``, without it when not
        ``inclusive``; all of them without one. ``SessionConflictError`` when the new id exists.
        """
        forked = self._native.fork(from_message, new_session_id, inclusive)
        return self._of(forked, self._home.fork())

    def export(self, format: Literal["native", "opencode"] = "native") -> dict[str, Any]:
        """The session as plain data, in our own form or OpenCode's."""
        data: dict[str, Any] = self._native.export(format)
        return data

    def save(self) -> None:
        """Makes everything durable; without ``auto_save``, stores it."""
        self._native.save()
        with _work.waiting():
            self._told()

    def complete(self) -> None:
        """Sets the status ``completed``, until something is said again.

        ``BusyError`` during a turn.
        """
        self._native.complete()

    @property
    def status(self) -> str:
        """The status, as in ``state``."""
        return self.state.status

    @property
    def is_closed(self) -> bool:
        """Whether it was closed."""
        return self._native.is_closed

    @property
    def state(self) -> SessionState:
        """The session in short, as it stands."""
        return SessionState._of(self._native.state())

    @property
    def session(self) -> Session:
        """The session as it stands, a copy."""
        return self._native.session()

    def close(self) -> None:
        """Makes everything durable and lets others write.

        A turn that runs is ended, and what it said is stored as interrupted; this waits for that,
        except in a tool, ``approve`` or a provider that the turn waits for.
        """
        with _work.waiting():
            self._native.close(not _work.in_turn(self.id))

    async def aclose(self) -> None:
        """The same as ``close()``, and the loop goes on meanwhile."""
        await self._native.close_async(not _work.in_turn(self.id))

    def __repr__(self) -> str:
        return f"<Conversation {self.id}>"
