"""Turns with a model that answers over HTTP: streamed, heard, failed, and one after another."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from opencode.conversation import Message, Summary, TokensUsed, ToolCall
from opencode.errors import (
    ContextLengthExceededError,
    OpencodeError,
    ProviderError,
    RateLimitError,
    ToolError,
)
from tests.conversation.conftest import Service
from tests.conversation.front import Answer, Asked

STORY = "First the routes, then the handlers, and a test for each of them."


def test_streaming(service: Service) -> None:
    """The first words are read before the model has said the last."""
    service.answers("Help me build a feature", STORY, chunkSize=8)
    goes_on, passed = threading.Event(), service.front.answers

    def held(number: int, asked: Asked) -> Answer:
        events = b"".join(passed(number, asked).pieces).split(b"\n\n")

        def pieces() -> Iterator[bytes]:
            for at, event in enumerate(events):
                if at == len(events) // 2:
                    goes_on.wait(10)
                yield event + b"\n\n"

        return Answer(pieces())

    service.front.answers = held
    stream = service.create().message("Help me build a feature")
    words: list[str] = []
    for chunk in stream:
        if chunk.type == "text":
            if not words:
                assert not stream.is_over
                goes_on.set()
            words.append(chunk.content)
    assert len(words) > 1
    assert "".join(words) == STORY


async def test_streaming_on_an_event_loop(service: Service) -> None:
    service.answers("Help me build a feature", STORY, chunkSize=8)
    words = ""
    async for chunk in service.create().message("Help me build a feature"):
        if chunk.type == "text":
            words += chunk.content
    assert words == STORY


def test_stream_events(service: Service, tmp_path: Path) -> None:
    service.calls("Help me", ("glob", {"pattern": "*"}), then="There is nothing.", chunkSize=4)
    conversation = service.create(tools=["glob"], working_dir=tmp_path)
    heard: list[str] = []
    stream = conversation.message("Help me")
    stream.on("start", lambda: heard.append("Response started"))
    stream.on("text", lambda chunk: heard.append(f"Text: {chunk.content}"))
    stream.on("tool_call", lambda call: heard.append(f"Tool call: {call.tool}"))
    stream.on("end", lambda summary: heard.append(f"Done. Tokens: {summary.tokens}"))
    stream.on("error", lambda error: heard.append(f"Error: {error}"))
    answer = stream.result()
    texts = [line.removeprefix("Text: ") for line in heard if line.startswith("Text: ")]
    assert "".join(texts) == answer.text == "There is nothing."
    assert heard[:2] == ["Response started", "Tool call: glob"]
    assert heard[2 + len(texts) :] == ["Done. Tokens: 50"]


def test_stream_events_of_a_turn_that_fails(service: Service) -> None:
    service.refuses("Help me", 401, "authentication_error", "Wrong key")
    told = threading.Event()
    heard: list[str] = []

    def failed(error: OpencodeError) -> None:
        heard.append(error.code)
        told.set()

    stream = service.create().message("Help me")
    stream.on("end", lambda _: heard.append("end"))
    stream.on("error", failed)
    assert told.wait(10)
    assert heard == ["PROVIDER_AUTH"]


def test_the_summary_of_a_turn(service: Service) -> None:
    service.answers("Help me", "Gladly.")
    answer = service.create(prices={"input": 1_000_000, "output": 2_000_000}).message("Help me")
    assert answer.result().summary == Summary(tokens=25, cost=30.0, finish="stop", turns=1)


def test_multi_turn_conversations(service: Service) -> None:
    turns = [
        ("Create a function to calculate fibonacci", "def fib(n): ..."),
        ("Now add memoization to optimize it", "@cache"),
        ("Write tests for the function", "def test_fib(): ..."),
    ]
    conversation = service.create("claude-3-sonnet")
    for said, text in turns:
        service.answers(said, text)
        assert conversation.message(said).text() == text
    everything = [one for said, text in turns for one in (("user", said), ("assistant", text))]
    asked = [service.form.said(body) for body in service.asked]
    assert asked == [everything[:1], everything[:3], everything[:5]]


def test_messages_wait_for_each_other(service: Service) -> None:
    """Turns that are begun at once are one after another."""
    for number in range(3):
        service.answers(f"Question {number}", f"Answer {number}", latency=5)
    conversation = service.create()
    streams = [conversation.message(f"Question {number}") for number in range(3)]
    assert [stream.text() for stream in streams] == [f"Answer {number}" for number in range(3)]
    assert [len(service.form.said(body)) for body in service.asked] == [1, 3, 5]


def test_error_handling_of_a_rate_limit(service: Service) -> None:
    # Longer than one waits unawares.
    service.refuses("Help me build a feature", 429, "rate_limit_error", "Slow down", retryAfter=600)
    conversation = service.create("claude-3-sonnet")
    with pytest.raises(RateLimitError) as caught:
        conversation.message("Help me build a feature").text()
    assert caught.value.code == "RATE_LIMIT"
    assert (caught.value.retry_after, caught.value.session_id) == (600, conversation.id)
    assert len(service.asked) == 1


TOO_LONG = {
    "openai": "This model's maximum context length is 200000 tokens.",
    "anthropic": "prompt is too long: 200001 tokens > 200000 maximum",
}


def test_error_handling_of_a_context_that_is_too_long(service: Service) -> None:
    conversation = service.create("claude-3-sonnet")
    for number in range(8):
        service.answers(f"Part {number}", f"Done {number}")
        conversation.message(f"Part {number}").text()
    service.refuses(
        "Help me build a feature", 400, "invalid_request_error", TOO_LONG[service.form.name]
    )
    with pytest.raises(ContextLengthExceededError) as caught:
        conversation.message("Help me build a feature").text()
    assert caught.value.code == "CONTEXT_LENGTH_EXCEEDED"

    assert conversation.clear_history(keep_last=10) == 7
    assert len(conversation.get_messages()) == 10
    service.answers("Try again", "Gladly.")
    assert conversation.message("Try again").text() == "Gladly."
    said = service.form.said(service.asked[-1])
    assert "Part 3" not in str(said)
    assert "Part 4" in str(said)


def test_error_handling_of_what_is_too_long_before_it_is_sent(service: Service) -> None:
    conversation = service.create(context_window=1000, max_tokens=100)
    with pytest.raises(ContextLengthExceededError):
        conversation.message("word " * 2000).text()
    assert service.asked == []
    conversation.clear_history()
    service.answers("Hello", "Hello, world!")
    assert conversation.message("Hello").text() == "Hello, world!"


def test_error_handling_of_a_tool(service: Service) -> None:
    def build() -> None:
        raise RuntimeError("the disk is full")

    service.calls("Help me build a feature", ("build", {}), then="Built.")
    conversation = service.create("claude-3-sonnet", tools=[build], tool_errors="raise")
    with pytest.raises(ToolError, match="the disk is full") as caught:
        conversation.message("Help me build a feature").text()
    assert caught.value.code == "TOOL_ERROR"
    assert "build" in caught.value.message
    assert len(service.asked) == 1

    service.answers("Go on", "It failed, I see.")
    assert conversation.message("Go on").text() == "It failed, I see."
    said = service.form.said(service.asked[-1])
    (told,) = [text for role, text in said if role == "tool"]
    assert "the disk is full" in told


def test_a_tool_that_fails_is_told_to_the_model_by_default(service: Service) -> None:
    def build() -> None:
        raise RuntimeError("the disk is full")

    service.calls("Help me build a feature", ("build", {}), then="It failed, I see.")
    conversation = service.create(tools=[build])
    assert conversation.message("Help me build a feature").text() == "It failed, I see."
    role, told = service.form.said(service.asked[-1])[-1]
    assert role == "tool"
    assert "the disk is full" in told


def test_session_events(service: Service, tmp_path: Path) -> None:
    service.calls("Which files?", ("glob", {"pattern": "*"}), then="None.")
    conversation = service.create("claude-3-sonnet", tools=["glob"], working_dir=tmp_path)
    heard: list[Any] = []

    def message(message: Message) -> None:
        heard.append(f"New message: {message.role}")

    def call(call: ToolCall) -> None:
        heard.append(f"Tool called: {call.tool}")

    def used(usage: TokensUsed) -> None:
        heard.append(f"Tokens used: {usage.total}")

    conversation.on("message", message).on("tool_call", call).on("token_usage", used)
    conversation.on("save", lambda: heard.append("Session saved"))
    conversation.message("Which files?").text()
    conversation.save()
    assert heard == [
        "New message: user",
        "Tokens used: 25",
        "New message: assistant",
        "Tool called: glob",
        "New message: tool",
        "Tokens used: 50",
        "New message: assistant",
        "Session saved",
    ]


def test_session_events_of_a_turn_that_nobody_reads(service: Service) -> None:
    service.refuses("Help me", 400, "invalid_request_error", "No such thing")
    told = threading.Event()
    heard: list[ProviderError] = []

    def failed(error: ProviderError) -> None:
        heard.append(error)
        told.set()

    conversation = service.create("claude-3-sonnet").on("error", failed)
    conversation.message("Help me")
    assert told.wait(10)
    assert "No such thing" in heard[0].message
