"""Every test has a home, a default store and a session manager of its own.

A test that takes `server` runs against the real OpenCode server, one that takes
`scripted_model` against its model alone; both are marked `real_server`.
"""

import asyncio
import inspect
import json
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from opencode.hooks import HookRegistry
from opencode.sessions import SessionManager, SessionStorage

# Who runs tests in the background has them ignore Ctrl-C, and the programs they start would, too.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

SERVERS = Path(__file__).parents[2] / "tests" / "servers"


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("OPENCODE_SESSIONS_DIR", str(tmp_path / "sessions"))
    yield
    SessionManager.reset_instance()
    HookRegistry.get_instance().clear()


@pytest.fixture
def storage(tmp_path: Path) -> SessionStorage:
    return SessionStorage(tmp_path / "store")


@pytest.fixture
def manager(storage: SessionStorage) -> Iterator[SessionManager]:
    with SessionManager(storage, auto_save_interval=0) as manager:
        yield manager


class Rig:
    """What tests/servers/rig.mjs started; the README beside it has the commands."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def command(self, name: str, /, **arguments: object) -> dict[str, Any]:
        """Does one of the README's commands and returns its answer."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"command": name, **arguments}) + "\n")
        self._process.stdin.flush()
        answer = self._answer()
        assert answer["ok"], answer["error"]
        return answer

    def add_fixture(self, fixture: dict[str, Any]) -> None:
        """Has the model answer like this from now on."""
        self.command("add_fixture", fixture=fixture)

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the rig ended; what it wrote above says why"
        answer: dict[str, Any] = json.loads(line)
        return answer


class Model(Rig):
    """The scripted model alone."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        super().__init__(process)
        self.url: str = self._answer()["model_url"]


class Server(Rig):
    """The real server with its scripted model."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        super().__init__(process)
        addresses = self._answer()
        self.url: str = addresses["url"]
        self.username: str = addresses["username"]
        self.password: str = addresses["password"]
        self.directory = Path(addresses["directory"])
        self.home = Path(addresses["home"])
        self.root = Path(addresses["root"])
        self.version: str = addresses["version"]
        self.model_url: str = addresses["model_url"]

    def project(self, name: str) -> Path:
        """A new git repository with one commit, for one test alone."""
        return Path(self.command("project", name=name)["directory"])


@contextmanager
def rig(*arguments: str) -> "Iterator[subprocess.Popen[str]]":
    if not (SERVERS / "node_modules").is_dir():
        pytest.fail("the real server is not installed: `cargo xtask test` does that (with Node)")
    # Leaving the block closes its standard input and waits: with that it stops all it started.
    with subprocess.Popen(
        ["node", str(SERVERS / "rig.mjs"), *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        encoding="utf-8",
    ) as process:
        yield process


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    with rig() as process:
        yield Server(process)


@pytest.fixture(scope="session")
def scripted_model() -> Iterator[Model]:
    with rig("model") as process:
        yield Model(process)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if {"server", "scripted_model"} & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.real_server)


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """A test that is a coroutine function runs on a loop of its own."""
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    names = pyfuncitem._fixtureinfo.argnames
    asyncio.run(pyfuncitem.obj(**{name: pyfuncitem.funcargs[name] for name in names}))
    return True
