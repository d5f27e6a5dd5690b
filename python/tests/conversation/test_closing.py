"""A conversation's end: what was said is stored by then, and others can go on."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator

import pytest

from opencode.conversation import Chunk, Conversation, Reply, ResponseStream, ScriptedModel
from opencode.errors import BusyError, CancelledError
from opencode.sessions import SessionStorage
from tests.conversation.conftest import Begin, within


def begun(begin: Begin) -> tuple[Conversation, ResponseStream, Iterator[Chunk]]:
    """A conversation whose turn has said something and hangs."""
    conversation = begin([Reply("Once upon ", hangs=True)]).conversation
    stream = conversation.message("A story!")
    chunks = iter(stream)
    next(chunks)
    return conversation, stream, chunks


def test_after_close_everything_is_stored_and_others_go_on(
    begin: Begin, storage: SessionStorage
) -> None:
    conversation, stream, _chunks = begun(begin)
    assert not conversation.is_closed
    conversation.close()
    assert conversation.is_closed
    with pytest.raises(CancelledError):
        stream.text()
    model = ScriptedModel(["Good night."])
    with Conversation.resume(conversation.id, provider=model, storage=storage) as again:
        assert again.get_messages()[-1].interrupted
        assert again.status == "idle"
        assert again.message("Enough.").text() == "Good night."


def test_leaving_a_block_waits_for_it_too(begin: Begin, storage: SessionStorage) -> None:
    conversation, _, _chunks = begun(begin)
    with conversation:
        pass
    Conversation.resume(conversation.id, provider=ScriptedModel([]), storage=storage).close()


async def test_on_a_loop_the_end_is_awaited(begin: Begin, storage: SessionStorage) -> None:
    conversation, _, _chunks = begun(begin)
    async with conversation:
        pass
    Conversation.resume(conversation.id, provider=ScriptedModel([]), storage=storage).close()
    await conversation.aclose()


@pytest.mark.parametrize("kind", ["thread", "loop", "coroutine that does not await"])
def test_a_tool_may_close_the_conversation_that_waits_for_it(
    begin: Begin, storage: SessionStorage, kind: str
) -> None:
    closed = threading.Event()

    def on_a_thread() -> None:
        conversation.close()
        closed.set()

    async def on_a_loop() -> None:
        await conversation.aclose()
        closed.set()

    async def blocking() -> None:
        conversation.close()
        closed.set()

    close = {"thread": on_a_thread, "loop": on_a_loop}.get(kind, blocking)
    replies = [Reply(calls=[(close.__name__, {})]), "Never said."]
    conversation = begin(replies, tools=[close]).conversation
    stream = conversation.message("Close.")
    with pytest.raises(CancelledError):
        within(stream.text)
    assert closed.wait(10) or kind == "loop"
    conversation.close()
    Conversation.resume(conversation.id, provider=ScriptedModel([]), storage=storage).close()


def test_a_conversation_is_completed_by_hand(begin: Begin) -> None:
    conversation = begin([Reply("Hm", hangs=True), "Yes."]).conversation
    with conversation.message("Think.") as stream:
        chunks = iter(stream)
        next(chunks)
        assert conversation.status == "active"
        with pytest.raises(BusyError):
            conversation.complete()
    conversation.complete()
    assert conversation.status == conversation.state.status == "completed"
    conversation.message("And now?").text()
    assert conversation.status == "idle"


async def test_closing_keeps_the_loop_running(begin: Begin) -> None:
    conversation, _, _chunks = begun(begin)
    closing = asyncio.create_task(conversation.aclose())
    await asyncio.sleep(0)
    assert not closing.done()
    await closing
    assert conversation.is_closed
