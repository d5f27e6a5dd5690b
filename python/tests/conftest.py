"""Every test has a home, a default store and a session manager of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from opencode.hooks import HookRegistry
from opencode.sessions import SessionManager, SessionStorage


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
