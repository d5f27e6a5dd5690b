"""One stream for `for` and `async for`: it ends when it is told to, and loses nothing."""

from __future__ import annotations

import asyncio
import gc
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from opencode.client import (
    AsyncClient,
    Client,
    Event,
    EventStream,
    MessagePartDelta,
    MessageUpdated,
    ServerConnected,
    SessionDeleted,
    SessionError,
    SessionIdle,
    ToolStateCompleted,
)
from opencode.errors import NotFoundError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from tests.client.conftest import Face
    from tests.conftest import Server


def test_leaving_the_loop_leaves_the_stream_as_it_is(client: Client) -> None:
    with client.session_scope() as scope, client.subscribe(scope.session.id) as events:
        client.messages.prompt_async(scope.session.id, "use two tools")
        tools = []
        for event in events:
            match event:
                case ToolStateCompleted(tool=tool, tool_id=tool_id):
                    tools.append((tool, bool(tool_id)))
                    if len(tools) == 1:
                        break
                case SessionError(error=error):
                    pytest.fail(str(error))
        for event in events:
            match event:
                case ToolStateCompleted(tool=tool, output=output):
                    assert output
                    tools.append((tool, True))
                case SessionIdle():
                    break
        assert tools == [("bash", True), ("bash", True)]
    assert list(events) == []


def test_the_same_stream_serves_threads_and_coroutines(server: Server, client: Client) -> None:
    async def one(stream: EventStream) -> Event:
        return await stream.__anext__()

    # Of its own: what sessions of other tests still do is told in their directory.
    client = client.with_directory(server.project("one stream"))
    with client.subscribe() as events:
        first = next(events)
        assert isinstance(first, ServerConnected)
        session = client.sessions.create()
        assert asyncio.run(one(events)).session_id == session.id
        client.sessions.delete(session.id)
        assert next(events).session_id == session.id


def test_ending_a_stream_tells_a_waiting_thread_at_once(client: Client) -> None:
    events = client.subscribe()
    assert isinstance(next(events), ServerConnected)
    waiting = threading.Event()
    left: list[float] = []

    def wait() -> None:
        waiting.set()
        for _ in events:
            pass
        left.append(time.monotonic())

    thread = threading.Thread(target=wait)
    thread.start()
    waiting.wait()
    ended = time.monotonic()
    events.end()
    thread.join(5)
    assert left
    assert left[0] - ended < 1
    assert "ended" in repr(events)


async def test_ending_a_stream_tells_a_waiting_task_at_once(server: Server) -> None:
    async with connected(server) as client:
        events = await client.with_directory(server.project("one waiting task")).subscribe()
        assert isinstance(await events.__anext__(), ServerConnected)
        waiting = asyncio.ensure_future(collect(events))
        await asyncio.sleep(0)
        await events.aclose()
        assert await asyncio.wait_for(waiting, 1) == []


async def test_a_cancelled_task_takes_no_event_away(server: Server) -> None:
    async with connected(server) as client:
        session = await client.sessions.create()
        whole, cut = client.subscribe(session.id), client.subscribe(session.id)
        async with whole, cut:
            await client.messages.prompt_async(session.id, "answer steadily")
            seen: list[Event] = []
            while not seen or not isinstance(seen[-1], SessionIdle):
                task = asyncio.ensure_future(cut.__anext__())
                stage = len(seen) % 4
                if stage >= 2:
                    await asyncio.sleep(0)
                if stage == 3:
                    # Blocks the loop: the event arrives and is not delivered yet.
                    time.sleep(0.05)
                # Cancelled before it begins (1), while it waits (2), and with an event (3).
                if stage and task.cancel():
                    with pytest.raises(asyncio.CancelledError):
                        await task
                seen.append(await cut.__anext__() if task.cancelled() else await task)
            told = [event async for event in until_idle(whole)]
        # What is about no session, each connection is told in its own words.
        names = [(event.type, event.id) for event in seen if event.session_id]
        assert names == [(event.type, event.id) for event in told if event.session_id]
        assert len([event for event in seen if isinstance(event, MessagePartDelta)]) > 10


async def test_a_cancelled_call_is_dropped(server: Server) -> None:
    async with connected(server) as client:
        session = await client.sessions.create()
        with pytest.raises((asyncio.TimeoutError, TimeoutError)):
            await asyncio.wait_for(client.messages.prompt(session.id, "answer slowly"), 0.5)
        await client.sessions.delete(session.id, force=True)


async def test_fifty_callers_at_once_are_all_answered(server: Server) -> None:
    async with connected(server) as client:
        made = await asyncio.gather(
            *(client.sessions.create(description=f"caller {n}") for n in range(50))
        )
        assert {session.description for session in made} == {f"caller {n}" for n in range(50)}
        await asyncio.gather(*(client.sessions.delete(session.id) for session in made))


def test_fifty_threads_share_a_client(client: Client, server: Server) -> None:
    versions: list[str] = []
    threads = [
        threading.Thread(target=lambda: versions.append(client.version())) for _ in range(50)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert versions == [server.version] * 50


class Watching(BaseHTTPRequestHandler):
    """A server of nothing but events; it notices who hangs up."""

    def do_GET(self) -> None:
        if self.path.split("?")[0] != "/event":
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.end_headers()
        self.wfile.write(b'data: {"type": "server.connected", "properties": {}}\n\n')
        self.connection.settimeout(30)
        if self.connection.recv(1) == b"":
            self.server.hung_up.release()  # type: ignore[attr-defined]

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def watching() -> Iterator[ThreadingHTTPServer]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Watching)
    server.hung_up = threading.Semaphore(0)  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_stream_that_ends_or_is_dropped_lets_go_of_the_server(
    watching: ThreadingHTTPServer,
) -> None:
    hung_up: threading.Semaphore = watching.hung_up  # type: ignore[attr-defined]
    with Client(f"http://127.0.0.1:{watching.server_port}") as client:
        dropped, ended = client.subscribe(), client.subscribe()
        for events in (dropped, ended):
            assert isinstance(next(events), ServerConnected)
        assert not hung_up.acquire(blocking=False)
        del dropped, events
        gc.collect()
        assert hung_up.acquire(timeout=10)
        ended.end()
        assert hung_up.acquire(timeout=10)


def test_a_session_that_is_not_there_has_no_events(face: Face) -> None:
    with pytest.raises(NotFoundError):
        face.opened(face.client.subscribe("ses_nowhere"))


async def test_a_loop_that_is_closed_meanwhile_is_no_error(
    server: Server, capfd: pytest.CaptureFixture[str]
) -> None:
    client = Client(
        server.url,
        username=server.username,
        password=server.password,
        directory=server.directory,
    )

    def abandon() -> None:
        loop = asyncio.new_event_loop()
        events = client.subscribe()
        assert isinstance(next(events), ServerConnected)

        async def begin() -> None:
            # Nobody waits for these: the loop is closed before they arrive.
            events._native.next_async()  # type: ignore[union-attr]
            events._client.call_async("health", {})

        loop.run_until_complete(begin())
        loop.close()
        session = client.sessions.create()
        client.sessions.delete(session.id)
        kinds = []
        for event in events:
            kinds.append(event.type)
            if isinstance(event, SessionDeleted):
                break
        # What the first waiter would have got came to the next one.
        assert "session.created" in kinds
        events.end()

    await asyncio.to_thread(abandon)
    assert client.health().healthy
    client.close()
    assert capfd.readouterr().err == ""


async def test_both_ways_to_open_are_the_same(server: Server) -> None:
    async with connected(server) as client:
        session = await client.sessions.create()
        async for event in client.subscribe(session.id):
            assert isinstance(event, ServerConnected)
            break
        async with client.subscribe(session.id) as events:
            await client.messages.prompt_async(session.id, "hello")
            updated = [e async for e in until_idle(events) if isinstance(e, MessageUpdated)]
            assert {event.info.role for event in updated} == {"user", "assistant"}
        closed = client.subscribe(session.id)
        closed.close()
        assert await collect(closed) == []


def connected(server: Server) -> AsyncClient:
    return AsyncClient(
        server.url,
        username=server.username,
        password=server.password,
        directory=server.directory,
    )


async def collect(events: EventStream) -> list[Event]:
    return [event async for event in events]


async def until_idle(events: EventStream) -> AsyncIterator[Event]:
    async for event in events:
        yield event
        if isinstance(event, SessionIdle):
            return
