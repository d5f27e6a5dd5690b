"""Handlers answer what turns ask: functions, coroutines, and those that fail."""

from __future__ import annotations

import asyncio
import logging
import threading
from typing import TYPE_CHECKING, Any

import pytest

from opencode.client import (
    AsyncClient,
    PermissionRequest,
    QuestionRequest,
    Reject,
    ToolPart,
)

if TYPE_CHECKING:
    from tests.client.conftest import Face
    from tests.conftest import Server


def tool_states(face: Face, client: Any, session_id: str) -> list[tuple[str, str]]:
    messages = face.do(client.messages.list(session_id))
    parts = [part for message in messages for part in message.parts]
    return [(p.state.status, p.state.error or "") for p in parts if isinstance(p, ToolPart)]


def test_a_function_answers_on_a_thread_of_its_own(face: Face) -> None:
    asked: list[tuple[str, str]] = []

    def permit(request: PermissionRequest) -> str:
        asked.append((request.permission, threading.current_thread().name))
        # The client can be used meanwhile.
        if face.name == "sync":
            assert client.sessions.get(request.session_id).status == "active"
        return "once"

    def choose(request: QuestionRequest) -> list[list[str]]:
        return [[question.options[1].label] for question in request.questions]

    client = face.make(on_permission=permit, on_question=choose)
    session = face.do(client.sessions.create())
    assert face.do(client.messages.prompt(session.id, "read outside")).text == "Read it."
    assert face.do(client.messages.prompt(session.id, "ask me")).text == "Thank you."
    assert [permission for permission, _ in asked] == ["external_directory"]
    assert asked[0][1] != threading.main_thread().name


def test_a_rejection_gives_the_model_its_reason(face: Face) -> None:
    client = face.make(on_permission=lambda _: Reject("not on a Sunday"))
    session = face.do(client.sessions.create())
    face.do(client.messages.prompt(session.id, "read outside"))
    ((status, error),) = tool_states(face, client, session.id)
    assert status == "error"
    assert "not on a Sunday" in error


def test_a_handler_that_raises_is_logged_and_means_no(
    face: Face, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(request: PermissionRequest) -> str:
        raise LookupError("no idea")

    client = face.make(on_permission=fail)
    session = face.do(client.sessions.create())
    with caplog.at_level(logging.ERROR, "opencode.sessions"):
        face.do(client.messages.prompt(session.id, "read outside"))
    assert [status for status, _ in tool_states(face, client, session.id)] == ["error"]
    (record,) = [record for record in caplog.records if "on_permission" in record.message]
    assert record.exc_info
    assert isinstance(record.exc_info[1], LookupError)


@pytest.mark.parametrize("face", ["sync"], indirect=True)
@pytest.mark.parametrize("answer", ["yes", 5, None])
def test_what_is_no_answer_means_no(
    answer: Any, face: Face, caplog: pytest.LogCaptureFixture
) -> None:
    client = face.make(on_permission=lambda _: answer)
    session = face.do(client.sessions.create())
    face.do(client.messages.prompt(session.id, "read outside"))
    assert [status for status, _ in tool_states(face, client, session.id)] == ["error"]
    assert "on_permission" in caplog.text


def test_a_handler_that_takes_too_long_means_no(face: Face) -> None:
    done = threading.Event()
    client = face.make(on_permission=lambda _: done.wait(20) and "once", handler_timeout=0.2)
    session = face.do(client.sessions.create())
    face.do(client.messages.prompt(session.id, "read outside"))
    done.set()
    assert [status for status, _ in tool_states(face, client, session.id)] == ["error"]


async def test_a_coroutine_answers_on_the_clients_loop(server: Server) -> None:
    loops: list[asyncio.AbstractEventLoop] = []

    async def permit(request: PermissionRequest) -> str:
        loops.append(asyncio.get_running_loop())
        await asyncio.sleep(0)
        # Not even a call of its own client is in its way.
        assert (await client.sessions.get(request.session_id)).status == "active"
        return "once"

    client = AsyncClient(
        server.url,
        username=server.username,
        password=server.password,
        directory=server.directory,
        on_permission=permit,  # type: ignore[arg-type]
    )
    async with client:
        assert await client.run_text("read outside") == "Read it."
    assert loops == [asyncio.get_running_loop()]


def test_a_coroutine_answers_for_a_client_that_waits(face: Face) -> None:
    async def choose(request: QuestionRequest) -> list[list[str]]:
        await asyncio.sleep(0)
        return [["Red"]]

    client = face.make(on_question=choose)
    assert face.do(client.run_text("ask me")) == "Thank you."
