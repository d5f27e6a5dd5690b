"""Sessions of ours as the chat message history of LangChain.

``pip install 'opencode-sessions[langchain]'``, then an ``OpencodeChatMessageHistory`` goes wherever
LangChain takes a history::

    from langchain_core.runnables.history import RunnableWithMessageHistory
    from opencode.adapters.langchain import OpencodeChatMessageHistory

    chat = RunnableWithMessageHistory(model, OpencodeChatMessageHistory)
    chat.invoke("Hello", {"configurable": {"session_id": "support-4711"}})
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from opencode.adapters._extra import needs
from opencode.adapters._held import Holder, Store, added, cleared
from opencode.errors import InvalidArgumentError
from opencode.sessions import Session, SessionMessage

with needs("langchain"):
    from langchain_core.chat_history import BaseChatMessageHistory
    from langchain_core.messages import (
        AIMessage,
        BaseMessage,
        ChatMessage,
        InvalidToolCall,
        RemoveMessage,
        ToolCall,
        convert_to_messages,
        convert_to_openai_messages,
        message_to_dict,
        messages_from_dict,
    )
    from langchain_core.messages.tool import invalid_tool_call, tool_call

__all__ = ["OpencodeChatMessageHistory"]

_KEY = "langchain"
_SAID = ("role", "content", "tool_calls", "tool_call_id", "name", "parts")


class OpencodeChatMessageHistory(Holder, BaseChatMessageHistory):
    """The messages of a session of ours, read and written by LangChain.

    The session of this id is resumed, or made if there is none, by the first call, and held until
    ``close()``: a second process gets a ``SessionLockedError``, at once or after ``wait`` seconds.
    Any number of these can have the same session in one process. After ``close()`` the next call
    opens it again. ``storage`` is a ``SessionStorage`` or the path of one; without it the default
    store is used. An id is 1 to 128 letters, digits, ``-`` or ``_``: ``INVALID_ID`` otherwise.

    Each method stores all it changes or, when it raises, nothing; the ``a…`` methods do it off the
    event loop, in the order of the calls. Messages come back equal to what was added, unless
    somebody edited them in the meantime; what has no field in a session's message is kept in its
    ``metadata``. Messages that others added come out in LangChain's classes.
    """

    def __init__(self, session_id: str, storage: Store = None, *, wait: float = 0.0) -> None:
        super().__init__(session_id, storage, wait)

    @property
    def messages(self) -> list[BaseMessage]:  # type: ignore[override]
        """All messages, in their order."""
        return self._held.do(_all)

    async def aget_messages(self) -> list[BaseMessage]:
        """All messages, in their order."""
        return await self._held.ado(_all)

    def add_messages(self, messages: Sequence[BaseMessage]) -> None:
        """Adds messages at the end; ``INVALID_ARGUMENT`` if one of them is no JSON."""
        stored = [_to_ours(message) for message in messages]
        self._held.edit(lambda session: added(session, stored))

    async def aadd_messages(self, messages: Sequence[BaseMessage]) -> None:
        """Adds messages at the end; ``INVALID_ARGUMENT`` if one of them is no JSON."""
        stored = [_to_ours(message) for message in messages]
        await self._held.aedit(lambda session: added(session, stored))

    def clear(self) -> None:
        """Removes all messages. The session stays, with its title, tags and token counts."""
        self._held.edit(cleared)

    async def aclear(self) -> None:
        """Removes all messages. The session stays, with its title, tags and token counts."""
        await self._held.aedit(cleared)


def _all(session: Session) -> list[BaseMessage]:
    return [_from_ours(message) for message in session.messages]


def _to_ours(message: object) -> SessionMessage:
    if not isinstance(message, BaseMessage) or isinstance(message, RemoveMessage):
        raise InvalidArgumentError(f"a {type(message).__name__} cannot be kept in a history")
    said = _said(message)
    if _stood_for(said) != message:
        said = SessionMessage.from_dict(
            {**said.to_dict(), "metadata": {_KEY: message_to_dict(message)}}
        )
    return said


def _from_ours(message: SessionMessage) -> BaseMessage:
    kept = message.to_dict().get("metadata", {}).get(_KEY)
    try:
        (given,) = messages_from_dict([kept] if isinstance(kept, dict) else [])
    except (KeyError, TypeError, ValueError):
        return _stood_for(message)  # None of ours, or of a class that this LangChain has not.
    said = _said(given)
    is_unedited = all(getattr(said, name) == getattr(message, name) for name in _SAID)
    return given if is_unedited else _stood_for(message)


def _said(message: BaseMessage) -> SessionMessage:
    """What it says in the fields of a message of ours."""
    try:
        chat: dict[str, Any] = convert_to_openai_messages(message)
    except (KeyError, TypeError, ValueError):
        # A piece of content that LangChain itself cannot read; the rest is kept beside.
        role = {"human": "user", "ai": "assistant"}.get(message.type, message.type)
        chat = {"role": role, "content": str(message.text)}
    said = SessionMessage.from_llm_message(chat).to_dict()
    parts = said.pop("parts", [])
    if thoughts := [_thought(part) for part in parts if _thought(part)]:
        said["reasoning"] = thoughts
    if others := [part for part in parts if not _thought(part)]:
        said["parts"] = others
    return SessionMessage.from_dict(said)


def _thought(part: object) -> dict[str, str]:
    match part:
        case {"type": "thinking", "thinking": str(text), "signature": str(signature)}:
            return {"text": text, "signature": signature}
        case {"type": "thinking", "thinking": str(text)}:
            return {"text": text}
        case {"type": "reasoning", "reasoning": str(text)}:
            return {"text": text}
        case _:
            return {}


def _stood_for(message: SessionMessage) -> BaseMessage:
    """The message of LangChain that says what ours says."""
    chat = message.to_llm_message()
    if message.role == "assistant":
        calls = [_call(call) for call in chat.get("tool_calls", ())]
        return AIMessage(
            chat["content"],
            name=message.name,
            tool_calls=[call for call in calls if call["type"] == "tool_call"],
            invalid_tool_calls=[call for call in calls if call["type"] == "invalid_tool_call"],
        )
    try:
        (made,) = convert_to_messages([chat])
    except (KeyError, TypeError, ValueError):
        # A role that LangChain has no class for, or a result without its call.
        return ChatMessage(content=chat["content"], role=message.role)
    return made


def _call(call: dict[str, Any]) -> ToolCall | InvalidToolCall:
    function = call.get("function", call)
    name, given, number = function.get("name"), function.get("arguments"), call.get("id")
    try:
        args = json.loads(given or "{}")
    except (TypeError, ValueError):
        args = given
    if isinstance(args, dict):
        return tool_call(name=name or "unknown", args=args, id=number)
    return invalid_tool_call(name=name, args=str(given), id=number)
