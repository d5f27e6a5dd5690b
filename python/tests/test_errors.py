"""Each error has its class, its code, and what a program and a person need to go on."""

import copy
import pickle
import shutil
from pathlib import Path

import pytest

import opencode.errors
import opencode.sessions
from opencode.errors import (
    InvalidArgumentError,
    InvalidSessionIdError,
    NoActiveSessionError,
    OpencodeError,
    SessionConflictError,
    SessionError,
    SessionLockedError,
    SessionNotFoundError,
    SessionStorageError,
)
from opencode.sessions import Session, SessionManager, SessionStorage


def test_the_tree_is_what_callers_catch() -> None:
    storage_kinds = ("NotFound", "Corrupted", "Locked", "Conflict")
    for name in storage_kinds:
        assert issubclass(getattr(opencode.errors, f"Session{name}Error"), SessionStorageError)
    assert issubclass(SessionStorageError, SessionError)
    assert issubclass(SessionError, OpencodeError)
    assert issubclass(InvalidSessionIdError, (SessionStorageError, ValueError))
    assert issubclass(InvalidSessionIdError, ValueError)
    assert issubclass(NoActiveSessionError, SessionError)
    assert issubclass(NoActiveSessionError, ValueError)
    assert issubclass(InvalidArgumentError, ValueError)
    for name in opencode.sessions.__all__:
        if name.endswith("Error"):
            assert getattr(opencode.sessions, name) is getattr(opencode.errors, name)


def test_an_error_names_code_session_and_way_out(storage: SessionStorage) -> None:
    with pytest.raises(SessionNotFoundError) as caught:
        storage.load("nowhere")
    error = caught.value
    assert (error.code, error.session_id) == ("SESSION_NOT_FOUND", "nowhere")
    assert (error.status, error.retryable) == (None, False)
    assert error.message == "session nowhere not found"
    assert error.hint
    assert str(error) == f"{error.message} (hint: {error.hint})"


def test_errors_can_be_pickled_and_copied(storage: SessionStorage) -> None:
    with pytest.raises(InvalidSessionIdError) as caught:
        storage.load("../x")
    for twin in (pickle.loads(pickle.dumps(caught.value)), copy.copy(caught.value)):
        assert type(twin) is InvalidSessionIdError
        assert str(twin) == str(caught.value)
        assert (twin.code, twin.candidates) == (caught.value.code, [])


def test_calls_that_need_a_session_say_so(manager: SessionManager) -> None:
    for attempt in (
        lambda: manager.add_message("user", "x"),
        lambda: manager.edit_message("m", "x"),
        lambda: manager.delete_message("m"),
        lambda: manager.record_tool_call("bash", {}),
        lambda: manager.update_usage(1, 1),
        lambda: manager.set_title("x"),
        lambda: manager.generate_title(),
        lambda: manager.add_tag("x"),
        lambda: manager.remove_tag("x"),
        lambda: manager.save(),
    ):
        with pytest.raises(NoActiveSessionError) as caught:
            attempt()
        assert caught.value.code == "NO_ACTIVE_SESSION"
    manager.close()


def test_a_shared_prefix_names_its_candidates(
    storage: SessionStorage, manager: SessionManager
) -> None:
    for end in ("one", "two"):
        storage.save(Session(id=f"shared-{end}"))
    with pytest.raises(InvalidSessionIdError) as caught:
        manager.resume("shared")
    assert caught.value.candidates == ["shared-one", "shared-two"]
    assert "shared-two" in str(caught.value)
    assert manager.resume("shared-t").id == "shared-two"


def test_a_conflict_tells_both_revisions(storage: SessionStorage) -> None:
    session = Session(id="same")
    storage.save(session)
    with pytest.raises(SessionConflictError) as caught:
        storage.save(Session(id="same", title="Another"))
    assert (caught.value.expected, caught.value.actual) == (0, session.revision)
    storage.save(Session(id="same", title="Another"), overwrite=True)
    assert storage.load("same").title == "Another"


def test_what_the_disk_says_is_the_cause(manager: SessionManager, tmp_path: Path) -> None:
    with pytest.raises(SessionStorageError) as caught:
        manager.import_session(tmp_path / "missing.json")
    assert caught.value.code == "STORAGE"
    assert "missing.json" in str(caught.value)
    assert isinstance(caught.value.__cause__, FileNotFoundError)


def test_a_store_that_vanished_comes_back(manager: SessionManager, storage: SessionStorage) -> None:
    shutil.rmtree(storage.path)
    manager.create(title="After")
    assert [s.title for s in manager.list_sessions()] == ["After"]


def test_a_session_open_elsewhere_in_this_process_is_shared(storage: SessionStorage) -> None:
    with SessionManager(storage) as one, SessionManager(storage) as two:
        session = one.create()
        two.resume(session.id)
        two.add_message("user", "from two")
        one.add_message("user", "from one")
        assert [m.content for m in session.messages] == ["from two", "from one"]
        with pytest.raises(SessionLockedError):
            storage.trash(session.id)
