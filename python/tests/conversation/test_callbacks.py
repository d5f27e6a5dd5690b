"""Where callbacks run, in which context, and that none is in the way of another."""

from __future__ import annotations

import asyncio
import contextvars
import logging
import threading
from typing import Any

import pytest

from opencode.conversation import Reply, TextChunk
from tests.conversation.conftest import Begin, within

WHO: contextvars.ContextVar[str] = contextvars.ContextVar("WHO", default="nobody")


def here() -> str:
    return threading.current_thread().name


async def _awaited(stream: Any) -> Any:
    return await stream


async def test_one_registered_on_a_loop_runs_there_also_while_the_loop_waits(begin: Begin) -> None:
    names: list[str] = []
    conversation = begin(["Hello."]).conversation

    def heard(event: asyncio.Event) -> None:
        names.append(here())
        event.set()

    saved, told = asyncio.Event(), asyncio.Event()
    conversation.on("save", lambda: heard(saved)).on("message", lambda _: heard(told))
    conversation.save()
    await asyncio.wait_for(saved.wait(), 20)
    conversation.message("Hi.").text()
    await asyncio.wait_for(told.wait(), 20)
    assert set(names) == {threading.main_thread().name}


def test_callbacks_have_the_context_they_were_registered_in(begin: Begin) -> None:
    seen: list[str] = []
    conversation = begin(["Hello."]).conversation

    def register() -> None:
        WHO.set("alice")
        conversation.on("message", lambda _: seen.append(WHO.get()))

    contextvars.copy_context().run(register)
    stream = conversation.message("Hi.")
    stream.on("end", lambda _: seen.append(WHO.get()))
    stream.text()
    assert sorted(seen) == ["alice", "alice", "nobody"]


async def test_those_of_a_turn_run_on_the_loop_they_were_registered_on(begin: Begin) -> None:
    stream = begin(["Hello."]).conversation.message("Hi.")
    await asyncio.to_thread(stream.on, "start", lambda: None)
    names: list[str] = []
    stream.on("text", lambda _: names.append(here()))
    stream.on("end", lambda _: names.append(here()))
    await asyncio.to_thread(stream.on, "end", lambda _: names.append("thread: " + here()))
    await stream
    elsewhere = [name for name in names if name.startswith("thread: ")]
    assert elsewhere == ["thread: opencode-sessions callbacks"]
    assert set(names) - set(elsewhere) == {threading.main_thread().name}


async def test_a_slow_callback_keeps_nobody_from_registering(begin: Begin) -> None:
    stream = begin([Reply("Hello there.", hangs=True)]).conversation.message("Hi.")
    loop = asyncio.get_running_loop()
    shown: list[str] = []
    failed: list[BaseException] = []
    begun = asyncio.Event()

    async def show(chunk: TextChunk) -> None:
        begun.set()
        await registered.wait()
        shown.append(chunk.content)

    def on_a_thread(chunk: TextChunk) -> None:
        try:
            asyncio.run_coroutine_threadsafe(show(chunk), loop).result(5)
        except BaseException as error:
            failed.append(error)

    registered = asyncio.Event()
    await asyncio.to_thread(stream.on, "text", on_a_thread)
    await begun.wait()
    stream.on("text", lambda _: None)
    registered.set()
    while not shown:
        await asyncio.sleep(0.001)
    stream.end()
    assert not failed


async def test_one_that_raises_whatever_it_is_ends_no_other(
    begin: Begin, caplog: pytest.LogCaptureFixture
) -> None:
    heard: list[str] = []

    def gives_up(_: object) -> None:
        raise asyncio.CancelledError("its own")

    stream = begin(["Hello."]).conversation.message("Hi.")
    stream.on("text", gives_up).on("end", gives_up).on("end", lambda _: heard.append("end"))
    with caplog.at_level(logging.ERROR):
        await stream
    assert heard == ["end"]
    assert caplog.text.count("CancelledError: its own") >= 2


def test_one_that_speaks_may_register_others(begin: Begin) -> None:
    conversation = begin(["One.", "Two."]).conversation
    heard: list[str] = []

    def end(_: object) -> None:
        stream.on("end", lambda summary: heard.append(summary.finish))
        heard.append(conversation.message("2").on("end", lambda _: None).text())

    stream = conversation.message("1")
    stream.on("end", end)
    assert within(stream.text) == "One."
    within(lambda: asyncio.run(_awaited(stream)))
    assert sorted(heard) == ["Two.", "stop"]
