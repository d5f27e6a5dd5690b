"""Sessions, stores and managers: the few operations that take more than their arguments."""

from __future__ import annotations

from typing import Any

from opencode.sessions import (
    Session,
    SessionIndex,
    SessionMessage,
    SessionStorage,
    ToolInvocation,
)


def add_message(session: Session, message: Any) -> None:
    given = message if isinstance(message, SessionMessage) else SessionMessage(**message)
    session.add_message(given)


def add_tool_invocation(session: Session, invocation: Any) -> None:
    is_one = isinstance(invocation, ToolInvocation)
    session.add_tool_invocation(invocation if is_one else ToolInvocation(**invocation))


def set_field(session: Session, field: str, value: Any) -> None:
    setattr(session, field, value)


def set_metadata(session: Session, key: str, value: Any) -> None:
    session.metadata[key] = value


def remove_metadata(session: Session, key: str) -> None:
    del session.metadata[key]


def contains(index: SessionIndex, session_id: str) -> bool:
    return session_id in index


def list_trash(storage: SessionStorage) -> list[dict[str, Any]]:
    return [{"session_id": id, "trashed_at": at} for id, at in storage.list_trash()]


OPERATIONS: dict[str, Any] = {
    "index.contains": contains,
    "session.add_message": add_message,
    "session.add_tool_invocation": add_tool_invocation,
    "session.remove_metadata": remove_metadata,
    "session.set": set_field,
    "session.set_metadata": set_metadata,
    "storage.list_trash": list_trash,
}
