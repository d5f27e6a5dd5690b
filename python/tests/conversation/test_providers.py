"""Models of the program's own: generators on threads and on loops, which fail, end and hang."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from opencode.conversation import Conversation, Reply, ScriptedModel, ToolResultChunk, Usage
from opencode.errors import (
    CancelledError,
    ContextLengthExceededError,
    InvalidArgumentError,
    OpencodeError,
    ProviderAuthError,
    ProviderError,
    RateLimitError,
)
from opencode.sessions import SessionStorage


@pytest.fixture
def storage(storage: SessionStorage) -> SessionStorage:
    return storage


def begin(provider: Any, storage: SessionStorage, **options: Any) -> Conversation:
    return Conversation.create("m1", provider=provider, storage=storage, **options)


class Generator:
    name = "mine"

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []

    def stream(self, request: dict[str, Any]) -> Iterator[Any]:
        self.asked.append(request)
        if len(self.asked) == 1:
            yield {"type": "reasoning", "content": "Hm."}
            yield "Let me see. "
            yield {"type": "tool_call", "tool": "double", "params": {"n": 4}}
            return
        yield {"type": "text", "content": "It is 8."}
        yield {"type": "usage", "prompt_tokens": 10, "completion_tokens": 4}
        yield {"type": "finish", "reason": "length"}


class AsyncGenerator(Generator):
    async def stream(self, request: dict[str, Any]) -> AsyncIterator[Any]:  # type: ignore[override]
        for event in super().stream(request):
            await asyncio.sleep(0)
            yield event


class Returning(Generator):
    async def stream(self, request: dict[str, Any]) -> list[Any]:  # type: ignore[override]
        await asyncio.sleep(0)
        return list(super().stream(request))


def double(n: int) -> int:
    return 2 * n


@pytest.mark.parametrize("kind", [Generator, AsyncGenerator, Returning])
def test_a_provider_answers_calls_tools_and_is_asked_again(
    storage: SessionStorage, kind: type[Generator]
) -> None:
    provider = kind()
    with begin(provider, storage, tools=[double], system_prompt="Be brief.") as conversation:
        answer = conversation.message("Twice 4?").result()
        assert (answer.text, answer.finish) == ("It is 8.", "length")
        assert answer.usage == Usage(prompt_tokens=10, completion_tokens=4)
        assert conversation.session.provider == "mine"
    first, second = provider.asked
    assert (first["model"], first["system"]) == ("m1", "Be brief.")
    assert [tool["name"] for tool in first["tools"]] == ["double"]
    assert [message["role"] for message in second["messages"]] == ["user", "assistant", "tool"]
    assert second["messages"][-1]["content"] == "8"


async def test_an_asynchronous_provider_runs_on_the_loop_that_speaks(
    storage: SessionStorage,
) -> None:
    class Here:
        async def stream(self, request: dict[str, Any]) -> AsyncIterator[str]:
            yield str(asyncio.get_running_loop() is loop)

    loop = asyncio.get_running_loop()
    async with begin(Here(), storage) as conversation:
        assert (await conversation.message("Where?")).text == "True"


class Failing:
    def __init__(self, error: BaseException, after: str = "") -> None:
        self.error = error
        self.after = after

    def stream(self, request: dict[str, Any]) -> Iterator[str]:
        if self.after:
            yield self.after
        raise self.error


class AsyncFailing(Failing):
    async def stream(self, request: dict[str, Any]) -> AsyncIterator[str]:  # type: ignore[override]
        for event in super().stream(request):
            yield event


@pytest.mark.parametrize("kind", [Failing, AsyncFailing])
@pytest.mark.parametrize(
    ("error", "raised"),
    [
        (ContextLengthExceededError("too long"), ContextLengthExceededError),
        (ProviderAuthError("no key"), ProviderAuthError),
        (RateLimitError("slow down", retry_after=7.5), RateLimitError),
        (ProviderError("burned down"), ProviderError),
        (ZeroDivisionError("oops \ud800"), ProviderError),
        (InvalidArgumentError("wrong"), ProviderError),
    ],
)
def test_a_provider_that_raises_fails_the_turn_in_its_kind(
    storage: SessionStorage, kind: type[Failing], error: Exception, raised: type[OpencodeError]
) -> None:
    with begin(kind(error, "So"), storage) as conversation:
        with pytest.raises(raised) as caught:
            conversation.message("Go.").text()
        assert type(caught.value) is raised
        assert caught.value.session_id == conversation.id
        if isinstance(error, RateLimitError):
            assert caught.value.retry_after == 7.5  # type: ignore[attr-defined]
        if isinstance(error, ZeroDivisionError):
            assert "ZeroDivisionError: oops ?" in str(caught.value)
        said = conversation.get_messages()[-1]
        assert (said.content, said.interrupted) == ("So", True)


def test_a_retryable_failure_before_the_first_word_is_tried_again(storage: SessionStorage) -> None:
    class Shy:
        asked = 0

        def stream(self, request: dict[str, Any]) -> Iterator[str]:
            self.asked += 1
            if self.asked == 1:
                raise RateLimitError("slow down", retry_after=0.0)
            yield "Hello."

    shy = Shy()
    with begin(shy, storage) as conversation:
        assert conversation.message("Hi.").text() == "Hello."
    assert shy.asked == 2


@pytest.mark.parametrize("event", [5, {"type": "nope"}, {"type": "text"}, object(), "\ud800", None])
def test_what_is_no_event_fails_the_turn(storage: SessionStorage, event: Any) -> None:
    class Odd:
        def stream(self, request: dict[str, Any]) -> Iterator[Any]:
            yield event

    with begin(Odd(), storage) as conversation, pytest.raises(ProviderError):
        conversation.message("Go.").text()


@pytest.mark.parametrize("given", [5, None])
def test_what_is_no_stream_fails_the_turn(storage: SessionStorage, given: Any) -> None:
    class Odd:
        def stream(self, request: dict[str, Any]) -> Any:
            return given

    with begin(Odd(), storage) as conversation, pytest.raises(ProviderError, match="TypeError"):
        conversation.message("Go.").text()


def test_ending_a_turn_closes_the_generator(storage: SessionStorage) -> None:
    goes_on, closed = threading.Event(), threading.Event()

    class Endless:
        def stream(self, request: dict[str, Any]) -> Iterator[str]:
            try:
                while True:
                    yield "word "
                    goes_on.wait(0.01)
            finally:
                closed.set()

    with begin(Endless(), storage) as conversation:
        for _ in conversation.message("Talk."):
            break
        assert closed.wait(10)


async def test_ending_a_turn_closes_the_asynchronous_generator(storage: SessionStorage) -> None:
    closed = asyncio.Event()

    class Hanging:
        async def stream(self, request: dict[str, Any]) -> AsyncIterator[str]:
            try:
                yield "word"
                await asyncio.Event().wait()
            finally:
                closed.set()

    async with begin(Hanging(), storage) as conversation:
        stream = conversation.message("Talk.")
        async for _ in stream:
            break
        await asyncio.wait_for(closed.wait(), 10)
        with pytest.raises(CancelledError):
            await stream


@pytest.mark.parametrize("wrong", [5, object(), "nowhere", ScriptedModel])
def test_what_is_no_provider_is_refused(storage: SessionStorage, wrong: Any) -> None:
    if wrong is ScriptedModel:
        wrong = type("Odd", (), {"stream": 5})()
    with pytest.raises(InvalidArgumentError):
        begin(wrong, storage)
    assert Conversation.list(storage=storage) == []


def test_a_key_that_is_missing_is_said_before_anything_is_stored(
    storage: SessionStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(ProviderAuthError, match="OPENAI_API_KEY"):
        Conversation.create("openai/gpt-5", storage=storage)
    assert Conversation.list(storage=storage) == []


def test_a_script_that_is_over_fails(storage: SessionStorage) -> None:
    with begin(ScriptedModel([]), storage) as conversation, pytest.raises(ProviderError):
        conversation.message("Hi.").text()


@pytest.mark.parametrize(
    "replies", ["text", [5], [Reply(calls=[("a", object())])], [Reply("\ud800")], ["\ud800"]]
)
def test_what_is_no_script_is_refused(replies: Any) -> None:
    with pytest.raises(InvalidArgumentError):
        ScriptedModel(replies)


def test_a_scripted_call_may_be_no_json(storage: SessionStorage) -> None:
    model = ScriptedModel([Reply(calls=[("double", '{"n": ')]), "I see."])
    with begin(model, storage, tools=[double]) as conversation:
        chunks = list(conversation.message("Go."))
    (result,) = [chunk for chunk in chunks if isinstance(chunk, ToolResultChunk)]
    assert "no JSON" in (result.error or "")


def test_a_provider_that_waits_sees_that_nobody_wants_the_answer(storage: SessionStorage) -> None:
    saw = threading.Event()

    class Model:
        def stream(self, request: dict[str, Any]) -> Iterator[str]:
            yield "Once"
            if request["cancelled"].wait(20):
                saw.set()

    with (
        Conversation.create("any", provider=Model(), storage=storage) as conversation,
        conversation.message("A story!") as stream,
    ):
        next(iter(stream))
    assert saw.wait(10)
