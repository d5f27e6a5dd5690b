"""Sessions for a block, however the block ends."""

from __future__ import annotations

import asyncio
import logging
from logging.handlers import QueueHandler
from queue import SimpleQueue
from typing import TYPE_CHECKING

import pytest

from opencode.client import AsyncClient, Client, MessagePartDelta
from opencode.errors import NotFoundError

if TYPE_CHECKING:
    from tests.client.conftest import Face
    from tests.conftest import Server


def test_a_block_that_raises_keeps_its_error_and_not_its_session(client: Client) -> None:
    ids: list[str] = []

    def work() -> None:
        with client.session_scope() as scope:
            ids.append(scope.session.id)
            client.messages.prompt_async(scope.session.id, "answer slowly")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        work()
    with pytest.raises(NotFoundError):
        client.sessions.get(ids[0])


@pytest.mark.usefixtures("environment")
async def test_a_task_that_is_cancelled_in_its_block_leaves_no_session(server: Server) -> None:
    async with AsyncClient(directory=server.directory) as client:
        answering = asyncio.Event()
        ids: list[str] = []

        async def work() -> None:
            async with client.session_scope() as scope:
                ids.append(scope.session.id)
                async with client.subscribe(scope.session.id) as events:
                    await client.messages.prompt_async(scope.session.id, "answer slowly")
                    async for event in events:
                        if isinstance(event, MessagePartDelta):
                            answering.set()

        task = asyncio.ensure_future(work())
        await answering.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        with pytest.raises(NotFoundError):
            await client.sessions.get(ids[0])


def test_what_goes_wrong_at_the_end_is_logged_and_hides_nothing(face: Face) -> None:
    client = face.make()
    scope = client.session_scope()
    face.enter(scope)
    session_id = scope.session.id
    face.close(client)
    logger = logging.getLogger("opencode.sessions")
    # The log comes from a thread of its own, maybe a moment after the call is over.
    records: SimpleQueue[logging.LogRecord] = SimpleQueue()
    logger.addHandler(handler := QueueHandler(records))
    # Gives nothing back, so that the block's own error goes on.
    face.leave(scope, ZeroDivisionError())
    while session_id not in records.get(timeout=10).getMessage():
        pass
    logger.removeHandler(handler)
    face.do(face.client.sessions.delete(session_id))
