"""Nothing waits for itself: callbacks, tools and providers that speak, and objects that end."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from opencode.conversation import Chunk, Conversation, Message, Reply, ResponseStream
from opencode.errors import BusyError, InvalidArgumentError, ProviderError
from opencode.sessions import SessionStorage
from tests.conversation.conftest import Begin, within


def test_a_callback_may_wait_for_another_turn_on_another_thread(begin: Begin) -> None:
    conversation = begin(["One.", "Two."]).conversation
    heard: list[str] = []

    async def listen(message: Message) -> None:
        if message.content == "One.":
            heard.append(await asyncio.to_thread(lambda: conversation.message("2").text()))

    conversation.on("message", listen)
    assert within(lambda: conversation.message("1").text()) == "One."
    assert heard == ["Two."]


def test_conversations_whose_listeners_speak_with_each_other(begin: Begin) -> None:
    one, other = begin(["a1", "a2"]).conversation, begin(["b1", "b2"]).conversation
    heard: list[str] = []

    def first(message: Message) -> None:
        if message.content == "a1":
            heard.append(other.message("from one").text())

    told = threading.Event()

    def second(message: Message) -> None:
        if message.content == "b1":
            heard.append(one.message("from the other").text())
            told.set()

    one.on("message", first)
    other.on("message", second)
    assert within(lambda: one.message("Go.").text()) == "a1"
    assert told.wait(10)
    assert sorted(heard) == ["a2", "b1"]


async def test_a_callback_may_await_its_turn_with_others(begin: Begin) -> None:
    heard: list[Any] = []
    stream = begin(["Hello."]).conversation.message("Hi.")

    async def end(_: object) -> None:
        heard.extend(await asyncio.gather(stream, asyncio.sleep(0)))

    stream.on("end", end)
    assert (await asyncio.wait_for(asyncio.ensure_future(_awaited(stream)), 20)).text == "Hello."
    assert str(heard[0]) == "Hello."


async def _awaited(stream: Any) -> Any:
    return await stream


def test_who_waits_does_not_wait_for_what_is_said_later(begin: Begin) -> None:
    conversation = begin(["Yes."] * 1000).conversation
    is_enough = threading.Event()
    slow, calls = threading.Event(), 0

    def listen(_: Message) -> None:
        nonlocal calls
        calls += 1
        slow.set()
        time.sleep(0.005)

    conversation.on("message", listen)

    def go_on() -> None:
        # Callbacks are always behind.
        while not is_enough.is_set():
            conversation.message("Again?")._native.result()

    thread = threading.Thread(target=go_on)
    thread.start()
    try:
        assert slow.wait(10)
        within(lambda: conversation.message("Mine?").text())
    finally:
        is_enough.set()
        thread.join(20)
    assert calls > 2


async def test_who_awaits_comes_after_listeners_on_threads(begin: Begin) -> None:
    conversation = begin(["Hello."]).conversation
    heard: list[str] = []

    def listen(message: Message) -> None:
        time.sleep(0.02)
        heard.append(message.role)

    await asyncio.to_thread(conversation.on, "message", listen)
    await conversation.message("Hi.")
    assert heard == ["user", "assistant"]


def asks_itself(replies: list[str | Reply], begin: Begin, **options: Any) -> Conversation:
    conversations: list[Conversation] = []

    def ask() -> str:
        return conversations[0].message("And?").text()

    async def ask_later() -> str:
        return (await conversations[0].message("And?")).text

    def wait() -> str:
        assert said.wait(10)
        return streams[0].text()

    def read() -> list[Chunk]:
        assert said.wait(10)
        return list(streams[0])

    said = threading.Event()
    streams: list[ResponseStream] = []
    options = {"tools": [ask, ask_later, wait, read], **options}
    conversations.append(begin(replies, **options).conversation)
    streams.append(conversations[0].message("Go."))
    said.set()
    streams[0].result()
    return conversations[0]


@pytest.mark.parametrize("how", ["ask", "ask_later", "wait", "read"])
def test_a_tool_cannot_wait_for_the_conversation_that_waits_for_it(begin: Begin, how: str) -> None:
    began = time.monotonic()
    conversation = within(lambda: asks_itself([Reply(calls=[(how, {})]), "Done.", "Ghost."], begin))
    assert time.monotonic() - began < 10
    messages = conversation.get_messages()
    assert [message.role for message in messages] == ["user", "assistant", "tool", "assistant"]
    (result,) = messages[2].tool_results
    assert "BusyError" in str(result.error)
    assert "fork" in str(result.error)
    assert conversation.message("Still there?").text() == "Ghost."


def test_two_conversations_whose_tools_ask_each_other(begin: Begin) -> None:
    def ask_other() -> str:
        return other.message("And you?").text()

    def ask_first() -> str:
        return first.message("And you?").text()

    first = begin([Reply(calls=[("ask_other", {})]), "Done."], tools=[ask_other]).conversation
    other = begin([Reply(calls=[("ask_first", {})]), "I cannot."], tools=[ask_first]).conversation
    assert within(lambda: first.message("Go.").text()) == "Done."
    (result,) = other.get_messages()[2].tool_results
    assert "BusyError" in str(result.error)
    assert first.get_messages()[2].tool_results[0].result == "I cannot."


def test_approve_cannot_wait_for_its_conversation(begin: Begin, storage: SessionStorage) -> None:
    failed: list[BusyError] = []

    def approve(_: object) -> bool:
        try:
            conversation.message("May it?")
        except BusyError as error:
            failed.append(error)
        return False

    call = ("bash", {"command": "true", "description": "nothing"})
    replies = [Reply(calls=[call]), "Well."]
    conversation = begin(replies, tools=["bash"], approve=approve).conversation
    assert within(lambda: conversation.message("Go.").text()) == "Well."
    assert failed[0].session_id == conversation.id


def test_a_provider_cannot_wait_for_its_conversation(storage: SessionStorage) -> None:
    class Model:
        def stream(self, _: object) -> Iterator[str]:
            yield conversation.message("What do you say?").text()

    with Conversation.create("any", provider=Model(), storage=storage) as conversation:
        with pytest.raises(ProviderError, match="waits for what asks"):
            within(lambda: conversation.message("Hi.").text())
        assert len(conversation.get_messages()) == 1


def test_what_a_tool_leaves_behind_may_speak_when_it_is_through(begin: Begin) -> None:
    told: list[str] = []
    is_through, spoken = threading.Event(), threading.Event()

    async def later() -> None:
        await asyncio.to_thread(is_through.wait, 10)
        told.append((await conversation.message("Later.")).text)
        spoken.set()

    tasks: list[Any] = []

    async def leave() -> None:
        tasks.append(asyncio.create_task(later()))

    replies = [Reply(calls=[("leave", {})]), "Done.", "Yes."]
    conversation = begin(replies, tools=[leave]).conversation
    assert conversation.message("Go.").text() == "Done."
    is_through.set()
    assert spoken.wait(10)
    assert told == ["Yes."]


async def test_an_object_that_saves_at_its_end_keeps_nobody_waiting(
    begin: Begin, storage: SessionStorage
) -> None:
    log = begin([]).conversation.on("save", lambda: None)
    other = begin(["Hello."]).conversation
    ended = threading.Event()
    goes_on = threading.Event()

    class Slow:
        def stream(self, _: object) -> Iterator[str]:
            goes_on.wait(10)
            yield "Hi."

    class Mine(Conversation):
        def __del__(self) -> None:
            log.save()
            ended.set()

    Mine.create("any", provider=Slow(), storage=storage).message("Hi.")
    goes_on.set()
    assert await asyncio.to_thread(ended.wait, 20)
    answer = await asyncio.wait_for(asyncio.ensure_future(_awaited(other.message("Hi."))), 20)
    assert answer.text == "Hello."


async def test_a_loop_that_runs_a_turns_coroutine_cannot_be_blocked_by_waiting_for_it(
    storage: SessionStorage,
) -> None:
    asked, goes_on = asyncio.Event(), asyncio.Event()

    class Model:
        async def stream(self, _: object) -> AsyncIterator[str]:
            asked.set()
            await goes_on.wait()
            yield "Hello."

    async with Conversation.create("any", provider=Model(), storage=storage) as conversation:
        stream = conversation.message("Hi.")
        await asked.wait()
        with pytest.raises(InvalidArgumentError, match="await it"):
            stream.text()
        goes_on.set()
        assert (await stream).text == "Hello."
        assert stream.text() == "Hello."
