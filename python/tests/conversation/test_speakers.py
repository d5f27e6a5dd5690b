"""Tools, `approve` and providers run for who spoke: in that context, and on that loop."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import threading
import weakref
from collections.abc import AsyncIterator, Iterator
from typing import Any

from opencode.conversation import Conversation, Reply, Tool
from opencode.sessions import SessionStorage
from tests.conversation.conftest import Begin

WHO: contextvars.ContextVar[str] = contextvars.ContextVar("WHO", default="nobody")


class Caller:
    """A model that calls `look` for whatever is said to it, and then answers who asked."""

    def stream(self, request: dict[str, Any]) -> Iterator[str | dict[str, Any]]:
        last = request["messages"][-1]
        if last["role"] == "tool":
            yield WHO.get()
        else:
            yield {"type": "tool_call", "tool": "look", "params": {"tag": last["content"]}}


async def say(conversation: Conversation, name: str) -> str:
    WHO.set(name)
    return (await conversation.message(name)).text


async def test_a_turn_that_waits_does_not_lend_its_context_to_the_one_that_runs(
    storage: SessionStorage,
) -> None:
    seen: list[tuple[str, str]] = []
    runs, goes_on = asyncio.Event(), asyncio.Event()

    async def look(tag: str) -> None:
        seen.append((tag, WHO.get()))
        runs.set()
        await goes_on.wait()
        seen.append((tag, WHO.get()))

    options: Any = {"provider": Caller(), "storage": storage, "tools": [look]}
    async with Conversation.create("any", **options) as conversation:
        alice = asyncio.create_task(say(conversation, "alice"))
        await runs.wait()
        bob = asyncio.create_task(say(conversation, "bob"))
        await asyncio.sleep(0)
        goes_on.set()
        assert list(await asyncio.gather(alice, bob)) == ["alice", "bob"]
    assert seen == [(name, name) for name in ("alice", "alice", "bob", "bob")]


async def test_forks_that_speak_at_once_have_their_own_contexts(storage: SessionStorage) -> None:
    seen: list[tuple[str, str]] = []
    both = threading.Barrier(2)

    def look(tag: str) -> None:
        both.wait(10)
        seen.append((tag, WHO.get()))

    options: Any = {"provider": Caller(), "storage": storage, "tools": [look]}
    async with Conversation.create("any", **options) as conversation:
        one, two = conversation.fork(), conversation.fork()
        tasks = [asyncio.create_task(say(one, "alice")), asyncio.create_task(say(two, "bob"))]
        assert list(await asyncio.gather(*tasks)) == ["alice", "bob"]
        await asyncio.gather(one.aclose(), two.aclose())
    assert sorted(seen) == [("alice", "alice"), ("bob", "bob")]


def test_a_coroutine_runs_on_the_loop_of_its_own_turn(storage: SessionStorage) -> None:
    seen: list[tuple[str, str]] = []
    runs, bob_waits = threading.Event(), threading.Event()

    async def look(tag: str) -> None:
        runs.set()
        await asyncio.to_thread(bob_waits.wait, 10)
        seen.append((tag, threading.current_thread().name))

    class Twice(Caller):
        def stream(self, request: dict[str, Any]) -> Iterator[str | dict[str, Any]]:
            said = request["messages"]
            if [one["role"] for one in said[-4:]].count("tool") == 1 and len(said) < 5:
                yield {"type": "tool_call", "tool": "look", "params": {"tag": "alice"}}
            else:
                yield from super().stream(request)

    options: Any = {"provider": Twice(), "storage": storage, "tools": [look]}
    with Conversation.create("any", **options) as conversation:

        async def bob() -> None:
            stream = conversation.message("bob")
            bob_waits.set()
            await stream

        threads = [
            threading.Thread(target=asyncio.run, args=(say(conversation, "alice"),), name="alice"),
            threading.Thread(target=lambda: asyncio.run(bob()), name="bob"),
        ]
        threads[0].start()
        assert runs.wait(10)
        threads[1].start()
        for thread in threads:
            thread.join(30)
    assert seen == [("alice", "alice"), ("alice", "alice"), ("bob", "bob")]


async def test_an_asynchronous_provider_and_approve_know_who_asks(storage: SessionStorage) -> None:
    seen: list[str] = []

    class Model:
        async def stream(self, request: dict[str, Any]) -> AsyncIterator[str | dict[str, Any]]:
            seen.append(f"model: {WHO.get()}")
            if request["messages"][-1]["role"] == "tool":
                yield "Done."
            else:
                params = {"command": "true", "description": "nothing"}
                yield {"type": "tool_call", "tool": "bash", "params": params}

    def approve(_: object) -> bool:
        seen.append(f"approve: {WHO.get()}")
        return True

    options: Any = {"storage": storage, "tools": ["bash"], "approve": approve}
    async with Conversation.create("any", provider=Model(), **options) as conversation:
        await asyncio.create_task(say(conversation, "alice"))
    assert seen == ["model: alice", "approve: alice", "model: alice"]


def test_a_tool_that_gave_way_is_let_go_and_a_fork_keeps_its_own(begin: Begin) -> None:
    class Handler:
        def __call__(self, _: object) -> str:
            return "the first"

    schema = {"type": "object"}
    conversation = begin([Reply(calls=[("say", {})]), "Done."]).conversation
    first = Handler()
    gone = weakref.ref(first)
    conversation.register_tool(Tool("say", "", schema, first))
    del first
    with conversation.fork() as fork:
        conversation.register_tool(Tool("say", "", schema, lambda _: "the second"))
        gc.collect()
        assert gone() is not None
        fork.message("Go.").text()
        assert fork.get_messages()[2].tool_results[0].result == "the first"
    del fork
    for _ in range(500):
        if gone() is None:
            break
        gc.collect()
        threading.Event().wait(0.01)
    assert gone() is None
