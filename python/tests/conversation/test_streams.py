"""A turn as it is read: by loops, by waiting, by callbacks, in any mix, and ended early."""

from __future__ import annotations

import asyncio
import gc
import pickle
import threading
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest

from opencode.conversation import (
    Chunk,
    Conversation,
    EndChunk,
    ReasoningChunk,
    Reply,
    Summary,
    TextChunk,
    ToolCallChunk,
    ToolResultChunk,
    Usage,
    UsageChunk,
)
from opencode.errors import BusyError, CancelledError, InvalidArgumentError, ProviderError
from opencode.sessions import SessionStorage
from tests.conversation.conftest import Begin

USED = Usage(prompt_tokens=10, completion_tokens=4)


def double(n: int) -> int:
    return 2 * n


def rich() -> list[str | Reply]:
    return [
        Reply("Let me see. ", reasoning="Hm.", calls=[("double", {"n": 4})], usage=USED),
        Reply("It is 8.", usage=USED),
    ]


def texts(chunks: list[Chunk]) -> str:
    return "".join(chunk.content for chunk in chunks if chunk.type == "text")


def test_a_loop_gives_typed_chunks(begin: Begin) -> None:
    talk = begin(rich(), tools=[double])
    kinds: list[str] = []
    for chunk in talk.conversation.message("Twice 4?"):
        match chunk:
            case TextChunk(content) | ReasoningChunk(content):
                assert content
            case ToolCallChunk(_, tool, params):
                assert (tool, params) == ("double", {"n": 4})
            case ToolResultChunk(_, tool, result, error):
                assert (tool, result, error) == ("double", 8, None)
            case UsageChunk(usage):
                assert usage == USED
                assert usage.total == 14
            case EndChunk(summary):
                assert (summary.tokens, summary.finish, summary.turns) == (28, "stop", 2)
        if not kinds or kinds[-1] != chunk.type:
            kinds.append(chunk.type)
    assert kinds == [
        "reasoning",
        "text",
        "tool_call",
        "usage",
        "tool_result",
        "text",
        "usage",
        "end",
    ]


async def test_an_asynchronous_loop_gives_the_same(begin: Begin) -> None:
    talk = begin(rich(), tools=[double])
    chunks = [chunk async for chunk in talk.conversation.message("Twice 4?")]
    assert texts(chunks) == "Let me see. It is 8."
    assert isinstance(chunks[-1], EndChunk)


def test_chunks_are_values(begin: Begin) -> None:
    talk = begin(rich(), tools=[double])
    for chunk in talk.conversation.message("Twice 4?"):
        assert pickle.loads(pickle.dumps(chunk)) == chunk
        with pytest.raises((AttributeError, TypeError)):
            chunk.type = "other"  # type: ignore[assignment, misc]


def test_loops_and_waits_can_be_mixed_and_each_loop_sees_all(begin: Begin) -> None:
    stream = begin(["one two three"]).conversation.message("Count.")
    assert stream.text() == "one two three"
    assert texts(list(stream)) == "one two three"
    assert texts(list(stream)) == "one two three"
    answer = stream.result()
    assert (answer.text, str(answer), answer.finish) == ("one two three",) * 2 + ("stop",)
    assert answer.message.role == "assistant"
    assert stream.is_over


def test_a_stream_is_waited_for_on_a_thread_and_on_a_loop(begin: Begin) -> None:
    stream = begin(["Hello."]).conversation.message("Hi.")
    assert stream.text() == "Hello."

    async def again() -> str:
        return (await stream).text

    assert asyncio.run(again()) == "Hello."


def test_a_reader_who_is_slow_gets_more_at_once(begin: Begin) -> None:
    stream = begin(["word " * 1000]).conversation.message("Talk.")
    stream.result()
    chunks = list(stream)
    assert texts(chunks) == "word " * 1000
    assert len(chunks) == 3


def test_a_forgotten_stream_goes_on(begin: Begin) -> None:
    conversation = begin(["Done.", "Again."]).conversation
    conversation.message("Do it.")
    gc.collect()
    conversation.message("And again.").text()
    said = [message.content for message in conversation.get_messages()]
    assert said == ["Do it.", "Done.", "And again.", "Again."]


def test_messages_wait_their_turn(begin: Begin) -> None:
    conversation = begin([f"answer {n}" for n in range(20)]).conversation
    streams = [conversation.message(f"question {n}") for n in range(20)]
    assert [stream.text() for stream in streams] == [f"answer {n}" for n in range(20)]


def test_leaving_a_loop_ends_the_turn_and_keeps_what_was_said(begin: Begin) -> None:
    conversation = begin([Reply("Once upon ", hangs=True), "Good night."]).conversation
    for chunk in conversation.message("A story!"):
        assert chunk.type == "text"
        break
    assert conversation.message("Enough.").text() == "Good night."
    kept = conversation.get_messages()[1]
    assert kept.interrupted
    assert "Once upon ".startswith(kept.content)


async def test_leaving_an_asynchronous_loop_ends_the_turn(begin: Begin) -> None:
    conversation = begin([Reply("Once upon ", hangs=True), "Good night."]).conversation
    async for chunk in conversation.message("A story!"):
        assert chunk.type == "text"
        break
    assert (await conversation.message("Enough.")).text == "Good night."


def test_an_exception_in_a_loop_ends_the_turn(begin: Begin) -> None:
    conversation = begin([Reply("Once", hangs=True), "Good night."]).conversation

    def fail() -> None:
        for _ in conversation.message("A story!"):
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert conversation.message("Enough.").text() == "Good night."


def test_end_tells_whoever_waits(begin: Begin) -> None:
    conversation = begin([Reply("Once", hangs=True)]).conversation
    stream = conversation.message("A story!")
    heard: list[BaseException] = []
    reads = threading.Event()

    def read() -> None:
        try:
            for _ in stream:
                reads.set()
        except CancelledError as error:
            heard.append(error)

    reader = threading.Thread(target=read)
    reader.start()
    assert reads.wait(10)
    stream.end()
    reader.join(10)
    assert [error.code for error in heard if isinstance(error, CancelledError)] == ["CANCELLED"]
    with pytest.raises(CancelledError) as caught:
        stream.text()
    assert caught.value.session_id == conversation.id
    stream.end()


def test_leaving_a_block_ends_the_turn_and_waits_for_it(begin: Begin) -> None:
    conversation = begin([Reply("Once", hangs=True)]).conversation
    with conversation.message("A story!") as stream:
        assert not stream.is_over
    assert stream.is_over
    assert conversation.state.status == "idle"


async def test_leaving_an_asynchronous_block_does_so_too(begin: Begin) -> None:
    conversation = begin([Reply("Once", hangs=True)]).conversation
    async with conversation.message("A story!") as stream:
        async for _ in stream:
            break
    assert stream.is_over
    assert conversation.state.status == "idle"


def test_a_block_that_reads_all_changes_nothing(begin: Begin) -> None:
    with begin(["Hello."]).conversation.message("Hi.") as stream:
        assert stream.text() == "Hello."
    assert stream.text() == "Hello."


async def test_a_cancelled_task_ends_the_turn(begin: Begin) -> None:
    conversation = begin([Reply("Once", hangs=True), Reply("Hm", hangs=True), "Yes."]).conversation
    begun = asyncio.Event()

    async def wait() -> None:
        stream = conversation.message("A story!")
        stream.on("text", lambda _: begun.set())
        await stream

    async def read() -> None:
        async for _ in conversation.message("Another one!"):
            begun.set()

    for what in (wait, read):
        begun.clear()
        task = asyncio.create_task(what())
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert (await conversation.message("Are you there?")).text == "Yes."


async def test_a_timeout_ends_the_turn(begin: Begin) -> None:
    conversation = begin([Reply("Once", hangs=True), "Yes."]).conversation
    with pytest.raises(asyncio.TimeoutError):
        await asyncio.wait_for(_awaited(conversation.message("A story!")), 0.05)
    assert (await conversation.message("Are you there?")).text == "Yes."


async def _awaited(stream: Any) -> Any:
    return await stream


def test_a_failed_turn_raises_where_it_is_read_or_awaited(begin: Begin) -> None:
    conversation = begin(
        [Reply("So", error=ProviderError("the model burned down")), "Better."]
    ).conversation
    stream = conversation.message("Go.")
    with pytest.raises(ProviderError, match="burned down") as caught:
        list(stream)
    assert caught.value.session_id == conversation.id
    with pytest.raises(ProviderError):
        stream.result()
    with pytest.raises(ProviderError):
        asyncio.run(_awaited(stream))
    assert conversation.state.status == "error"
    assert conversation.message("And now?").text() == "Better."


def test_a_second_message_is_refused_when_that_is_wanted(begin: Begin) -> None:
    conversation = begin([Reply("Hm", hangs=True), "Yes."], busy="error").conversation
    with conversation.message("Think.") as first:
        assert not first.is_over
        with pytest.raises(BusyError) as caught:
            conversation.message("Well?").text()
        assert caught.value.retryable
    assert conversation.message("Well?").text() == "Yes."


def test_nothing_to_say_is_refused(begin: Begin) -> None:
    conversation = begin([]).conversation
    with pytest.raises(InvalidArgumentError, match="something to say"):
        conversation.message("").text()
    assert conversation.get_messages() == []


def test_a_message_may_have_parts(begin: Begin, storage: SessionStorage) -> None:
    talk = begin(["A cat."])
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}
    talk.conversation.message([{"type": "text", "text": "What is this?"}, image]).text()
    (asked,) = talk.model.asked
    assert asked["messages"][0]["content"] == "What is this?"
    assert asked["messages"][0]["parts"] == [image]


def test_callbacks_hear_the_turn_from_its_beginning_and_before_who_waits(begin: Begin) -> None:
    heard: list[Any] = []
    stream = begin(rich(), tools=[double]).conversation.message("Twice 4?")
    stream.on("start", lambda: heard.append("start"))
    stream.on("text", lambda chunk: heard.append(chunk.content))
    stream.on("tool_call", lambda call: heard.append((call.tool, call.params)))
    stream.on("tool_result", lambda result: heard.append(result.result))

    def end(summary: Summary) -> None:
        time.sleep(0.1)
        heard.append(summary.tokens)

    stream.on("end", end)
    assert stream.text() == "It is 8."
    words = [one for one in heard if isinstance(one, str) and one != "start"]
    assert "".join(words) == "Let me see. It is 8."
    rest = [one for one in heard if one not in words]
    assert rest == ["start", ("double", {"n": 4}), 8, 28]
    late: list[Any] = []
    stream.on("end", lambda summary: late.append(summary.turns))
    assert late == [2]


async def test_callbacks_run_on_the_loop_and_may_be_coroutines(begin: Begin) -> None:
    heard: list[Any] = []

    async def said(chunk: TextChunk) -> None:
        await asyncio.sleep(0)
        heard.append((chunk.content, threading.current_thread() is threading.main_thread()))

    stream = begin(["Hello."]).conversation.message("Hi.")
    stream.on("text", said)
    stream.on("end", lambda _: heard.append(threading.current_thread().name))
    await stream
    assert ("Hello.", True) in heard
    assert threading.main_thread().name in heard


def test_an_error_goes_to_its_callback(begin: Begin) -> None:
    heard: list[str] = []
    stream = begin([Reply(error=ProviderError("no"))]).conversation.message("Go.")
    told = threading.Event()

    def failed(error: ProviderError) -> None:
        heard.append(error.code)
        told.set()

    stream.on("error", failed)
    assert told.wait(10)
    assert heard == ["PROVIDER_ERROR"]


def test_an_unknown_event_is_refused_with_those_there_are(begin: Begin) -> None:
    stream = begin(["Hello."]).conversation.message("Hi.")
    with pytest.raises(InvalidArgumentError, match="tool_result"):
        stream.on("nope", print)  # type: ignore[arg-type]


def test_a_callback_that_raises_is_logged_and_harms_nobody(
    begin: Begin, caplog: pytest.LogCaptureFixture
) -> None:
    heard: list[str] = []

    def fail(_: object) -> None:
        raise ZeroDivisionError("a callback's own problem")

    conversation = begin(["Hello."]).conversation
    conversation.on("message", fail)
    stream = conversation.message("Hi.")
    stream.on("text", fail).on("text", lambda chunk: heard.append(chunk.content))
    assert stream.text() == "Hello."
    assert "".join(heard) == "Hello."
    assert "a callback's own problem" in caplog.text


def test_fifty_conversations_speak_at_once(begin: Begin) -> None:
    conversations = [begin([f"I am {n}.", f"Still {n}."]).conversation for n in range(50)]
    answers: dict[int, list[str]] = {}

    def talk(n: int) -> None:
        first = texts(list(conversations[n].message("Who?")))
        answers[n] = [first, conversations[n].message("Still?").text()]

    threads = [threading.Thread(target=talk, args=(n,)) for n in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert answers == {n: [f"I am {n}.", f"Still {n}."] for n in range(50)}


async def test_fifty_conversations_speak_on_one_loop(begin: Begin) -> None:
    conversations = [begin([f"I am {n}."]).conversation for n in range(50)]
    answers = await asyncio.gather(*(_awaited(one.message("Who?")) for one in conversations))
    assert [answer.text for answer in answers] == [f"I am {n}." for n in range(50)]


async def test_a_waiter_who_gives_up_takes_no_chunk_away_and_ends_nothing(
    storage: SessionStorage,
) -> None:
    goes_on = asyncio.Event()

    class Slow:
        async def stream(self, _: object) -> AsyncIterator[str]:
            await goes_on.wait()
            yield "at last"

    async with Conversation.create("any", provider=Slow(), storage=storage) as conversation:
        chunks = aiter(conversation.message("Well?"))
        for _ in range(3):
            waiter = asyncio.ensure_future(anext(chunks))
            await asyncio.sleep(0)
            waiter.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiter
        goes_on.set()
        assert await anext(chunks) == TextChunk("at last")
