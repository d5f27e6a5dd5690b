"""Sessions made, resumed, listed, described and deleted, with a model that answers over HTTP."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path

import pytest

from opencode.conversation import (
    DEFAULT_SYSTEM_PROMPT,
    Conversation,
    TextChunk,
    ToolCallChunk,
    ToolResultChunk,
)
from opencode.errors import InvalidArgumentError, ProviderError, SessionNotFoundError
from opencode.sessions import SessionStorage
from tests.conversation.conftest import Service


def test_create_session(service: Service) -> None:
    service.answers("Help me build a REST API", "With which framework?")
    conversation = service.create(
        "claude-3-sonnet",
        tools=["bash", "edit", "read", "write"],
        system_prompt="You are a helpful coding assistant.",
        temperature=0.7,
        max_tokens=4096,
    )
    assert conversation.id
    assert conversation.message("Help me build a REST API").text() == "With which framework?"
    (body,) = service.asked
    assert body["model"] == "claude-3-sonnet"
    assert service.form.system(body) == "You are a helpful coding assistant."
    assert sorted(service.form.tools(body)) == ["bash", "edit", "read", "write"]
    assert (body["temperature"], body["max_tokens"]) == (0.7, 4096)
    (asked,) = service.front.asked
    assert (asked.path, service.form.key(asked)) == (service.form.path, "key-of-a-test")


def test_send_message(service: Service, tmp_path: Path) -> None:
    (tmp_path / "package.json").write_text('{"name": "shop"}')
    service.calls(
        "Help me build a REST API",
        ("read", {"filePath": "package.json"}),
        then="I would add a file server.js to the shop.",
        chunkSize=4,
    )
    conversation = service.create(tools=["read"], working_dir=tmp_path)
    texts, calls, results = [], [], []
    for chunk in conversation.message("Help me build a REST API"):
        match chunk:
            case TextChunk(content):
                texts.append(content)
            case ToolCallChunk(tool=tool, params=params):
                calls.append((tool, params))
            case ToolResultChunk(result=result):
                results.append(result)
    assert "".join(texts) == "I would add a file server.js to the shop."
    assert calls == [("read", {"filePath": "package.json"})]
    (result,) = results
    assert '{"name": "shop"}' in result


def test_resume_session(service: Service) -> None:
    service.answers("Which way is north?", "Up, on most maps.")
    service.answers("What was my previous question?", "Where north is.")
    with service.create(session_id="abc123") as conversation:
        conversation.message("Which way is north?").text()
    conversation = service.closes(Conversation.resume("abc123", **service.options))
    assert conversation.message("What was my previous question?").text() == "Where north is."
    assert service.form.said(service.asked[-1]) == [
        ("user", "Which way is north?"),
        ("assistant", "Up, on most maps."),
        ("user", "What was my previous question?"),
    ]


def test_a_resumed_session_is_as_it_was_made(
    service: Service, storage: SessionStorage, tmp_path: Path
) -> None:
    """Only the key is to be given again."""
    service.answers("Hello", "Hello, world!")
    with service.create(
        tools=["read", "glob"],
        system_prompt="Be brief.",
        temperature=0.2,
        max_tokens=1000,
        stop_sequences=["END"],
        context_window=50_000,
        working_dir=tmp_path,
    ) as conversation:
        conversation.message("Hello").text()
    again = service.closes(
        Conversation.resume(conversation.id, api_key="key-of-a-test", storage=storage)
    )
    again.message("Hello").text()
    first, second = service.asked
    assert len(service.form.said(second)) == 3
    assert service.form.system(second) == "Be brief."
    assert list(service.form.tools(second)) == ["read", "glob"]
    for option in ("model", "temperature", "max_tokens", "stop", "stop_sequences"):
        assert second.get(option) == first.get(option)
    assert service.form.stops(second) == ["END"]
    assert again.get_context_usage().max == 50_000
    assert again.session.working_dir == str(tmp_path)


def test_list_sessions(service: Service, storage: SessionStorage) -> None:
    service.answers("Which way is north?", "Up, on most maps.")
    before = datetime.now(timezone.utc)
    with service.create(session_id="abc123") as conversation:
        conversation.message("Which way is north?").text()
    with service.create(session_id="def456"):
        pass
    listed = {state.id: state.message_count for state in Conversation.list(storage=storage)}
    assert listed == {"abc123": 2, "def456": 0}

    info = Conversation.info("abc123", storage=storage)
    assert before <= info.created_at <= datetime.now(timezone.utc)
    assert info.last_message == "Up, on most maps."


def test_delete_session(service: Service, storage: SessionStorage) -> None:
    for session_id in ("abc123", "def456", "ghi789"):
        service.create(session_id=session_id).close()
    assert Conversation.delete("abc123", storage=storage)
    with pytest.raises(SessionNotFoundError):
        Conversation.resume("abc123", **service.options)

    assert sorted(Conversation.delete_all(storage=storage)) == ["def456", "ghi789"]
    assert Conversation.list(storage=storage) == []


def test_session_configuration(service: Service, storage: SessionStorage) -> None:
    service.answers("Hello", "Hello, world!")
    conversation = service.create(
        "claude-3-sonnet",
        tools=["grep", "glob"],
        system_prompt="Be brief.",
        temperature=0.2,
        max_tokens=1000,
        stop_sequences=["END", "STOP"],
        context_window=50_000,
        auto_save=False,
        session_id="abc123",
    )
    conversation.message("Hello").text()
    (body,) = service.asked
    assert (body["model"], body["temperature"], body["max_tokens"]) == (
        "claude-3-sonnet",
        0.2,
        1000,
    )
    assert service.form.system(body) == "Be brief."
    assert service.form.stops(body) == ["END", "STOP"]
    assert sorted(service.form.tools(body)) == ["glob", "grep"]
    assert body["stream"] is True
    assert conversation.id == "abc123"
    assert conversation.get_context_usage().max == 50_000
    assert not storage.exists("abc123"), "it saved by itself"
    conversation.save()
    assert storage.exists("abc123")


def test_session_configuration_may_be_left_out(service: Service, storage: SessionStorage) -> None:
    service.answers("Hello", "Hello, world!")
    conversation = service.create("claude-3-sonnet")
    conversation.message("Hello").text()
    (body,) = service.asked
    assert body["temperature"] == 0.7
    assert service.form.system(body) == DEFAULT_SYSTEM_PROMPT
    assert service.form.stops(body) is None
    assert service.form.tools(body) == {}
    # One of the forms wants it said.
    assert body.get("max_tokens") == {"openai": None, "anthropic": 4096}[service.form.name]
    assert conversation.get_context_usage().max == 200_000
    assert storage.exists(conversation.id)


@pytest.mark.parametrize("temperature", [-0.1, 1.1])
def test_a_temperature_is_from_0_to_1(service: Service, temperature: float) -> None:
    with pytest.raises(InvalidArgumentError, match="temperature"):
        service.create(temperature=temperature)
    assert service.asked == []


def test_message_types(service: Service) -> None:
    service.calls("Twice 4?", ("double", {"n": 4}), ("double", {"n": "four"}), then="It is 8.")

    def double(n: int) -> int:
        return 2 * n

    conversation = service.create(tools=[double])
    conversation.message("Twice 4?").text()
    question, calling, *results, answer = conversation.get_messages()
    assert [question.role, calling.role, answer.role] == ["user", "assistant", "assistant"]
    assert (question.content, answer.content) == ("Twice 4?", "It is 8.")
    assert question.timestamp <= calling.timestamp <= answer.timestamp
    assert answer.tokens
    first, second = calling.tool_calls
    assert (first.tool, first.params) == ("double", {"n": 4})
    assert first.id != second.id
    assert [message.role for message in results] == ["tool", "tool"]
    by_id = {one.id: one for message in results for one in message.tool_results}
    assert (by_id[first.id].result, by_id[first.id].error) == ("8", None)
    assert "n" in (by_id[second.id].error or "")


def test_session_state(service: Service) -> None:
    service.calls("How are you?", ("look", {}), then="At work.")
    service.refuses("Be refused", 400, "invalid_request_error", "No.")
    seen: list[str] = []

    def look() -> None:
        seen.append(conversation.state.status)

    conversation = service.create(tools=["read", look])
    assert (conversation.state.status, conversation.state.last_message) == ("idle", None)
    conversation.message("How are you?").text()
    state = conversation.state
    assert (state.id, state.model) == (conversation.id, "claude-3-sonnet")
    assert state.created_at <= datetime.now(timezone.utc)
    assert state.last_message == "At work."
    used = state.token_usage
    assert (used.input, used.output, used.total) == (40, 10, 50)
    assert state.tools == ("read", "look")
    assert (state.message_count, seen, state.status) == (4, ["active"], "idle")

    with pytest.raises(ProviderError):
        conversation.message("Be refused").text()
    assert conversation.state.status == "error"
