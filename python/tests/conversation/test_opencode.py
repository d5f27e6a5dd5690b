"""Conversations whose other side is a real OpenCode server, which runs the tools itself."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from opencode.client import Client
from opencode.conversation import (
    ApprovalRequest,
    Conversation,
    Summary,
    TextChunk,
    ToolCallChunk,
    ToolResultChunk,
)
from opencode.errors import (
    CancelledError,
    ConnectionFailedError,
    NotSupportedError,
    OpencodeError,
    ProviderAuthError,
    ProviderError,
    ServerError,
    UnauthorizedError,
)
from opencode.sessions import SessionStorage
from tests.conversation.conftest import Options, Speak, server_session

if TYPE_CHECKING:
    from tests.conftest import Server


def test_create_and_send_a_message(speak: Speak, place: Path, client: Client) -> None:
    conversation = speak(session_id="abc123")
    texts, calls, results = [], [], []
    for chunk in conversation.message("write a file"):
        match chunk:
            case TextChunk(content):
                texts.append(content)
            case ToolCallChunk(tool=tool, params=params):
                calls.append((tool, params["command"]))
            case ToolResultChunk(tool=tool, error=error):
                results.append((tool, error))
    assert "".join(texts) == "Written."
    assert calls == [("bash", "echo hi > written.txt")]
    assert results == [("bash", None)]
    assert (place / "written.txt").read_text() == "hi\n"
    assert conversation.id == "abc123"
    there = client.messages.list(server_session(conversation))
    assert there[-1].text == "Written."


def test_a_turn_is_mirrored_in_the_local_session(speak: Speak, storage: SessionStorage) -> None:
    conversation = speak()
    answer = conversation.message("use two tools").result()
    assert answer.text == "Both done."
    assert answer.usage.total > 0
    kept = storage.load(conversation.id)
    roles = [message.role for message in kept.messages]
    assert roles == ["user", "assistant", "tool", "tool", "assistant"]
    assert [one.tool_name for one in kept.tool_history] == ["bash", "bash"]
    question, calling, *results, last = conversation.get_messages()
    assert (question.content, last.content) == ("use two tools", "Both done.")
    assert {one.id for result in results for one in result.tool_results} == {
        call.id for call in calling.tool_calls
    }
    state = Conversation.info(conversation.id, storage=storage)
    assert (state.message_count, state.last_message, state.status) == (5, "Both done.", "idle")
    assert state.token_usage.total == answer.usage.total


def test_resume_goes_on_in_the_same_session_of_the_server(
    speak: Speak, options: Options, client: Client
) -> None:
    with speak() as first:
        assert first.message("hello").text() == "Hi there!"
    # The password is all that was not kept.
    known = {"api_key": options["api_key"], "storage": options["storage"]}
    with Conversation.resume(first.id, **known) as again:
        assert again.message("think about it").text() == "Forty-two."
        assert server_session(again) == server_session(first)
    there = client.messages.list(server_session(first))
    assert [message.text for message in there if message.role == "user"] == [
        "hello",
        "think about it",
    ]


def test_list_and_delete(speak: Speak, storage: SessionStorage, client: Client) -> None:
    """What is deleted here stays on the server."""
    with speak(session_id="abc123") as conversation:
        conversation.message("hello").text()
    (state,) = Conversation.list(storage=storage)
    assert (state.id, state.message_count, state.last_message) == ("abc123", 2, "Hi there!")
    assert Conversation.delete("abc123", storage=storage)
    assert Conversation.list(storage=storage) == []
    assert len(client.messages.list(server_session(conversation))) == 2


def test_a_turn_as_events(speak: Speak) -> None:
    conversation = speak()
    heard: list[str] = []
    conversation.on("message", lambda message: heard.append(f"New message: {message.role}"))
    stream = conversation.message("think about it")
    thoughts: list[str] = []
    ended: list[Summary] = []
    stream.on("reasoning", lambda chunk: thoughts.append(chunk.content))
    stream.on("end", ended.append)
    assert stream.text() == "Forty-two."
    assert "".join(thoughts) == "What is six times seven?"
    assert [summary.finish for summary in ended] == ["stop"]
    assert heard == ["New message: user", "New message: assistant"]


async def test_a_turn_on_an_event_loop(speak: Speak) -> None:
    conversation = speak()
    words = ""
    async for chunk in conversation.message("answer steadily"):
        if chunk.type == "text":
            words += chunk.content
    assert words == " ".join(f"word{number}" for number in range(1, 41))
    assert (await conversation.message("hello")).text == "Hi there!"


def test_approve_decides_what_the_server_asks_leave_for(speak: Speak) -> None:
    asked: list[ApprovalRequest] = []

    def approve(request: ApprovalRequest) -> bool:
        asked.append(request)
        return True

    conversation = speak(approve=approve)
    assert conversation.message("read outside").text() == "Read it."
    (request,) = asked
    assert (request.tool, request.session_id) == ("external_directory", conversation.id)
    assert conversation.session.tool_history[-1].success


async def test_approve_may_be_a_coroutine_and_say_no(speak: Speak) -> None:
    asked: list[str] = []

    async def approve(request: ApprovalRequest) -> bool:
        asked.append(request.tool)
        return False

    conversation = speak(approve=approve)
    results = []
    async for chunk in conversation.message("read outside"):
        if isinstance(chunk, ToolResultChunk):
            results.append(chunk)
    assert asked == ["external_directory"]
    (result,) = results
    assert result.tool == "read"
    assert "refused by the user" in (result.error or "")
    (told,) = conversation.get_messages()[2].tool_results
    assert (told.id, told.error) == (result.id, result.error)


def words_came(conversation: Conversation) -> Any:
    """A turn that has begun to speak, for a minute."""
    stream = conversation.message("answer slowly")
    speaks = threading.Event()
    stream.on("text", lambda _: speaks.set())
    assert speaks.wait(30)
    return stream


def is_aborted(conversation: Conversation, client: Client) -> None:
    """There is no turn there any more, what was said is kept, and the next turn is as ever."""
    client.wait_idle(server_session(conversation), 30)
    assert conversation.message("hello").text() == "Hi there!"
    kept = conversation.get_messages()[1]
    assert kept.interrupted
    assert kept.content.startswith("word1 ")
    assert "word600" not in kept.content


def test_end_aborts_the_turn_on_the_server(speak: Speak, client: Client) -> None:
    conversation = speak()
    stream = words_came(conversation)
    stream.end()
    with pytest.raises(CancelledError):
        stream.text()
    is_aborted(conversation, client)


def test_leaving_a_loop_aborts_the_turn_on_the_server(speak: Speak, client: Client) -> None:
    conversation = speak()
    words = ""
    for chunk in conversation.message("answer slowly"):
        if chunk.type == "text":
            words += chunk.content
        if len(words) > 10:
            break
    is_aborted(conversation, client)


def test_a_tool_that_runs_on_the_server_is_aborted(speak: Speak, client: Client) -> None:
    conversation = speak()
    for chunk in conversation.message("run for long"):
        if chunk.type == "tool_call":
            break
    client.wait_idle(server_session(conversation), 30)
    assert conversation.message("hello").text() == "Hi there!"
    _, calling, result, *_ = conversation.get_messages()
    assert calling.interrupted
    (told,) = result.tool_results
    assert told.id == calling.tool_calls[0].id
    assert told.error


@pytest.mark.parametrize(
    ("said", "raised"), [("be refused", ProviderError), ("be locked out", ProviderAuthError)]
)
def test_a_model_that_refuses_is_an_error_of_the_turn(
    speak: Speak, said: str, raised: type[OpencodeError]
) -> None:
    conversation = speak()
    with pytest.raises(raised) as caught:
        conversation.message(said).text()
    assert type(caught.value) is raised
    assert caught.value.session_id == conversation.id
    assert conversation.state.status == "error"
    assert conversation.message("hello").text() == "Hi there!"


def test_a_model_may_be_named(speak: Speak, options: Options) -> None:
    assert speak("mock/m1").message("hello").text() == "Hi there!"
    del options["provider"]
    with Conversation.create("opencode/mock/m1", **options) as conversation:
        assert conversation.message("hello").text() == "Hi there!"
        assert conversation.state.model == "mock/m1"


def test_an_unknown_model_is_told(speak: Speak) -> None:
    conversation = speak("mock/nowhere")
    with pytest.raises(ServerError):
        conversation.message("hello").text()
    assert conversation.state.status == "error"


def test_a_wrong_password_is_told_and_no_password_is_stored(
    speak: Speak, server: Server, tmp_path: Path
) -> None:
    conversation = speak(api_key="not-the-password")
    with pytest.raises(UnauthorizedError) as caught:
        conversation.message("hello").text()
    assert "not-the-password" not in str(caught.value)
    speak().message("hello").text()
    files = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    assert files
    for secret in ("not-the-password", server.password):
        assert all(secret.encode() not in written for written in files)


def test_the_password_may_be_in_the_environment(
    speak: Speak, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENCODE_SERVER_PASSWORD", server.password)
    assert speak(api_key=None).message("hello").text() == "Hi there!"


def test_a_server_that_is_not_there_is_a_failed_connection(speak: Speak) -> None:
    conversation = speak(base_url="http://127.0.0.1:1")
    with pytest.raises(ConnectionFailedError):
        conversation.message("hello").text()


def test_save_export_and_import(speak: Speak, options: Options, tmp_path: Path) -> None:
    with speak(auto_save=False) as conversation:
        conversation.message("hello").text()
        conversation.save()
        exported = json.dumps(conversation.export())
    elsewhere = {**options, "storage": SessionStorage(tmp_path / "elsewhere")}
    with Conversation.import_(json.loads(exported), **elsewhere) as imported:
        assert [one.content for one in imported.get_messages()] == ["hello", "Hi there!"]
        assert imported.message("think about it").text() == "Forty-two."


NOT_SUPPORTED: list[dict[str, Any]] = [
    {"tools": ["read"]},
    {"system_prompt": "Be brief."},
    {"temperature": 0.5},
    {"max_tokens": 100},
    {"stop_sequences": ["END"]},
    {"context_window": 100_000},
    {"prune_strategy": "hybrid"},
    {"prune_threshold": 0.5},
    {"summary_model": "m1"},
]


@pytest.mark.parametrize("option", NOT_SUPPORTED, ids=[next(iter(one)) for one in NOT_SUPPORTED])
def test_options_that_are_the_servers_own_are_not_supported(
    speak: Speak, storage: SessionStorage, option: dict[str, Any]
) -> None:
    with pytest.raises(NotSupportedError, match=next(iter(option))) as caught:
        speak(**option)
    assert caught.value.code == "NOT_SUPPORTED"
    assert storage.list_session_ids() == []


def test_changing_what_the_server_keeps_is_not_supported(speak: Speak) -> None:
    conversation = speak()
    conversation.message("hello").text()
    first = conversation.get_messages()[0]
    refused: list[Callable[[], object]] = [
        lambda: conversation.edit_message(first.id, "Updated message content"),
        lambda: conversation.delete_message(first.id),
        lambda: conversation.clear_history(keep_last=10),
        lambda: conversation.prune_context(keep_last=20),
        conversation.get_context_usage,
        lambda: conversation.register_tool("custom_tool", "", {"type": "object"}, dict),
    ]
    for change in refused:
        with pytest.raises(NotSupportedError) as caught:
            change()
        assert caught.value.session_id == conversation.id
    assert [one.content for one in conversation.get_messages()] == ["hello", "Hi there!"]
    assert conversation.message("think about it").text() == "Forty-two."
