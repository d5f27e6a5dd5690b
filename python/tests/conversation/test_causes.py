"""Whoever hears that a turn failed gets at what the program itself raised."""

from __future__ import annotations

import asyncio
import gc
import threading
import weakref
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from opencode.conversation import Conversation, Reply
from opencode.errors import (
    ConnectionFailedError,
    OpencodeError,
    ProviderAuthError,
    ProviderError,
    RateLimitError,
    RequestTimeoutError,
    ToolError,
)
from opencode.sessions import SessionStorage
from tests.conversation.conftest import Begin


class Failing:
    def __init__(self, *errors: Exception, says: str = "") -> None:
        self.errors = list(errors)
        self.says = says

    def stream(self, request: dict[str, Any]) -> Iterator[str]:
        if self.says:
            yield self.says
        if self.errors:
            raise self.errors.pop(0)
        yield "Well."


class AsyncFailing(Failing):
    async def stream(self, request: dict[str, Any]) -> AsyncIterator[str]:  # type: ignore[override]
        for event in super().stream(request):
            yield event


def cause_of(conversation: Conversation) -> BaseException | None:
    with pytest.raises(OpencodeError) as caught:
        conversation.message("Go.").text()
    return caught.value.__cause__


@pytest.mark.parametrize("kind", [Failing, AsyncFailing])
@pytest.mark.parametrize(
    "error",
    [
        ZeroDivisionError("oops"),
        LookupError(),
        ProviderAuthError("no key"),
        ValueError("long " * 10_000),
    ],
)
def test_the_error_of_a_provider_is_the_cause(
    begin: Begin, kind: type[Failing], error: Exception
) -> None:
    assert cause_of(begin([], provider=kind(error, says="So")).conversation) is error


def test_the_error_of_a_tool_is_the_cause(begin: Begin) -> None:
    error = LookupError("no such thing")

    def fail() -> None:
        raise error

    async def fail_later() -> None:
        await asyncio.sleep(0)
        raise error

    def odd() -> object:
        return object()

    for tool in (fail, fail_later, odd):
        script = [Reply(calls=[(tool.__name__, {})])]
        conversation = begin(script, tools=[tool], tool_errors="raise").conversation
        cause = cause_of(conversation)
        assert isinstance(cause, TypeError) if tool is odd else cause is error


def test_of_several_errors_the_one_that_is_told_is_the_cause(begin: Begin) -> None:
    all_failed = threading.Barrier(3)

    def fail(number: int) -> None:
        all_failed.wait(10)
        raise LookupError(f"no thing {number}")

    script = [Reply(calls=[("fail", {"number": number}) for number in range(3)])]
    conversation = begin(script, tools=[fail], tool_errors="raise").conversation
    with pytest.raises(ToolError) as caught:
        conversation.message("Go.").text()
    assert str(caught.value.__cause__) in caught.value.message


def test_each_turn_has_its_own_cause(begin: Begin) -> None:
    errors = [ValueError("the same"), ValueError("the same")]
    conversation = begin([], provider=Failing(*errors)).conversation
    streams = [conversation.message("Go.")]
    while not streams[0].is_over:
        threading.Event().wait(0.001)
    streams.append(conversation.message("Go again."))
    for stream, error in reversed(list(zip(streams, errors, strict=True))):
        for _ in range(2):
            with pytest.raises(ProviderError) as caught:
                stream.text()
            assert caught.value.__cause__ is error


def test_the_cause_is_known_however_the_turn_is_read(begin: Begin) -> None:
    error = ZeroDivisionError("oops")
    heard: list[Any] = []

    async def read() -> None:
        stream = begin([], provider=AsyncFailing(error)).conversation.message("Go.")
        with pytest.raises(ProviderError) as caught:
            await stream
        heard.append(caught.value)
        with pytest.raises(ProviderError) as caught:
            async for _ in stream:
                pass
        heard.append(caught.value)

    asyncio.run(read())
    stream = begin([], provider=Failing(error)).conversation.message("Go.")
    stream.on("error", heard.append)
    with pytest.raises(ProviderError) as caught:
        list(stream)
    heard.append(caught.value)
    assert [one.__cause__ for one in heard] == [error] * 4


def test_who_reads_a_turn_is_the_only_one_to_keep_its_errors(begin: Begin) -> None:
    class Kept(Exception):
        pass

    kept: list[weakref.ref[Kept]] = []

    def fail() -> None:
        error = Kept("no such thing")
        kept.append(weakref.ref(error))
        raise error

    conversation = begin([Reply(calls=[("fail", {})]), "Well."], tools=[fail]).conversation
    stream = conversation.message("Go.")
    assert stream.text() == "Well."
    assert len(kept) == 1
    del stream
    # The thread that the tool ran on may still be on its way out.
    while kept[0]() is not None:
        gc.collect()


@pytest.mark.parametrize(
    ("error", "is_retryable"),
    [
        (RateLimitError("slow down"), True),
        (ConnectionFailedError("cut off"), True),
        (RequestTimeoutError("too slow"), True),
        (ProviderError("burned down"), False),
        (ProviderError("burning", retryable=True), True),
    ],
)
def test_failures_that_pass_are_known_by_their_kind(
    storage: SessionStorage, error: OpencodeError, is_retryable: bool
) -> None:
    provider = Failing(error, says="So")
    with Conversation.create("m1", provider=provider, storage=storage) as conversation:
        with pytest.raises(OpencodeError) as caught:
            conversation.message("Go.").text()
        assert type(caught.value) is type(error)
        assert caught.value.retryable is is_retryable
