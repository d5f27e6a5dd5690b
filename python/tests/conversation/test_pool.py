"""Conversations that a server hands out."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

from opencode.conversation import Conversation, Reply, ScriptedModel, SessionPool
from opencode.errors import InvalidArgumentError, InvalidSessionIdError
from opencode.sessions import SessionStorage


def pool(storage: SessionStorage, replies: list[str | Reply], *sizes: Any) -> SessionPool:
    return SessionPool(
        *(sizes or (2,)), model="m1", provider=ScriptedModel(replies), storage=storage
    )


def test_a_conversation_goes_on_with_its_next_owner(storage: SessionStorage) -> None:
    with pool(storage, ["One.", "Two."]) as server:
        with server.acquire("ann") as conversation:
            assert (conversation.id, conversation.message("1").text()) == ("ann", "One.")
        with server.acquire("ann") as conversation:
            assert conversation.message("2").text() == "Two."
            assert len(conversation.get_messages()) == 4
        assert len(server) == 1
    assert len(storage.load("ann").messages) == 4


def test_who_comes_second_waits_until_it_is_given_back(storage: SessionStorage) -> None:
    server = pool(storage, [])
    order: list[str] = []
    begins = threading.Event()

    def second() -> None:
        begins.set()
        with server.acquire("ann"):
            order.append("second")

    other = threading.Thread(target=second)
    with server.acquire("ann"):
        other.start()
        assert begins.wait(10)
        order.append("first")
    other.join(10)
    assert order == ["first", "second"]
    server.close()


def test_many_users_on_an_event_loop_share_a_few_places(storage: SessionStorage) -> None:
    async def user(server: SessionPool, name: str) -> None:
        for said in ("1", "2"):
            async with server.acquire(name) as conversation:
                await conversation.message(said)
                assert len(server) <= 3

    async def serve() -> None:
        async with pool(storage, ["a"] * 40, 3, 60.0) as server:
            await asyncio.gather(*(user(server, f"user-{n}") for n in range(20)))

    asyncio.run(serve())
    assert [len(storage.load(f"user-{n}").messages) for n in range(20)] == [4] * 20


def test_who_is_cancelled_while_waiting_keeps_no_place(storage: SessionStorage) -> None:
    async def serve() -> None:
        async with pool(storage, ["Hello."], 1, 60.0) as server:
            async with server.acquire("ann"):
                waiting = asyncio.create_task(server.acquire("bob").__aenter__())
                await asyncio.sleep(0)
                waiting.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await waiting
            async with server.acquire("eve") as conversation:
                assert (await conversation.message("Hi.")).text == "Hello."

    asyncio.run(serve())


def test_what_was_given_back_is_not_used_any_more(storage: SessionStorage) -> None:
    with pool(storage, ["One."]) as server:
        with server.acquire("ann") as conversation:
            pass
        with pytest.raises(InvalidArgumentError, match="given back") as raised:
            conversation.message("Still there?")
        assert "acquire it again" in str(raised.value.hint)
        assert conversation.id == "ann"


def test_a_pool_that_is_closed_and_wrong_sizes_and_ids_are_refused(storage: SessionStorage) -> None:
    server = pool(storage, [])
    with pytest.raises(InvalidSessionIdError), server.acquire("../x"):
        pass
    server.close()
    with pytest.raises(InvalidArgumentError, match="closed"), server.acquire("ann"):
        pass
    for sizes in [(0,), (1, 0.0), (1, -1.0)]:
        with pytest.raises(InvalidArgumentError):
            pool(storage, [], *sizes)


class Counting:
    """A model that says what it takes."""

    def __init__(self) -> None:
        self.inside = ScriptedModel(["Light.", "Heavier."])
        self.counted: list[str] = []

    def stream(self, request: dict[str, Any], /) -> list[str]:
        return ["Fine."]

    def limits(self, model: str) -> dict[str, int]:
        assert model == "m1"
        return {"context": 9_000}

    def count_tokens(self, model: str, text: str) -> int | None:
        self.counted.append(text)
        return 1_000 if "heavy" in text else None


def test_a_provider_may_say_what_its_models_take(storage: SessionStorage) -> None:
    provider = Counting()
    with Conversation.create("m1", provider=provider, storage=storage) as conversation:
        conversation.message("light").text()
        before = conversation.get_context_usage()
        assert before.max == 9_000
        conversation.message("heavy").text()
        after = conversation.get_context_usage()
        assert 1_000 <= after.current - before.current < 1_030
        assert provider.counted.count("heavy") == 1


def test_a_provider_that_fails_to_say_so_is_told_of_and_done_without(
    storage: SessionStorage, caplog: pytest.LogCaptureFixture
) -> None:
    class Wrong(Counting):
        def limits(self, model: str) -> dict[str, int]:
            raise RuntimeError("no idea")

        def count_tokens(self, model: str, text: str) -> int | None:
            raise RuntimeError("cannot count")

    with Conversation.create("m1", provider=Wrong(), storage=storage) as conversation:
        assert conversation.message("light").text() == "Fine."
        assert conversation.get_context_usage().max == 128_000
    assert "a provider could not tell" in caplog.text
