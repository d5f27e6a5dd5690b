"""A session of ours as the memory of the OpenAI Agents SDK, with the SDK's own runner."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from agents import Agent, Runner, function_tool
from agents.memory import Session, SessionSettings
from agents.testing import ScriptedModel, assistant_message, function_call

from opencode.adapters.openai_agents import OpencodeSession
from opencode.sessions import (
    InvalidArgumentError,
    InvalidSessionIdError,
    SessionLockedError,
    SessionManager,
    SessionStorage,
)


def said(*texts: str) -> list[Any]:
    return [{"role": "user", "content": text} for text in texts]


def turn(model: ScriptedModel) -> "Agent[None]":
    @function_tool
    def weather(city: str) -> str:
        return f"sunny in {city}"

    return Agent(name="Assistant", model=model, tools=[weather])


HOLDER = """
import asyncio, sys
from opencode.adapters.openai_agents import OpencodeSession

async def main():
    async with OpencodeSession("held", sys.argv[1]) as session:
        await session.add_items([{"role": "user", "content": "from the other process"}])
        print("holds it", flush=True)
        sys.stdin.read()

asyncio.run(main())
"""


def test_it_is_what_the_sdk_calls_a_session(tmp_path: Path) -> None:
    session = OpencodeSession("1", tmp_path)
    assert isinstance(session, Session)
    assert (session.session_id, session.session_settings) == ("1", SessionSettings())


async def test_a_second_run_sees_what_the_first_one_said_and_did(storage: SessionStorage) -> None:
    first = ScriptedModel(
        [
            [
                assistant_message("I will look.", item_id="msg_1"),
                function_call("weather", {"city": "Oslo"}, call_id="call_1"),
                function_call("weather", {"city": "Rome"}, call_id="call_2"),
            ],
            [assistant_message("Sunny everywhere.", item_id="msg_2")],
        ]
    )
    async with OpencodeSession("weather", storage) as session:
        result = await Runner.run(turn(first), "Oslo and Rome?", session=session)
        assert result.final_output == "Sunny everywhere."
        kept = await session.get_items()
        assert kept == result.to_input_list()

    second = ScriptedModel([[assistant_message("You asked about Oslo.", item_id="msg_3")]])
    async with OpencodeSession("weather", storage) as session:
        await Runner.run(turn(second), "What did I ask?", session=session)
        assert second.first_call is not None
        assert second.first_call.input == [*kept, *said("What did I ask?")]
        assert [(m.role, m.content) for m in session.session.messages] == [
            ("user", "Oslo and Rome?"),
            ("assistant", "I will look."),
            ("tool", "sunny in Oslo"),
            ("tool", "sunny in Rome"),
            ("assistant", "Sunny everywhere."),
            ("user", "What did I ask?"),
            ("assistant", "You asked about Oslo."),
        ]
    assert storage.load("weather").title == "Oslo and Rome?"


async def test_a_streamed_run_is_kept_too(storage: SessionStorage) -> None:
    call = function_call("weather", {"city": "Oslo"}, call_id="call_1")
    model = ScriptedModel([[call], [assistant_message("Sunny.", item_id="msg_1")]])
    async with OpencodeSession("streamed", storage) as session:
        result = Runner.run_streamed(turn(model), "Oslo?", session=session)
        async for _ in result.stream_events():
            pass
        assert await session.get_items() == result.to_input_list()


async def test_a_limit_in_the_settings_is_what_the_model_is_sent(storage: SessionStorage) -> None:
    async with OpencodeSession(
        "limited", storage, session_settings=SessionSettings(limit=2)
    ) as session:
        await session.add_items(said("one", "two", "three"))
        assert await session.get_items() == said("two", "three")
        assert await session.get_items(3) == said("one", "two", "three")
        model = ScriptedModel([[assistant_message("Yes.")]])
        await Runner.run(turn(model), "four", session=session)
        assert model.first_call is not None
        assert model.first_call.input == said("two", "three", "four")
        with pytest.raises(InvalidArgumentError):
            await session.get_items(-1)


async def test_a_program_that_ended_without_closing_left_everything(tmp_path: Path) -> None:
    program = HOLDER.replace("sys.stdin.read()", "import os; os._exit(1)")
    subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=False, timeout=60)
    async with OpencodeSession("held", tmp_path) as session:
        assert await session.get_items() == said("from the other process")


async def test_a_session_that_another_process_holds_is_locked_until_it_is_closed(
    tmp_path: Path,
) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as holder:
        assert holder.stdin is not None
        assert holder.stdout is not None
        assert holder.stdout.readline() == "holds it\n"
        session = OpencodeSession("held", tmp_path)
        with pytest.raises(SessionLockedError, match=str(holder.pid)):
            await session.add_items(said("from here"))
        holder.stdin.close()
        holder.wait(timeout=60)
    await session.add_items(said("from here"))
    assert await session.get_items() == said("from the other process", "from here")
    await session.aclose()


async def test_closing_lets_others_in_and_the_next_call_opens_it_again(
    storage: SessionStorage,
) -> None:
    with OpencodeSession("again", storage) as session:
        await session.add_items(said("one"))
    with SessionManager(storage) as manager:
        manager.resume("again")
        manager.add_message("user", "two")
    assert await session.get_items() == said("one", "two")
    session.close()
    session.close()


async def test_what_is_added_at_once_is_kept_together_and_in_order(storage: SessionStorage) -> None:
    batches = [said(*(f"{batch}.{n}" for n in range(5))) for batch in range(20)]
    async with OpencodeSession("busy", storage) as session:
        await asyncio.gather(*map(session.add_items, batches))
        assert await session.get_items() == [item for batch in batches for item in batch]


async def test_two_objects_of_one_session_see_each_other(storage: SessionStorage) -> None:
    async with OpencodeSession("both", storage) as one, OpencodeSession("both", storage) as other:
        await asyncio.gather(
            *(one.add_items(said(f"one {n}", "and")) for n in range(20)),
            *(other.add_items(said(f"other {n}", "and")) for n in range(20)),
        )
        items: list[Any] = await one.get_items()
        assert items == await other.get_items()
        texts = [item["content"] for item in items]
        assert len(texts) == 80
        assert set(texts[1::2]) == {"and"}
        assert [text for text in texts if "one" in text] == [f"one {n}" for n in range(20)]


async def test_the_loop_runs_on_while_the_disk_is_at_work(storage: SessionStorage) -> None:
    async with OpencodeSession("slow", storage) as session:
        await session.add_items(said("one"))
        begun, may_end = threading.Event(), threading.Event()

        def work(_: object) -> None:
            begun.set()
            may_end.wait(60)

        working = asyncio.ensure_future(session._held.ado(work))
        reading = asyncio.ensure_future(session.get_items())
        while not begun.is_set():
            await asyncio.sleep(0)
        assert not reading.done()
        may_end.set()
        await working
        assert await reading == said("one")


async def test_clearing_takes_the_items_and_leaves_the_session(storage: SessionStorage) -> None:
    async with OpencodeSession("cleared", storage) as session:
        session.session.title = "Weather"
        session.session.add_tag("weather")
        await session.add_items(said("one", "two"))
        await session.clear_session()
        assert await session.get_items() == []
        assert await session.pop_item() is None
        await session.add_items(said("three"))
    stored = storage.load("cleared")
    assert (stored.title, list(stored.tags)) == ("Weather", ["weather"])
    assert [m.content for m in stored.messages] == ["three"]


async def test_a_cleared_history_stays_cleared_while_others_write(storage: SessionStorage) -> None:
    async with OpencodeSession("race", storage) as one, OpencodeSession("race", storage) as other:
        for _ in range(20):
            await one.add_items(said("a", "b"))
            await asyncio.gather(one.clear_session(), other.clear_session())
            assert await one.get_items() == []


@pytest.mark.parametrize("id", ["", "user:1", "../x", "x" * 129])
def test_an_id_that_is_none_is_refused_at_once(storage: SessionStorage, id: str) -> None:
    with pytest.raises(InvalidSessionIdError):
        OpencodeSession(id, storage)


async def test_without_a_store_it_is_in_the_default_one() -> None:
    async with OpencodeSession("default") as session:
        await session.add_items(said("one"))
    assert SessionStorage().load("default").message_count == 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_child_is_told_who_holds_the_session(storage: SessionStorage) -> None:
    with OpencodeSession("forked", storage) as session:
        asyncio.run(session.add_items(said("one")))
        reading, writing = os.pipe()
        if (child := os.fork()) == 0:
            told = "nothing"
            signal.alarm(20)
            try:
                asyncio.run(session.get_items())
            except SessionLockedError as error:
                told = error.code
            finally:
                os.write(writing, json.dumps(told).encode())
                os._exit(0)
        os.close(writing)
        os.waitpid(child, 0)
        assert json.loads(os.read(reading, 100)) == "SESSION_LOCKED"
        os.close(reading)
        assert asyncio.run(session.get_items()) == said("one")


def test_without_the_sdk_the_import_says_what_to_install() -> None:
    program = """if True:
        import sys
        sys.modules["agents"] = None
        import opencode.adapters
        try:
            import opencode.adapters.openai_agents
        except ImportError as error:
            print(error)
    """
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert "pip install 'opencode-sessions[openai-agents]'" in told.stdout
