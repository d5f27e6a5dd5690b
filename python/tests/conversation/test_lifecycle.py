"""The life of a turn and of its conversation, by the same names in every language."""

from __future__ import annotations

import asyncio
import gc
import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from opencode.conversation import Conversation, Message, Reply, ScriptedModel, TextChunk
from opencode.errors import CancelledError, InvalidArgumentError
from opencode.sessions import SessionStorage
from tests.conversation.conftest import Begin, within
from tests.conversation.test_processes import ended, program

TALE = "Once upon a time"


def goes_on(conversation: Conversation) -> None:
    """What was said of the tale is kept, and the next message is answered."""
    asked, said = conversation.get_messages()
    assert (asked.content, said.interrupted) == ("A story!", True)
    assert TALE.startswith(said.content)
    assert within(conversation.message("Are you there?").text) == "Here I am."


async def test_cancel_in_mid_stream(begin: Begin) -> None:
    conversation = begin([Reply(TALE, hangs=True), "Here I am."]).conversation
    is_told = asyncio.Event()

    async def read() -> None:
        told = ""
        async for chunk in conversation.message("A story!"):
            if chunk.type == "text":
                told += chunk.content
            if told == TALE:
                is_told.set()

    task = asyncio.create_task(read())
    await asyncio.wait_for(is_told.wait(), 30)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (await conversation.message("Are you there?")).text == "Here I am."
    kept = conversation.get_messages()[1]
    assert (kept.content, kept.interrupted) == (TALE, True)


async def test_end_while_pending(begin: Begin) -> None:
    conversation = begin([Reply(hangs=True)]).conversation
    stream = conversation.message("Hi.")
    chunks = aiter(stream)
    pending = asyncio.ensure_future(anext(chunks))

    async def text() -> str:
        return (await stream).text

    awaited = asyncio.ensure_future(text())
    # So that both were begun.
    await asyncio.sleep(0)
    assert not pending.done()
    assert not awaited.done()
    stream.end()
    for waits in (pending, awaited):
        with pytest.raises(CancelledError) as caught:
            await asyncio.wait_for(waits, 10)
        assert (caught.value.code, caught.value.session_id) == ("CANCELLED", conversation.id)
    assert stream.is_over


def test_drop_without_end(begin: Begin) -> None:
    conversation = begin(["Hello!"]).conversation
    is_said = threading.Event()

    def heard(message: Message) -> None:
        if message.role == "assistant":
            is_said.set()

    conversation.on("message", heard)
    conversation.message("Hi.")
    gc.collect()
    assert is_said.wait(30)
    assert conversation.get_messages()[-1].content == "Hello!"


def test_break_out_of_the_loop(begin: Begin) -> None:
    conversation = begin([Reply(TALE, hangs=True), "Here I am."]).conversation
    stream = conversation.message("A story!")
    for chunk in stream:
        assert chunk.type == "text"
        break
    with pytest.raises(CancelledError):
        within(stream.text)
    assert stream.is_over
    goes_on(conversation)


def test_use_after_end(begin: Begin) -> None:
    conversation = begin(["Hello!"]).conversation
    stream = conversation.message("Hi.")
    stream.result()
    stream.end()
    assert list(stream)[-1].type == "end"
    assert stream.text() == "Hello!"
    chunks = iter(stream)
    assert [chunk.type for chunk in chunks][-1] == "end"
    assert next(chunks, None) is None

    conversation.close()
    conversation.close()
    assert conversation.is_closed
    assert stream.text() == "Hello!"
    with pytest.raises(InvalidArgumentError):
        conversation.message("Hi?").text()


async def test_a_callback_that_throws(begin: Begin, caplog: pytest.LogCaptureFixture) -> None:
    conversation = begin(["Hello, you!"]).conversation

    def fail(_: Message) -> None:
        raise ZeroDivisionError("not this one")

    async def fail_later(_: TextChunk) -> None:
        raise ZeroDivisionError("nor this one")

    conversation.on("message", fail)
    stream = conversation.message("Hi.").on("text", fail_later)
    assert (await stream).text == "Hello, you!"
    assert "not this one" in caplog.text
    assert "nor this one" in caplog.text


def test_50_concurrent_callers(begin: Begin) -> None:
    numbers = range(50)
    conversation = begin([f"answer {n}" for n in numbers]).conversation
    together = threading.Barrier(len(numbers))

    def call(n: int) -> tuple[str, str]:
        together.wait(30)
        question = f"question {n}"
        return question, conversation.message(question).text()

    with ThreadPoolExecutor(len(numbers)) as callers:
        heard = list(callers.map(call, numbers))
    said = [message.content for message in conversation.get_messages()]
    assert said[1::2] == [f"answer {n}" for n in numbers]
    # Whoever came first, each has the answer to its own question.
    assert sorted(zip(said[::2], said[1::2], strict=True)) == sorted(heard)


@pytest.mark.skipif(sys.platform == "win32", reason="there are no forks")
@pytest.mark.filterwarnings("ignore:This process")
def test_fork(begin: Begin, storage: SessionStorage) -> None:
    conversation = begin([Reply(TALE, hangs=True), "Here I am."]).conversation
    stream = conversation.message("A story!")
    chunks = iter(stream)
    next(chunks)
    child = os.fork()
    if child == 0:
        code = 1
        try:
            # The turn is its parent's: to end it and to close the conversation are nothing here.
            stream.end()
            conversation.close()
            model = ScriptedModel(["I am another."])
            with Conversation.create("m1", provider=model, storage=storage) as own:
                code = 0 if own.message("Who?").text() == "I am another." else 2
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert not stream.is_over
    assert conversation.state.status == "active"
    stream.end()
    with pytest.raises(CancelledError):
        within(stream.text)
    goes_on(conversation)


def test_process_exit_with_an_open_stream(tmp_path: Path) -> None:
    process = program(
        """
        import sys
        model = ScriptedModel([Reply(sys.argv[2], hangs=True)])
        storage = SessionStorage(sys.argv[1])
        conversation = Conversation.create(
            "any", provider=model, storage=storage, session_id="mine"
        )
        chunks = iter(conversation.message("A story!"))
        next(chunks)
        sys.exit(3)
        """,
        str(tmp_path),
        TALE,
    )
    out, err = ended(process)
    assert (process.returncode, out, err) == (3, "", "")
    with Conversation.resume(
        "mine", provider=ScriptedModel(["Here I am."]), storage=SessionStorage(tmp_path)
    ) as conversation:
        goes_on(conversation)
