"""Threads, forks, the interpreter's end, and processes that are killed."""

import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from opencode.sessions import (
    Session,
    SessionLockedError,
    SessionManager,
    SessionStorage,
)

forking = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")


def python(
    program: str, *arguments: object, timeout: float = 60
) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", program, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=timeout)


def test_fifty_threads_share_one_manager(storage: SessionStorage) -> None:
    SessionManager.configure(path=storage.path, durability="os")
    begin = threading.Barrier(50)

    def work(number: int) -> SessionManager:
        begin.wait()
        manager = SessionManager.get_instance()
        session = manager.current_session
        assert session is not None
        for n in range(10):
            manager.add_message("user", f"{number}.{n}")
            session.metadata[f"{number}"] = n
            manager.update_usage(1, 0)
            assert session.message_count > n
        return manager

    session = SessionManager.get_instance().create()
    with ThreadPoolExecutor(50) as pool:
        managers = set(map(id, pool.map(work, range(50))))
    assert managers == {id(SessionManager.get_instance())}
    stored = storage.load(session.id)
    assert stored.total_tokens == stored.message_count == 500
    for number in range(50):
        own = [m.content for m in stored.messages if m.content.startswith(f"{number}.")]
        assert own == [f"{number}.{n}" for n in range(10)]
    assert stored.metadata == {str(number): 9 for number in range(50)}


def in_child(work: object) -> str:
    """Runs ``work`` in a forked child, and gives what it returned as text."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            signal.alarm(20)
            answer = work()  # type: ignore[operator]
        except BaseException as error:
            answer = f"raised {error!r}"
        os.write(writing, str(answer).encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        answer = pipe.read()
    _, status = os.waitpid(child, 0)
    assert status == 0, f"the child ended with {status}"
    return answer


@forking
def test_a_forked_child_has_a_manager_of_its_own_and_the_session_stays_the_parents() -> None:
    parent = SessionManager.get_instance()
    session = parent.create()
    parent.add_message("user", "before")

    def child() -> str:
        manager = SessionManager.get_instance()
        assert manager is not parent
        assert not manager.has_current
        assert not parent.has_current
        assert session.messages[0].content == "before"
        for attempt in (
            lambda: setattr(session, "title", "x"),
            lambda: manager.resume(session.id),
            lambda: session.metadata.update(k=1),
        ):
            try:
                attempt()
            except SessionLockedError:
                continue
            return "was not locked"
        manager.create(title="Child's")
        manager.add_message("user", "from the child")
        titles = sorted(s.title for s in manager.list_sessions())
        manager.close()
        return f"{len(titles)}"

    assert in_child(child) == "2"
    parent.add_message("user", "after")
    assert parent.current_session is session
    assert [m.content for m in session.messages] == ["before", "after"]
    assert "Child's" in {s.title for s in parent.list_sessions()}
    parent.close()


@forking
def test_a_child_forked_while_threads_write_does_not_hang(storage: SessionStorage) -> None:
    SessionManager.configure(path=storage.path, durability="os", auto_save_interval=0.01)
    parent = SessionManager.get_instance()
    parent.create()
    stop = threading.Event()

    def write() -> None:
        while not stop.is_set():
            parent.add_message("user", "x")
            parent.list_sessions(limit=1)

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(5):

            def child() -> str:
                manager = SessionManager.get_instance()
                manager.create()
                manager.add_message("user", "from the child")
                manager.close()
                return "done"

            assert in_child(child) == "done"
    finally:
        stop.set()
        for thread in threads:
            thread.join()


EXIT = """
import sys, threading, time
from opencode.sessions import SessionManager
SessionManager.configure(path=sys.argv[1], durability="os", auto_save_interval=0.001)
manager = SessionManager.get_instance()
manager.register_hook("session:end", lambda session: print("ended", session.message_count))
manager.register_hook("session:save", lambda session: sum(range(1000)))
session = manager.create()
for n in range(200):
    manager.add_message("user", str(n))
print(session.id)
"""


def test_the_end_of_the_interpreter_closes_the_session(storage: SessionStorage) -> None:
    for _ in range(5):
        ended = python(EXIT, storage.path)
        assert (ended.returncode, ended.stderr) == (0, "")
        session_id, end = ended.stdout.splitlines()
        assert end == "ended 200"
        session = storage.load(session_id)
        assert session.message_count == 200
        assert not session.recovery_report
        assert session.title == "0"
        assert not list((storage.path / ".store" / "locks").glob(f"{session_id}*"))


def test_an_exception_at_top_level_loses_nothing(storage: SessionStorage) -> None:
    program = EXIT + "\nraise RuntimeError('the program is broken')"
    ended = python(program, storage.path)
    assert ended.returncode == 1
    assert ended.stderr.rstrip().endswith("RuntimeError: the program is broken")
    assert SessionManager(storage).list_sessions()[0].message_count == 200


APPENDING = """
import sys
from opencode.sessions import SessionManager, SessionStorage
manager = SessionManager(SessionStorage(sys.argv[1], durability=sys.argv[2]))
session = manager.resume(sys.argv[3])
first = session.message_count
print("ready", flush=True)
for n in range(first, 1_000_000):
    message = manager.add_message("user", f"number {n} " + "x" * (n % 700))
    print(message.id, flush=True)
"""


@pytest.mark.parametrize("durability", ["disk", "os"])
def test_a_killed_process_has_lost_nothing_acknowledged(
    storage: SessionStorage, durability: str
) -> None:
    session = Session(title="Killed")
    storage.save(session)
    command = [sys.executable, "-c", APPENDING, str(storage.path), durability, session.id]
    acknowledged: list[str] = []
    for round_ in range(5):
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
            assert child.stdout is not None
            assert child.stdout.readline() == "ready\n"
            for line in child.stdout:
                acknowledged.append(line.strip())
                if len(acknowledged) % 40 == 7 * round_ % 40:
                    child.kill()
                    break
            # What it still said before the kill arrived was acknowledged as well.
            acknowledged += [line.strip() for line in child.stdout if line.endswith("\n")]
        found = [message.id for message in storage.load(session.id).messages]
        assert set(acknowledged) <= set(found)
        assert len(found) - len(acknowledged) <= round_ + 1
    with SessionManager(storage) as manager:
        manager.resume(session.id)
        manager.add_message("user", "the next append works")


def test_importing_is_quick_and_brings_nothing_heavy_along() -> None:
    heavy = "asyncio dataclasses typing json inspect logging importlib.metadata datetime rich re"
    program = f"""
import sys
before = set(sys.modules)
import opencode.sessions, opencode.hooks
print(*sorted((set(sys.modules) - before) & set({heavy.split()!r})))
"""
    ended = subprocess.run(
        [sys.executable, "-S", "-c", program],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(package_paths())},
        capture_output=True,
        text=True,
    )
    assert (ended.stdout, ended.stderr) == ("\n", "")


def package_paths() -> list[str]:
    import opencode.sessions

    return [str(Path(opencode.sessions.__file__).parents[2])]
