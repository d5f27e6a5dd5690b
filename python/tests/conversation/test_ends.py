"""Turns that are ended early while a service answers, refuses, or is about to be asked again."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from opencode.conversation import Conversation, ToolContext
from opencode.errors import CancelledError
from opencode.sessions import SessionStorage
from tests.conversation.conftest import Line
from tests.conversation.front import Answer


def goes_on(line: Line, conversation: Conversation, requests: int) -> None:
    assert len(line.asked) == requests
    line.front.answers = lambda *_: line.says("Here I am.")
    assert conversation.message("Are you there?").text() == "Here I am."
    assert conversation.state.status == "idle"
    assert len(line.asked) == requests + 1


class Endless:
    """An answer that goes on until whoever asked hangs up."""

    def __init__(self, line: Line) -> None:
        self.was_left = threading.Event()
        self._line = line

    def answer(self, *_: object) -> Answer:
        return Answer(self._pieces())

    def _pieces(self) -> Iterator[bytes]:
        form = self._line.form
        begin, *words = form.written([*form.begin(), *form.text(*["word "] * 1000)])
        try:
            yield begin
            while True:
                yield words[1]
                # So that it is no flood.
                self.was_left.wait(0.005)
        finally:
            self.was_left.set()


def test_leaving_a_loop_hangs_up(line: Line) -> None:
    endless = Endless(line)
    conversation = line.answers(Answer())
    line.front.answers = endless.answer
    for chunk in conversation.message("Talk."):
        assert chunk.type == "text"
        break
    assert endless.was_left.wait(10)
    goes_on(line, conversation, 1)
    kept = conversation.get_messages()[1]
    assert (kept.interrupted, kept.content[:5]) == (True, "word ")


async def test_a_task_that_is_cancelled_hangs_up(line: Line) -> None:
    endless = Endless(line)
    conversation = line.answers(Answer())
    line.front.answers = endless.answer
    speaks = asyncio.Event()

    async def wait() -> None:
        stream = conversation.message("Talk.")
        stream.on("text", lambda _: speaks.set())
        await stream

    task = asyncio.create_task(wait())
    await speaks.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await asyncio.to_thread(endless.was_left.wait, 10)
    line.front.answers = lambda *_: line.says("Here I am.")
    assert (await conversation.message("Are you there?")).text == "Here I am."


def test_a_turn_can_be_ended_while_it_waits_to_ask_again(line: Line) -> None:
    asked = threading.Event()
    refused = line.form.refused(429, "rate_limit_error", "Wait", retry_after="25")

    def answer(*_: object) -> Answer:
        asked.set()
        return refused

    conversation = line.answers(refused)
    line.front.answers = answer
    stream = conversation.message("Hello?")
    assert asked.wait(10)
    stream.end()
    with pytest.raises(CancelledError):
        stream.text()
    goes_on(line, conversation, 1)


def test_ending_a_turn_closes_its_calls(line: Line) -> None:
    """A call that is run as the turn is ended has a result, and the next message is accepted."""

    begun = threading.Event()

    def never(_: dict[str, Any]) -> None:
        begun.wait(10)
        stream.end()

    conversation = line.answers(line.calls("never", "{}"))
    conversation.register_tool("never", "Never ends", {"type": "object"}, never)
    stream = conversation.message("Wait.")
    begun.set()
    with pytest.raises(CancelledError) as caught:
        stream.text()
    assert caught.value.session_id == conversation.id
    (result,) = conversation.get_messages()[-1].tool_results
    assert result.id == conversation.get_messages()[1].tool_calls[0].id
    goes_on(line, conversation, 1)


def test_closing_a_conversation_ends_its_turn_and_keeps_what_was_said(
    line: Line, storage: SessionStorage
) -> None:
    endless = Endless(line)
    conversation = line.answers(Answer())
    line.front.answers = endless.answer
    speaks = threading.Event()
    stream = conversation.message("Talk.").on("text", lambda _: speaks.set())
    assert speaks.wait(10)
    conversation.close()
    with pytest.raises(CancelledError):
        stream.text()
    assert endless.was_left.wait(10)
    asked, said = storage.load(conversation.id).messages
    assert (asked.content, said.content[:5], said.interrupted) == ("Talk.", "word ", True)


def test_closing_a_conversation_ends_its_tools(line: Line, storage: SessionStorage) -> None:
    runs, was_told = threading.Event(), threading.Event()

    def work(context: ToolContext) -> None:
        """Works until it is told to stop."""
        runs.set()
        if context.cancelled.wait(10):
            was_told.set()

    conversation = line.answers(line.calls("work", "{}"), line.says("Done."), tools=[work])
    stream = conversation.message("Work.")
    assert runs.wait(10)
    conversation.close()
    with pytest.raises(CancelledError):
        stream.text()
    assert was_told.wait(10)
    roles = [message.role for message in storage.load(conversation.id).messages]
    assert roles == ["user", "assistant", "tool"]
    assert len(line.asked) == 1
