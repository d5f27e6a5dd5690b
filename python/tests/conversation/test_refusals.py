"""Services that refuse, fail or are not there: what is asked again, and what it ends as."""

from __future__ import annotations

import socket
import time
from pathlib import Path
from typing import Any

import pytest

from opencode.conversation import Conversation
from opencode.errors import (
    ConnectionFailedError,
    ContextLengthExceededError,
    DecodeError,
    OpencodeError,
    ProviderAuthError,
    ProviderError,
    RateLimitError,
)
from opencode.sessions import SessionStorage
from tests.conversation.conftest import Line
from tests.conversation.forms import Form
from tests.conversation.front import Answer

#: The first request, and three repetitions.
ALL = 4

#: Failures that may be over soon, and what they are if they are not.
PASSING = [
    (429, "rate_limit_error", RateLimitError),
    (500, "api_error", ProviderError),
    (502, "bad_gateway", ProviderError),
    (503, "server_error", ProviderError),
    (529, "overloaded_error", ProviderError),
]

#: Failures that a repetition would not help.
LASTING = [
    (400, "invalid_request_error", "messages: wrong", ProviderError),
    (400, "invalid_request_error", "prompt is too long: 9 > 8", ContextLengthExceededError),
    (400, "context_length_exceeded", "maximum context length", ContextLengthExceededError),
    (413, "request_too_large", "Request too large", ContextLengthExceededError),
    (401, "authentication_error", "invalid x-api-key", ProviderAuthError),
    (403, "permission_error", "not with this key", ProviderAuthError),
    (404, "not_found_error", "model: m1", ProviderError),
    (429, "insufficient_quota", "You exceeded your current quota", RateLimitError),
]


def goes_on(line: Line, conversation: Conversation, requests: int) -> None:
    """Nothing was answered, and the conversation can be gone on with."""
    assert len(line.asked) == requests
    assert conversation.state.status == "error"
    assert [message.role for message in conversation.get_messages()] == ["user"]
    line.front.answers = lambda *_: line.says("Here ", "I am.")
    assert conversation.message("Are you there?").text() == "Here I am."
    assert conversation.state.status == "idle"
    assert len(line.asked) == requests + 1
    assert "Are you there?" in line.form.said(line.asked[-1])[-1][1]


@pytest.mark.parametrize(("status", "kind", "raised"), PASSING)
def test_a_failure_that_passes_is_not_seen(
    line: Line, status: int, kind: str, raised: type[OpencodeError]
) -> None:
    failed = line.form.refused(status, kind, "Not now", retry_after="0")
    conversation = line.answers(failed, failed, line.says("Hello, ", "world!"))
    heard: list[Any] = []
    conversation.on("error", heard.append).on("message", lambda one: heard.append(one.role))
    stream = conversation.message("Hello?")
    kinds = {chunk.type for chunk in stream}
    answer = stream.result()
    assert (answer.text, answer.summary.turns, answer.usage.total) == ("Hello, world!", 1, 25)
    assert kinds == {"text", "usage", "end"}
    assert heard == ["user", "assistant"]
    assert len(conversation.get_messages()) == 2
    assert line.asked == [line.asked[0]] * 3


@pytest.mark.parametrize(("status", "kind", "raised"), PASSING)
def test_a_failure_that_does_not_pass_is_told_after_three_repetitions(
    line: Line, status: int, kind: str, raised: type[OpencodeError]
) -> None:
    conversation = line.answers(line.form.refused(status, kind, "Not now", retry_after="0"))
    with pytest.raises(raised, match="Not now") as caught:
        conversation.message("Hello?").text()
    assert type(caught.value) is raised
    assert caught.value.retryable
    assert caught.value.session_id == conversation.id
    goes_on(line, conversation, ALL)


@pytest.mark.parametrize(("status", "kind", "said", "raised"), LASTING)
def test_a_failure_that_lasts_is_told_at_once(
    line: Line, status: int, kind: str, said: str, raised: type[OpencodeError]
) -> None:
    conversation = line.answers(line.form.refused(status, kind, said))
    with pytest.raises(raised) as caught:
        conversation.message("Hello?").text()
    assert type(caught.value) is raised
    assert said in caught.value.message
    assert not caught.value.retryable
    goes_on(line, conversation, 1)


def test_a_repetition_waits_as_long_as_it_is_told(line: Line) -> None:
    times: list[float] = []
    answers = [line.form.refused(429, "rate_limit_error", "Wait", retry_after="0.3")]

    def answer(number: int, _: object) -> Answer:
        times.append(time.monotonic())
        return [*answers, line.says("Hello.")][number]

    conversation = line.answers(*answers)
    line.front.answers = answer
    assert conversation.message("Hello?").text() == "Hello."
    first, second = times
    assert second - first >= 0.3


@pytest.mark.parametrize(("wait", "seconds", "requests"), [("0", 0, ALL), ("600", 600, 1)])
def test_a_rate_limit_tells_how_long_to_wait(
    line: Line, wait: str, seconds: float, requests: int
) -> None:
    """It waits by itself for as long as one may wait unawares."""
    conversation = line.answers(
        line.form.refused(429, "rate_limit_error", "Wait", retry_after=wait)
    )
    with pytest.raises(RateLimitError) as caught:
        conversation.message("Hello?").text()
    assert caught.value.retry_after == seconds
    goes_on(line, conversation, requests)


def test_a_key_is_in_no_error_and_in_no_file(line: Line, tmp_path: Path) -> None:
    told = "Incorrect API key provided: key-of-a-test"
    conversation = line.answers(line.form.refused(401, "invalid_api_key", told))
    with pytest.raises(ProviderAuthError) as caught:
        conversation.message("Hello?").text()
    assert "key-of-a-test" not in str(caught.value) + repr(caught.value)
    assert "Incorrect API key provided: ***" in str(caught.value)
    assert line.form.key(line.front.asked[0]) == "key-of-a-test"
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert files
    assert all(b"key-of-a-test" not in path.read_bytes() for path in files)


def test_a_connection_that_closes_without_a_word_is_made_again(line: Line) -> None:
    conversation = line.answers(Answer(is_silent=True), line.says("Hello."))
    assert conversation.message("Hello?").text() == "Hello."
    assert len(line.asked) == 2


def test_a_service_that_is_not_there_is_a_failed_connection(
    form: Form, storage: SessionStorage
) -> None:
    # Taken, so that nobody else listens there, and nobody does.
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        options = form.options(f"http://127.0.0.1:{port}")
        with (
            Conversation.create("m1", storage=storage, **options) as conversation,
            pytest.raises(ConnectionFailedError) as caught,
        ):
            conversation.message("Hello?").text()
    assert caught.value.code == "CONNECTION"
    assert str(port) in caught.value.message


def test_a_web_page_is_no_answer(line: Line) -> None:
    conversation = line.answers(Answer([b"<html>Sign in</html>"], headers={"content-type": PAGE}))
    with pytest.raises(DecodeError, match="web page"):
        conversation.message("Hello?").text()
    goes_on(line, conversation, 1)


PAGE = "text/html; charset=utf-8"


def test_a_failure_between_two_requests_of_a_turn_runs_no_tool_again(line: Line) -> None:
    ran: list[int] = []

    def count() -> int:
        ran.append(1)
        return len(ran)

    failed = line.form.refused(503, "overloaded_error", "Not now", retry_after="0")
    conversation = line.answers(
        line.calls("count", "{}"), failed, failed, line.says("Once."), tools=[count]
    )
    answer = conversation.message("Count.").result()
    assert (answer.text, answer.summary.turns, len(ran)) == ("Once.", 2, 1)
    assert len(line.asked) == 4
    assert line.asked[1] == line.asked[2] == line.asked[3]


def test_a_failure_after_a_tool_keeps_its_result(line: Line) -> None:
    ran: list[int] = []

    def count() -> int:
        ran.append(1)
        return len(ran)

    failed = line.form.refused(401, "authentication_error", "The key ran out")
    conversation = line.answers(line.calls("count", "{}"), failed, tools=[count])
    with pytest.raises(ProviderAuthError):
        conversation.message("Count.").text()
    assert [message.role for message in conversation.get_messages()] == [
        "user",
        "assistant",
        "tool",
    ]
    line.front.answers = lambda *_: line.says("It was 1.")
    assert conversation.message("Well?").text() == "It was 1."
    assert len(ran) == 1
    assert ("tool", "1") in line.form.said(line.asked[-1])
