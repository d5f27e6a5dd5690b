"""The library's log is Python's, and nothing is printed."""

import logging
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from opencode.sessions import Session, SessionManager, SessionStorage


@contextmanager
def handler_that(does: logging.Handler) -> Iterator[None]:
    logger = logging.getLogger("opencode.sessions")
    logger.addHandler(does)
    try:
        yield
    finally:
        logger.removeHandler(does)


def corrupt(storage: SessionStorage) -> str:
    session = Session()
    storage.save(session)
    storage.get_path(session.id).write_text("[]")
    return session.id


def test_what_was_left_out_is_a_warning_in_the_log(
    storage: SessionStorage, caplog: pytest.LogCaptureFixture
) -> None:
    session_id = corrupt(storage)
    with caplog.at_level(logging.WARNING):
        assert storage.load_or_none(session_id) is None
    records = [r for r in caplog.records if r.name == "opencode.sessions"]
    assert [r.levelname for r in records] == ["WARNING"]
    assert "not loaded" in records[0].getMessage()
    assert session_id in records[0].getMessage()


def test_a_handler_may_use_the_library(storage: SessionStorage) -> None:
    session_id = corrupt(storage)
    seen: list[list[str]] = []

    class Nosy(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            seen.append(storage.list_session_ids())

    with handler_that(Nosy()):
        storage.load_or_none(session_id)
    assert seen == [[session_id]]


def test_nothing_is_printed_where_no_logging_is_set_up(storage: SessionStorage) -> None:
    session_id = corrupt(storage)
    program = """
import sys
from opencode.sessions import SessionManager, SessionStorage
storage = SessionStorage(sys.argv[1])
storage.load_or_none(sys.argv[2])
manager = SessionManager(storage)
manager.register_hook("session:start", lambda session: 1 / 0)
manager.create()
"""
    command = [sys.executable, "-c", program, str(storage.path), session_id]
    ended = subprocess.run(command, capture_output=True, text=True)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")


def test_resume_or_create_says_in_the_log_that_the_latest_is_open_elsewhere(
    storage: SessionStorage, caplog: pytest.LogCaptureFixture
) -> None:
    program = """
import sys
from opencode.sessions import SessionManager, SessionStorage
session = SessionManager(SessionStorage(sys.argv[1])).create()
print(session.id, flush=True)
sys.stdin.read()
"""
    command = [sys.executable, "-c", program, str(storage.path)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdin
        assert holder.stdout
        held = holder.stdout.readline().strip()
        with SessionManager(storage) as manager, caplog.at_level(logging.WARNING):
            assert manager.resume_or_create().id != held
        assert any(held in r.getMessage() for r in caplog.records)
        holder.stdin.close()
