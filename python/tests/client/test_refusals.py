"""What goes wrong between a client and a server is an error of its own, with a hint."""

from __future__ import annotations

import asyncio
import copy
import logging
import pickle
import socket
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from opencode.client import AsyncClient, Client
from opencode.errors import (
    ApiError,
    ConnectionFailedError,
    DecodeError,
    InvalidArgumentError,
    NotFoundError,
    OpencodeError,
    RequestTimeoutError,
    UnauthorizedError,
)

if TYPE_CHECKING:
    from tests.client.conftest import Face
    from tests.conftest import Server

SECRET = "hunter2-and-more"


class Other(BaseHTTPRequestHandler):
    """What is no OpenCode server: answers with a page, or below `/session` not at all."""

    def do_GET(self) -> None:
        if self.path.startswith("/session"):
            self.server.over.wait(30)  # type: ignore[attr-defined]
            return
        body = b"<!doctype html><html><body>It works!</body></html>"
        self.send_response(200)
        self.send_header("content-type", "text/html; charset=utf-8")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def other() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Other)
    server.over = threading.Event()  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.over.set()  # type: ignore[attr-defined]
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def nobody() -> Iterator[str]:
    """An address where nobody listens, and nobody can begin to."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}"


def test_a_wrong_password_is_told_apart_and_shown_nowhere(
    face: Face, server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    client = face.make(password=SECRET)
    with pytest.raises(UnauthorizedError) as refused:
        face.do(client.sessions.list())
    error = refused.value
    assert (error.code, error.status, error.retryable) == ("UNAUTHORIZED", 401, False)
    assert isinstance(error, ApiError)
    assert "OPENCODE_SERVER_PASSWORD" in (error.hint or "")
    with pytest.raises(UnauthorizedError):
        face.opened(client.subscribe())

    inside = f"http://opencode:{SECRET}@{server.url.removeprefix('http://')}"
    named = face.make(base_url=inside, username=None, password=None)
    with pytest.raises(UnauthorizedError) as refused:
        face.do(named.health())
    shown = [client, named, error, refused.value, client.sessions, client.subscribe]
    for text in [*map(repr, shown), *map(str, shown), named.base_url, caplog.text]:
        assert SECRET not in text


def test_a_client_is_shared_not_stored(face: Face) -> None:
    client = face.make(password=SECRET)
    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
        with pytest.raises(TypeError, match="pickle"):
            pickle.dumps(client, protocol)
    with pytest.raises(TypeError, match="pickle"):
        copy.deepcopy(client)
    with pytest.raises(TypeError, match="pickle"):
        pickle.dumps(client.subscribe if face.name == "sync" else client.subscribe())


def test_a_session_that_is_not_there_is_named(face: Face) -> None:
    with pytest.raises(NotFoundError) as missing:
        face.do(face.client.sessions.get("ses_nowhere"))
    error = missing.value
    assert (error.code, error.status, error.session_id) == ("NOT_FOUND", 404, "ses_nowhere")
    assert "ses_nowhere" in error.message
    assert error.hint
    assert str(error) == f"{error.message} (hint: {error.hint})"
    for again in (pickle.loads(pickle.dumps(error)), copy.copy(error)):
        assert type(again) is NotFoundError
        assert vars(again) == vars(error)
        assert str(again) == str(error)


@pytest.mark.parametrize("options", [{"retries": -1}, {"max_concurrent": 2**64}])
def test_a_number_that_is_out_of_range_is_refused(nobody: str, options: Any) -> None:
    with pytest.raises(InvalidArgumentError):
        Client(nobody, **options)


def test_a_server_that_is_not_there_says_how_to_start_one(nobody: str) -> None:
    with Client(nobody, retries=0) as client:
        for fails in (client.health, client.sessions.list, client.subscribe):
            with pytest.raises(ConnectionFailedError) as failed:
                fails()
            assert failed.value.code == "CONNECTION"
            assert failed.value.retryable
            assert nobody in failed.value.message
            assert "opencode serve" in (failed.value.hint or "")


async def test_the_same_on_a_loop(nobody: str, other: str) -> None:
    async with AsyncClient(nobody, retries=0) as client:
        with pytest.raises(ConnectionFailedError):
            await client.health()
        with pytest.raises(ConnectionFailedError):
            await client.subscribe()
        results = await asyncio.gather(
            *(client.version() for _ in range(20)), return_exceptions=True
        )
        assert {type(result) for result in results} == {ConnectionFailedError}
    async with AsyncClient(other, timeout=0.2, retries=0) as client:
        with pytest.raises(RequestTimeoutError):
            await client.sessions.get("ses_slow")
        with pytest.raises(DecodeError, match="page"):
            await client.health()


def test_a_web_page_is_no_answer(other: str) -> None:
    with Client(other) as client:
        for fails in (client.health, client.version, client.permissions.list):
            with pytest.raises(DecodeError, match="web page") as odd:
                fails()
            assert "OpenCode server" in (odd.value.hint or "")
            assert "It works" not in str(odd.value)


@pytest.mark.parametrize(
    ("option", "names"), [("timeout", "timeout"), ("read_idle_timeout", "answer")]
)
def test_the_time_that_ran_out_is_named(other: str, option: str, names: str) -> None:
    options: dict[str, Any] = {option: 0.2, "retries": 0}
    with Client(other, **options) as client, pytest.raises(RequestTimeoutError) as late:
        client.sessions.get("ses_slow")
    assert late.value.code == "TIMEOUT"
    assert names in str(late.value)
    assert "200ms" in str(late.value)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"base_url": "not an address"}, "not a URL"),
        ({"base_url": "ftp://127.0.0.1"}, "http"),
        ({"timeout": -1}, "timeout"),
        ({"timeout": float("nan")}, "timeout"),
        ({"max_concurrent": 0}, "max_concurrent"),
    ],
)
def test_a_wrong_option_is_named(options: dict[str, Any], says: str) -> None:
    for make in (Client, AsyncClient):
        with pytest.raises(InvalidArgumentError) as wrong:
            make(**options)
        assert says in str(wrong.value)


def test_arguments_are_looked_at_before_they_are_sent(face: Face) -> None:
    client = face.client
    session = face.do(client.sessions.create())
    wrongs: list[Callable[[], Any]] = [
        lambda: client.messages.prompt(session.id, [{"type": "no such piece"}]),
        lambda: client.messages.prompt(session.id, 5),
        lambda: client.sessions.create(metadata={"not": {1, 2}}),
        lambda: client.sessions.list(limit=-1),
    ]
    for wrong in wrongs:
        with pytest.raises((OpencodeError, TypeError)) as refused:
            face.do(wrong())
        assert str(refused.value)
    assert face.do(client.messages.list(session.id)) == []
