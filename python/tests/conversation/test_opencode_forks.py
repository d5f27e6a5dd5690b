"""Conversations with a real OpenCode server: forks, copies, what is heard, what is refused."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from opencode.client import Client
from opencode.conversation import ApprovalRequest, Conversation, Message, Summary, TokensUsed
from opencode.errors import NotSupportedError, OpencodeError, ProviderError
from opencode.sessions import SessionStorage
from tests.conversation.conftest import Options, Speak, server_session

if TYPE_CHECKING:
    pass


def said_there(client: Client, conversation: Conversation) -> list[str]:
    """What was said to the server in a conversation's session."""
    there = client.messages.list(server_session(conversation))
    return [message.text for message in there if message.role == "user"]


def test_a_fork_speaks_in_a_session_of_its_own_on_the_server(
    speak: Speak, client: Client, options: Options
) -> None:
    conversation = speak()
    assert conversation.message("hello").text() == "Hi there!"
    first = conversation.get_messages()[1]
    assert conversation.message("think about it").text() == "Forty-two."
    with conversation.fork(first.id, "forked-abc123") as forked:
        assert forked.id == "forked-abc123"
        assert [one.content for one in forked.get_messages()] == ["hello", "Hi there!"]
        assert forked.message("something else").text() == "A scripted answer."
        assert server_session(forked) != server_session(conversation)
        assert said_there(client, forked) == ["hello", "something else"]
    assert said_there(client, conversation) == ["hello", "think about it"]
    # Both go on where they were.
    known = {"api_key": options["api_key"], "storage": options["storage"]}
    with Conversation.resume("forked-abc123", **known) as again:
        assert again.message("hello").text() == "Hi there!"
        assert said_there(client, again) == ["hello", "something else", "hello"]
    assert conversation.message("hello").text() == "Hi there!"
    assert said_there(client, conversation) == ["hello", "think about it", "hello"]


def test_a_forks_approve_is_asked_for_the_fork(speak: Speak) -> None:
    asked: list[ApprovalRequest] = []

    def approve(request: ApprovalRequest) -> bool:
        asked.append(request)
        return True

    conversation = speak(approve=approve)
    conversation.message("hello").text()
    with conversation.fork(new_session_id="forked-abc123") as forked:
        assert forked.message("read outside").text() == "Read it."
    (request,) = asked
    assert (request.tool, request.session_id) == ("external_directory", "forked-abc123")


def test_a_loaded_conversation_goes_on_in_the_same_session_of_the_server(
    speak: Speak, options: Options, client: Client
) -> None:
    with speak() as first:
        first.message("hello").text()
    known = {"api_key": options["api_key"], "storage": options["storage"]}
    with Conversation.load(first.id, **known) as loaded:
        assert [one.content for one in loaded.get_messages()] == ["hello", "Hi there!"]
        assert loaded.message("think about it").text() == "Forty-two."
        assert server_session(loaded) == server_session(first)
    assert said_there(client, first) == ["hello", "think about it"]


def test_all_are_deleted_here_and_stay_on_the_server(
    speak: Speak, storage: SessionStorage, client: Client
) -> None:
    closed = [speak(), speak()]
    for conversation in closed:
        conversation.message("hello").text()
        conversation.close()
    still_open = speak()
    deleted = Conversation.delete_all(storage=storage)
    assert sorted(deleted) == sorted(conversation.id for conversation in closed)
    assert [state.id for state in Conversation.list(storage=storage)] == [still_open.id]
    for conversation in closed:
        assert said_there(client, conversation) == ["hello"]


def test_a_turn_is_heard_from_its_start_to_its_end(speak: Speak) -> None:
    stream = speak().message("use two tools")
    heard: list[Any] = []
    stream.on("start", lambda: heard.append("start"))
    stream.on("text", lambda chunk: heard.append(chunk.content))
    stream.on("tool_call", lambda chunk: heard.append((chunk.tool, chunk.params["command"])))
    stream.on("tool_result", lambda chunk: heard.append((chunk.tool, chunk.error)))
    stream.on("end", heard.append)
    stream.on("error", heard.append)
    answer = stream.result()
    begin, *middle, end = heard
    assert begin == "start"
    assert isinstance(end, Summary)
    assert (end.finish, end) == ("stop", answer.summary)
    texts = [one for one in middle if isinstance(one, str)]
    assert "".join(texts) == "Both done."
    assert middle[-len(texts) :] == texts
    assert sorted(middle[: -len(texts)], key=str) == sorted(
        [("bash", "echo one"), ("bash", "echo two"), ("bash", None), ("bash", None)], key=str
    )


def test_a_turn_that_fails_is_heard_to_fail(speak: Speak) -> None:
    conversation = speak()
    stream = conversation.message("be refused")
    failed: list[OpencodeError] = []
    ended: list[Summary] = []
    stream.on("error", failed.append).on("end", ended.append)
    with pytest.raises(ProviderError):
        stream.text()
    (error,) = failed
    assert (error.code, error.session_id) == ("PROVIDER_ERROR", conversation.id)
    assert ended == []


def test_a_conversation_is_heard(speak: Speak) -> None:
    conversation = speak()
    messages: list[Message] = []
    called: list[Any] = []
    used: list[TokensUsed] = []
    saved: list[str] = []
    conversation.on("message", messages.append)
    conversation.on("tool_call", lambda call: called.append((call.tool, call.params["command"])))
    conversation.on("token_usage", used.append)
    conversation.on("save", lambda: saved.append("saved"))
    answer = conversation.message("write a file").result()
    kept = conversation.get_messages()
    assert messages == kept
    assert [message.role for message in kept] == ["user", "assistant", "tool", "assistant"]
    assert called == [("bash", "echo hi > written.txt")]
    assert [one.request.total > 0 for one in used] == [True, True]
    assert used[-1].total == answer.usage.total == conversation.state.token_usage.total
    assert saved == []
    conversation.save()
    assert saved == ["saved"]


async def test_a_failure_that_nobody_awaits_is_heard(speak: Speak) -> None:
    conversation = speak()
    heard: asyncio.Future[OpencodeError] = asyncio.get_running_loop().create_future()
    conversation.on("error", heard.set_result)
    conversation.message("be refused")
    error = await asyncio.wait_for(heard, 30)
    assert (error.code, error.session_id) == ("PROVIDER_ERROR", conversation.id)


NOT_SUPPORTED: list[dict[str, Any]] = [
    {"max_turns": 5},
    {"parallel_tools": 2},
    {"tool_timeout": 5.0},
    {"tool_errors": "raise"},
]


@pytest.mark.parametrize("option", NOT_SUPPORTED, ids=[next(iter(one)) for one in NOT_SUPPORTED])
def test_how_tools_are_run_is_the_servers_own(
    speak: Speak, options: Options, storage: SessionStorage, option: dict[str, Any]
) -> None:
    (name,) = option
    with pytest.raises(NotSupportedError, match=name) as caught:
        speak(**option)
    assert caught.value.code == "NOT_SUPPORTED"
    assert storage.list_session_ids() == []
    with speak() as conversation:
        conversation.message("hello").text()
    known = {"api_key": options["api_key"], "storage": storage}
    with pytest.raises(NotSupportedError, match=name):
        Conversation.resume(conversation.id, **known, **option)
    with Conversation.resume(conversation.id, **known) as again:
        assert again.message("hello").text() == "Hi there!"
