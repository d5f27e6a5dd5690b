"""What type checkers understand of the package; checked by mypy, and run by nobody."""

from collections.abc import Mapping, MutableMapping, MutableSequence, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from typing_extensions import assert_type

from opencode.hooks import Hook, HookEvent, HookRegistry, HookResult, fire_event
from opencode.sessions import (
    CleanupResult,
    SearchResults,
    Session,
    SessionList,
    SessionManager,
    SessionMessage,
    SessionStorage,
    ToolInvocation,
)


def records(session: Session) -> None:
    assert_type(session.messages[0], SessionMessage)
    assert_type(session.messages, Sequence[SessionMessage])
    assert_type(session.tool_history, Sequence[ToolInvocation])
    assert_type(session.metadata, MutableMapping[str, Any])
    assert_type(session.tags, MutableSequence[str])
    assert_type(session.created_at, datetime)
    assert_type(session.total_tokens, int)
    session.working_dir = Path("/project")
    session.title = 5  # type: ignore[assignment]
    session.id = "other"  # type: ignore[misc]


def stores(storage: SessionStorage, data: Mapping[str, Any]) -> None:
    assert_type(storage.load("id"), Session)
    assert_type(storage.load_or_none("id"), Session | None)
    assert_type(storage.cleanup_old_sessions(30), CleanupResult)
    assert_type(SessionStorage.get_project_dir("/project"), Path)
    SessionStorage(durability="never")  # type: ignore[arg-type]


def managers(manager: SessionManager) -> None:
    assert_type(manager.current_session, Session | None)
    assert_type(manager.list_sessions(sort_by="title"), SessionList)
    assert_type(manager.list_sessions().next_cursor, str | None)
    assert_type(manager.search_messages("x"), SearchResults)
    assert_type(manager.add_message("user", "x"), SessionMessage)
    manager.list_sessions(sort_by="size")  # type: ignore[arg-type]

    def on_message(session: Session, message: SessionMessage) -> None: ...

    manager.register_hook("session:message", on_message)


async def hooks(registry: HookRegistry) -> None:
    registry.register(Hook("session:start", "true"))
    assert_type(await fire_event(HookEvent.session_start("id")), list[HookResult])
    assert_type(registry.list(), list[Hook])
