"""Ctrl-C, forks and the end of the interpreter, each in a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from opencode.client import Client
    from tests.conftest import Server

    Child = subprocess.Popen[str]

pytestmark = pytest.mark.usefixtures("environment")

#: Says `blocked` as soon as the main thread is inside of one of these functions of the library.
WATCH = """
import sys, threading, time

def tell_when_blocked(*names):
    main = threading.main_thread().ident
    def watch():
        while sys._current_frames()[main].f_code.co_name not in names:
            time.sleep(0.005)
        print("blocked", flush=True)
    threading.Thread(target=watch, daemon=True).start()
"""

IN_A_CALL = """
from opencode.client import Client
client = Client()
session = client.sessions.create()
tell_when_blocked("call")
try:
    client.messages.prompt(session.id, "answer slowly")
except KeyboardInterrupt:
    print(time.monotonic())
print(client.sessions.delete(session.id, force=True).aborted)
client.close()
"""

IN_A_STREAM = """
from opencode.client import Client, ServerConnected, SessionCreated
client = Client()
events = client.subscribe()
assert isinstance(next(events), ServerConnected)
tell_when_blocked("__next__")
try:
    for event in events:
        pass
except KeyboardInterrupt:
    print(time.monotonic())
# Ctrl-C ended the wait, not the stream.
session = client.sessions.create()
print(any(isinstance(event, SessionCreated) for event in events))
client.sessions.delete(session.id)
client.close()
"""

ON_A_LOOP = """
import asyncio
from opencode.client import AsyncClient

async def main():
    async with AsyncClient() as client, client.session_scope() as scope:
        tell_when_blocked("select")
        await client.messages.prompt(scope.session.id, "answer slowly")

try:
    asyncio.run(main())
except KeyboardInterrupt:
    print(time.monotonic())
print(True)
"""


@contextmanager
def child_of(program: str) -> Iterator[Child]:
    with subprocess.Popen(
        [sys.executable, "-c", program],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as child:
        try:
            yield child
        finally:
            # Ended already, unless the test failed.
            child.kill()


@pytest.mark.parametrize("program", [IN_A_CALL, IN_A_STREAM, ON_A_LOOP])
def test_control_c_interrupts_who_waits_and_nothing_else(program: str) -> None:
    with child_of(WATCH + program) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "blocked\n"
        sent = time.monotonic()
        child.send_signal(signal.SIGINT)
        said, complaints = child.communicate(timeout=30)
    assert (child.returncode, complaints) == (0, "")
    interrupted, works = said.splitlines()
    assert float(interrupted) - sent < 1
    assert works == "True"


FORK = """
import asyncio, os, signal, sys, threading
from opencode.client import AsyncClient, Client, ServerConnected, SessionDeleted
from opencode.errors import InvalidArgumentError

client = Client()
session = client.sessions.create(ephemeral=True)
events = client.subscribe(session.id)
assert isinstance(next(events), ServerConnected)

stop = threading.Event()
def work():
    while not stop.is_set():
        client.sessions.get(session.id)
threads = [threading.Thread(target=work, daemon=True) for _ in range(4)]
for thread in threads:
    thread.start()

def in_child():
    signal.alarm(30)
    # The client is a fresh one with the same settings.
    assert client.sessions.get(session.id).id == session.id
    with client.session_scope() as scope:
        with client.subscribe(scope.session.id) as own:
            client.messages.prompt_async(scope.session.id, "hello")
            assert any(event.type == "session.idle" for event in own)
    async def on_a_loop():
        async with AsyncClient() as other:
            return await other.run_text("hello")
    assert asyncio.run(on_a_loop()) == "Hi there!"
    # The stream is the parent's.
    try:
        next(events)
    except InvalidArgumentError as error:
        assert "forked" in error.message and "subscribe again" in error.hint, error
    else:
        raise AssertionError("a stream of the parent went on")
    events.end()
    client.close()

for leave in (os._exit, sys.exit):
    child = os.fork()
    if child == 0:
        in_child()
        sys.stdout.flush()
        leave(0)
    _, status = os.waitpid(child, 0)
    assert status == 0, status

stop.set()
for thread in threads:
    thread.join()
# Neither the parent's session nor its stream went with the children.
assert client.sessions.get(session.id).id == session.id
client.sessions.delete(session.id)
assert any(isinstance(event, SessionDeleted) for event in events)
client.close()
print("unharmed")
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_child_has_a_client_of_its_own_and_the_parents_stays_whole() -> None:
    with child_of(FORK) as child:
        said, complaints = child.communicate(timeout=120)
    assert (said, child.returncode) == ("unharmed\n", 0), complaints


EXITS = {
    "a stream that nobody reads": """
from opencode.client import Client
client = Client()
events = client.subscribe()
next(events)
""",
    "a thread that waits for an event": """
import threading
from opencode.client import Client
client = Client()
events = client.subscribe()
next(events)
threading.Thread(target=lambda: list(events), daemon=True).start()
""",
    "a turn and a thread that waits for it": """
import threading
from opencode.client import Client, MessagePartDelta
client = Client()
session = client.sessions.create(description="left behind")
events = client.subscribe(session.id)
prompt = lambda: client.messages.prompt(session.id, "answer slowly")
threading.Thread(target=prompt, daemon=True).start()
assert any(isinstance(event, MessagePartDelta) for event in events)
""",
    "tasks of a loop that ends": """
import asyncio
from opencode.client import AsyncClient
async def main():
    client = AsyncClient()
    events = await client.subscribe()
    await events.__anext__()
    asyncio.ensure_future(events.__anext__())
    asyncio.ensure_future(client.health())
    await asyncio.sleep(0)
asyncio.run(main())
""",
}


@pytest.fixture
def left_behind(client: Client) -> Iterator[None]:
    yield
    for session in client.sessions.list(search="left behind"):
        client.sessions.delete(session.id, force=True)


@pytest.mark.parametrize("what", EXITS)
@pytest.mark.usefixtures("left_behind")
def test_nothing_keeps_a_process_that_its_program_thinks_is_done(what: str, server: Server) -> None:
    with child_of(EXITS[what]) as child:
        said, complaints = child.communicate(timeout=30)
    assert (said, complaints, child.returncode) == ("", "", 0)
