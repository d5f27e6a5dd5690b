"""What is told and kept of a conversation: numbers, interrupted answers, options, edits."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from opencode.conversation import Conversation, Message, Reply, ScriptedModel, TokensUsed, Usage
from opencode.errors import (
    CancelledError,
    ConnectionFailedError,
    InvalidArgumentError,
    ProviderError,
)
from opencode.sessions import SessionStorage
from tests.conversation.conftest import Begin, Line
from tests.conversation.front import Answer

USED = Usage(prompt_tokens=10, completion_tokens=4)


class Halting:
    """Tells what it used, says a word, and then ends as it was told to."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error

    def stream(self, request: dict[str, Any]) -> Iterator[Any]:
        yield {"type": "usage", "prompt_tokens": 10, "completion_tokens": 4}
        yield "Once"
        if self.error is not None:
            raise self.error
        request["cancelled"].wait(30)


def listened(conversation: Conversation) -> tuple[list[Message], list[TokensUsed]]:
    messages: list[Message] = []
    used: list[TokensUsed] = []
    conversation.on("message", messages.append).on("token_usage", used.append)
    return messages, used


def test_those_who_listen_hear_of_an_answer_that_was_ended(storage: SessionStorage) -> None:
    with Conversation.create("m1", provider=Halting(), storage=storage) as conversation:
        messages, used = listened(conversation)
        stream = conversation.message("A story!")
        speaks = threading.Event()
        stream.on("text", lambda _: speaks.set())
        assert speaks.wait(10)
        stream.end()
        with pytest.raises(CancelledError):
            stream.text()
        heard = [(message.content, message.interrupted) for message in messages]
        assert heard == [("A story!", False), ("Once", True)]
        assert messages == conversation.get_messages()
        assert [(one.request.total, one.total) for one in used] == [(14, 14)]


def test_those_who_listen_hear_of_an_answer_that_failed(storage: SessionStorage) -> None:
    halting = Halting(ProviderError("burned down"))
    with Conversation.create("m1", provider=halting, storage=storage) as conversation:
        messages, used = listened(conversation)
        with pytest.raises(ProviderError):
            conversation.message("A story!").text()
        heard = [(message.content, message.interrupted) for message in messages]
        assert heard == [("A story!", False), ("Once", True)]
        assert [(one.request.total, one.total) for one in used] == [(14, 14)]
        assert conversation.state.token_usage.total == 14


def test_those_who_listen_hear_of_an_answer_that_was_cut(line: Line) -> None:
    form = line.form
    words = form.text("Once")
    pieces = form.written([*form.begin(), *(words if form.name == "openai" else words[:-1])])
    conversation = line.answers(Answer(pieces, is_cut=True))
    messages, _ = listened(conversation)
    with pytest.raises(ConnectionFailedError):
        conversation.message("A story!").text()
    heard = [(message.content, message.interrupted) for message in messages]
    assert heard == [("A story!", False), ("Once", True)]


def test_options_that_were_given_to_resume_are_kept(storage: SessionStorage) -> None:
    model = ScriptedModel(["One.", "Two.", "Three."])
    known: dict[str, Any] = {"provider": model, "storage": storage}
    first: dict[str, Any] = {"tools": ["read"], "system_prompt": "A", "temperature": 0.1}
    with Conversation.create("m1", **known, **first) as conversation:
        conversation.message("1").text()
        assert conversation.state.tools == ("read",)
    then: dict[str, Any] = {"tools": ["grep"], "system_prompt": "B", "temperature": 0.9}
    for given in (then, {}):
        with Conversation.resume(conversation.id, **known, **given) as again:
            assert again.state.tools == ("grep",)
            again.message("more").text()
        assert Conversation.info(conversation.id, storage=storage).tools == ("grep",)
    asked = [
        (one["system"], one["temperature"], [tool["name"] for tool in one["tools"]])
        for one in model.asked
    ]
    assert asked == [("A", 0.1, ["read"]), ("B", 0.9, ["grep"]), ("B", 0.9, ["grep"])]


def test_options_that_resume_was_not_given_stay(storage: SessionStorage) -> None:
    model = ScriptedModel(["One.", "Two."])
    known: dict[str, Any] = {"provider": model, "storage": storage}
    with Conversation.create("m1", tools=["read"], system_prompt="A", **known) as conversation:
        pass
    with Conversation.resume(conversation.id, temperature=0.9, **known):
        pass
    with Conversation.resume(conversation.id, **known) as again:
        again.message("1").text()
    (asked,) = model.asked
    assert (asked["system"], asked["temperature"]) == ("A", 0.9)
    assert [tool["name"] for tool in asked["tools"]] == ["read"]


def test_a_message_is_edited_by_a_dict_or_by_keywords(begin: Begin) -> None:
    conversation = begin(["Hello."]).conversation
    conversation.message("Hi.").text()
    first = conversation.get_messages()[0]
    fields: dict[str, Any] = {"content": "One?"}
    conversation.edit_message(first.id, fields)
    assert conversation.get_messages()[0].content == "One?"
    conversation.edit_message(first.id, content="Two?")
    assert conversation.get_messages()[0].content == "Two?"
    conversation.edit_message(first.id, "Three?")
    assert conversation.get_messages()[0].content == "Three?"
    with pytest.raises(InvalidArgumentError):
        conversation.edit_message(first.id)
    with pytest.raises(InvalidArgumentError):
        conversation.edit_message(first.id, {})
    assert conversation.get_messages()[0].content == "Three?"


def test_messages_tell_what_they_used(begin: Begin) -> None:
    replies = [
        Reply(calls=[("read", {"filePath": "nope"})], usage=USED),
        Reply("Done.", usage=Usage(prompt_tokens=20, completion_tokens=3)),
    ]
    prices = {"input": 1_000_000, "output": 2_000_000}
    conversation = begin(replies, tools=["read"], prices=prices).conversation
    conversation.message("Go.").text()
    asked, calling, result, last = conversation.get_messages()
    assert (asked.usage, result.usage) == (None, None)
    assert calling.usage == Usage(prompt_tokens=10, completion_tokens=4, cost=18.0)
    assert last.usage == Usage(prompt_tokens=20, completion_tokens=3, cost=26.0)
    assert asked.tokens is not None
    assert result.tokens is not None
    assert 0 < asked.tokens < result.tokens
    used = conversation.state.token_usage
    assert (used.input, used.output, used.total, used.cost) == (30, 7, 37, 44.0)


def test_a_service_tells_what_a_message_used(line: Line) -> None:
    conversation = line.answers(line.says("Hello."), prices={"input": 1_000_000})
    conversation.message("Hi.").text()
    asked, said = conversation.get_messages()
    assert said.usage == Usage(prompt_tokens=20, completion_tokens=5, cost=20.0)
    assert asked.tokens
    assert conversation.state.token_usage.cost == 20.0
