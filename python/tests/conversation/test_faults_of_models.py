"""Faults that the scripted model injects itself: in each form, with what is then asked of it."""

from __future__ import annotations

import pytest

from opencode.errors import (
    ConnectionFailedError,
    DecodeError,
    ProviderAuthError,
    ProviderError,
    RateLimitError,
)
from tests.conversation.conftest import Service

LONG = "".join(f"word{number} " for number in range(60))


def test_a_limit_that_is_lifted_is_not_seen(service: Service) -> None:
    service.answers("Hello?", "Hello, world!")
    error = {"error": {"message": "Slow down", "type": "rate_limit_error"}, "status": 429}
    once = {"userMessage": "Hello?", "sequenceIndex": 0}
    service.add({"match": once, "response": {**error, "retryAfter": 0}})
    conversation = service.create()
    assert conversation.message("Hello?").text() == "Hello, world!"
    assert len(service.asked) == 2
    assert service.asked[0] == service.asked[1]


def test_a_limit_for_ever_is_told(service: Service) -> None:
    service.refuses("Hello?", 429, "rate_limit_error", "Slow down", retryAfter=0)
    with pytest.raises(RateLimitError) as caught:
        service.create().message("Hello?").text()
    assert caught.value.retry_after == 0
    assert len(service.asked) == 4


def test_a_wrong_key_is_told(service: Service) -> None:
    conversation = service.create()
    with pytest.raises(ProviderAuthError, match="Wrong key"):
        conversation.message("be locked out").text()
    assert len(service.asked) == 1


def test_a_server_that_fails_is_asked_again_and_then_told(service: Service) -> None:
    service.answers("Drop it", LONG, chaos={"dropRate": 1.0})
    conversation = service.create()
    with pytest.raises(ProviderError):
        conversation.message("Drop it").text()
    assert len(service.asked) == 4
    assert len(conversation.get_messages()) == 1


def test_a_stream_that_is_cut_is_kept(service: Service) -> None:
    """The model hangs up after some pieces, with others on their way."""
    service.answers("Break off", LONG, truncateAfterChunks=8, chunkSize=5, latency=5)
    conversation = service.create()
    stream = conversation.message("Break off")
    heard: list[str] = []
    with pytest.raises(ConnectionFailedError):
        heard.extend(chunk.content for chunk in stream if chunk.type == "text")
    words = "".join(heard)
    assert words
    assert LONG.startswith(words)
    kept = conversation.get_messages()[-1]
    assert (kept.content, kept.interrupted) == (words, True)
    assert len(service.asked) == 1
    service.answers("Go on", "The rest.")
    assert conversation.message("Go on").text() == "The rest."
    assert ("assistant", words) in service.form.said(service.asked[-1])


def test_a_call_that_is_cut_is_none(service: Service) -> None:
    """It said something before, and is not asked again."""
    call = {"name": "note", "arguments": {"text": "x" * 400}}
    service.add(
        {
            "match": {"userMessage": "Call and hang up"},
            "response": {"content": "Let me see.", "toolCalls": [call]},
            "truncateAfterChunks": 12,
            "chunkSize": 8,
            # What was said is on its way before the model hangs up.
            "latency": 5,
        }
    )
    ran: list[object] = []
    conversation = service.create()
    conversation.register_tool("note", "Notes", {"type": "object"}, ran.append)
    with pytest.raises(ConnectionFailedError):
        conversation.message("Call and hang up").text()
    kept = conversation.get_messages()[-1]
    assert (kept.role, kept.content, kept.interrupted) == ("assistant", "Let me see.", True)
    assert (kept.tool_calls, ran, len(service.asked)) == ((), [], 1)
    service.answers("Go on", "The rest.")
    assert conversation.message("Go on").text() == "The rest."
    assert len(service.asked) == 2


def test_an_answer_that_is_no_json_is_told(service: Service) -> None:
    service.answers("Be malformed", LONG, chaos={"malformedRate": 1.0})
    conversation = service.create()
    with pytest.raises(DecodeError):
        conversation.message("Be malformed").text()
    assert len(service.asked) == 1
    service.answers("Are you there?", "Here I am.")
    conversation.delete_message(conversation.get_messages()[0].id)
    assert conversation.message("Are you there?").text() == "Here I am."


def test_a_slow_model_is_waited_for(service: Service) -> None:
    service.answers("Take your time", "At last.", chaos={"latencyMs": 300}, latency=10)
    assert service.create().message("Take your time").text() == "At last."
    assert len(service.asked) == 1


def test_a_model_that_hangs_up_is_called_again(service: Service) -> None:
    service.answers("Hang up", "Hello, world!")
    once = {"userMessage": "Hang up", "sequenceIndex": 0}
    chaos = {"disconnectRate": 1.0}
    service.add({"match": once, "response": {"content": LONG}, "chaos": chaos})
    conversation = service.create()
    assert conversation.message("Hang up").text() == "Hello, world!"
    assert len(service.asked) == 2
    assert len(conversation.get_messages()) == 2
