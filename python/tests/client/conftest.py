"""Every test that takes `face` runs twice: with the client that waits, and with that of asyncio."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from opencode.client import AsyncClient, AsyncSessionScope, Client, Event, SessionScope

if TYPE_CHECKING:
    from tests.conftest import Server


class Face:
    """One of the two clients, used in the same words."""

    def __init__(self, server: Server, name: str) -> None:
        self.name = name
        self._server = server
        self._clients: list[Any] = []
        self._loop = asyncio.new_event_loop()
        self.client = self.make()

    def make(self, **options: Any) -> Any:
        """Another client of the server."""
        options = {
            "base_url": self._server.url,
            "username": self._server.username,
            "password": self._server.password,
            "directory": self._server.directory,
            **options,
        }
        client = Client(**options) if self.name == "sync" else AsyncClient(**options)
        self._clients.append(client)
        return client

    def do(self, what: Any) -> Any:
        """The result of a call."""
        return what if self.name == "sync" else self._loop.run_until_complete(what)

    def items(self, several: Any) -> Iterator[Any]:
        """What an iterator gives, one by one."""
        if self.name == "sync":
            yield from several
            return
        while True:
            try:
                yield self.do(several.__anext__())
            except StopAsyncIteration:
                return

    def opened(self, stream: Any) -> Any:
        return stream if self.name == "sync" else self.do(stream.__aenter__())

    def until(self, kind: type[Event], stream: Any) -> list[Event]:
        """The events up to the first of a kind."""
        seen = []
        for event in self.items(stream):
            seen.append(event)
            if isinstance(event, kind):
                return seen
        raise AssertionError(f"the stream ended before {kind.__name__}")

    def scope(self, client: Any, session: Any) -> Any:
        return (SessionScope if self.name == "sync" else AsyncSessionScope)(client, session)

    def enter(self, block: Any) -> Any:
        return self.do(block.__enter__() if self.name == "sync" else block.__aenter__())

    def leave(self, block: Any, error: BaseException | None = None) -> None:
        given = (type(error) if error else None, error, None)
        leave = block.__exit__ if self.name == "sync" else block.__aexit__
        assert not self.do(leave(*given))

    def close(self, client: Any) -> None:
        self.do(client.close() if self.name == "sync" else client.aclose())

    def end(self) -> None:
        for client in self._clients:
            self.close(client)
        self._loop.close()


@pytest.fixture(params=["sync", "async"])
def face(server: Server, request: pytest.FixtureRequest) -> Iterator[Face]:
    face = Face(server, request.param)
    yield face
    face.end()


@pytest.fixture
def client(server: Server) -> Iterator[Client]:
    with Client(
        server.url,
        username=server.username,
        password=server.password,
        directory=server.directory,
    ) as client:
        yield client


@pytest.fixture
def environment(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that is told nothing finds the server."""
    monkeypatch.setenv("OPENCODE_BASE_URL", server.url)
    monkeypatch.setenv("OPENCODE_SERVER_USERNAME", server.username)
    monkeypatch.setenv("OPENCODE_SERVER_PASSWORD", server.password)
    monkeypatch.chdir(server.directory)
