"""What type checkers understand of the package; checked by mypy, and run by nobody."""

from collections.abc import (
    AsyncIterator,
    Iterator,
    Mapping,
    MutableMapping,
    MutableSequence,
    Sequence,
)
from datetime import datetime
from pathlib import Path
from typing import Any

from typing_extensions import assert_type

from opencode.conversation import (
    Answer,
    Conversation,
    Message,
    ResponseStream,
    ScriptedModel,
    SessionState,
    Tool,
    tool,
)
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


@tool
def decorated(city: str) -> str:
    return city


@tool(name="other")
async def configured(city: str) -> str:
    return city


class Till:
    @tool
    def add(self, amount: int) -> int:
        return amount


async def tools(conversation: Conversation) -> None:
    assert_type(decorated("Rome"), str)
    assert_type(await configured("Rome"), str)
    assert_type(Till().add(5), int)
    assert_type(Till.add(Till(), 5), int)
    offered: list[Tool] = [decorated, configured, Till().add]
    Conversation.create("m", tools=[*offered, decorated, "read"])
    conversation.register_tool(decorated)
    decorated(5)  # type: ignore[arg-type]
    Till().add("much")  # type: ignore[arg-type]


class Mine(Conversation):
    pass


def listeners(mine: Mine) -> None:
    assert_type(Mine.create("m"), Mine)
    assert_type(mine.on("save", print), Mine)
    assert_type(mine.message("x").on("text", print), ResponseStream)
    mine.on("saved", print)  # type: ignore[arg-type]
    mine.off("saved", print)  # type: ignore[arg-type]
    mine.message("x").on("txt", print)  # type: ignore[arg-type]


def conversations(conversation: Conversation) -> None:
    assert_type(conversation.message("x"), ResponseStream)
    assert_type(conversation.message("x").text(), str)
    assert_type(conversation.message("x").result(), Answer)
    assert_type(conversation.get_messages(), list[Message])
    assert_type(conversation.state, SessionState)
    assert_type(Conversation.list(limit=1), list[SessionState])
    for chunk in conversation.message("x"):
        if chunk.type == "text":
            assert_type(chunk.content, str)
        elif chunk.type == "end":
            assert_type(chunk.summary.tokens, int)
    Conversation.create("m", temprature=1)  # type: ignore[call-arg]
    Conversation.create("m", prune_strategy="fifo")  # type: ignore[arg-type]
    conversation.message(5)  # type: ignore[arg-type]


async def asynchronous_conversations(conversation: Conversation) -> None:
    assert_type(await conversation.message("x"), Answer)
    async with conversation.message("x") as stream:
        assert_type(stream, ResponseStream)
        async for chunk in stream:
            if chunk.type == "tool_call":
                assert_type(chunk.tool, str)


class Echo:
    def stream(self, request: dict[str, Any]) -> Iterator[str]:
        yield request["model"]


class AsyncEcho:
    async def stream(self, request: dict[str, Any]) -> AsyncIterator[str]:
        yield request["model"]


class Returning:
    async def stream(self, request: dict[str, Any]) -> list[str]:
        return [request["model"]]


class Wrong:
    def stream(self, request: dict[str, Any]) -> int:
        return 5


def providers() -> None:
    Conversation.create("m", provider=Returning())
    Conversation.create("m", provider=Wrong())  # type: ignore[arg-type]
    Conversation.create("m", provider=Echo())
    Conversation.create("m", provider=AsyncEcho())
    Conversation.create("m", provider=ScriptedModel(["x"]))
    Conversation.create("m", provider=object())  # type: ignore[arg-type]
