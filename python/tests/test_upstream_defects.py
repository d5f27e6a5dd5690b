"""Fourteen ways session stores of this kind were seen to lose or hide sessions, each ruled out."""

import json
import os
import shutil
import stat
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import pytest

from opencode.sessions import (
    InvalidSessionIdError,
    Session,
    SessionConflictError,
    SessionCorruptedError,
    SessionIndex,
    SessionLockedError,
    SessionManager,
    SessionMessage,
    SessionStorage,
    SessionStorageError,
)


def saved(storage: SessionStorage, *titles: str) -> Session:
    """A session saved once for each title, so that it has a backup after the second."""
    session = Session(title=titles[0])
    storage.save(session)
    for title in titles[1:]:
        session.title = title
        storage.save(session)
    return session


def test_defect_01_the_published_index_is_complete_after_every_close(
    storage: SessionStorage, manager: SessionManager
) -> None:
    for expected in (1, 2, 3):
        manager.create(title=f"Number {expected}")
        manager.close()
        published = json.loads((storage.path / "index.json").read_text())
        assert len(published["sessions"]) == expected
    assert manager.delete(manager.list_sessions()[0].id)
    assert SessionIndex(storage).count() == 2


@pytest.mark.parametrize("bad", ["../evil", "a/b", "", "index", "a\0b", "x" * 200, ".."])
def test_defect_02_what_is_no_id_never_becomes_a_path(storage: SessionStorage, bad: str) -> None:
    before = sorted(storage.path.parent.rglob("*"))
    for attempt in (
        lambda: Session(id=bad),
        lambda: storage.load(bad),
        lambda: storage.get_path(bad),
        lambda: storage.delete(bad),
    ):
        with pytest.raises(InvalidSessionIdError) as caught:
            attempt()
        assert caught.value.code == "INVALID_ID"
    assert sorted(storage.path.parent.rglob("*")) == before


def test_defect_03_what_a_crash_leaves_behind_is_no_session(storage: SessionStorage) -> None:
    session = saved(storage, "Real")
    (storage.path / "tmpab12cd.json.tmp").write_text("{")
    (storage.path / ".tmp1234").write_text("{")
    (storage.path / "notes.txt").write_text("mine")
    assert storage.list_session_ids() == [session.id]
    assert SessionIndex(storage).count() == 1


def test_defect_04_a_corrupt_file_never_takes_the_place_of_the_good_backup(
    storage: SessionStorage,
) -> None:
    session = saved(storage, "First", "Second")
    storage.get_path(session.id).write_text("garbage")
    session.title = "Third"
    with pytest.raises(SessionCorruptedError):
        storage.save(session)
    backup = json.loads(storage.get_backup_path(session.id).read_text())
    assert backup["title"] in ("First", "Second")
    assert storage.recover_from_backup(session.id)
    assert storage.load(session.id).title == "Second"


def test_defect_05_a_corrupt_backup_is_not_put_in_place(storage: SessionStorage) -> None:
    session = saved(storage, "First", "Second")
    path, backup = storage.get_path(session.id), storage.get_backup_path(session.id)
    backup.write_text("garbage too")
    path.write_text("garbage")
    assert not storage.recover_from_backup(session.id)
    assert path.read_text() == "garbage"
    with pytest.raises(SessionCorruptedError) as caught:
        storage.load(session.id)
    assert "disabled" not in str(caught.value)


@pytest.mark.parametrize(
    "content", [b"[]", b"null", b'"text"', b"\xff\xfe\x00", b"", b"{", b"[" * 100_000]
)
def test_defect_06_whatever_is_wrong_with_a_file_it_is_corrupted_and_recoverable(
    storage: SessionStorage, content: bytes
) -> None:
    session = saved(storage, "First", "Second")
    storage.get_path(session.id).write_bytes(content)
    with pytest.raises(SessionCorruptedError) as caught:
        storage.load(session.id)
    assert caught.value.code == "SESSION_CORRUPTED"
    assert caught.value.session_id == session.id
    assert storage.load_or_none(session.id) is None
    recovering = SessionStorage(storage.path, auto_recover=True)
    recovered = recovering.load(session.id)
    assert recovered.title == "Second"


def test_defect_07_one_naive_time_does_not_break_the_listing(
    storage: SessionStorage, manager: SessionManager
) -> None:
    saved(storage, "Aware")
    record = Session(title="Naive").to_dict()
    record["updated_at"] = "2024-01-15T10:30:00"
    storage.get_path(record["id"]).write_text(json.dumps(record))
    listed = {s.title: s.updated_at for s in manager.list_sessions()}
    assert listed["Naive"].isoformat() == "2024-01-15T10:30:00+00:00"
    assert listed["Aware"].tzinfo is not None


def test_defect_08_files_without_an_index_are_listed(storage: SessionStorage) -> None:
    saved(storage, "Here")
    copy = storage.path.with_name("copy")
    copy.mkdir()
    for file in storage.path.glob("*-*.json*"):
        shutil.copy(file, copy)
    other = SessionStorage(copy)
    assert [s.title for s in SessionManager(other).list_sessions()] == ["Here"]


def test_defect_09_the_file_name_and_the_id_within_are_the_same(storage: SessionStorage) -> None:
    record = Session(title="Renamed", id="inner").to_dict()
    storage.get_path("outer").write_text(json.dumps(record))
    with pytest.raises(SessionCorruptedError, match='it holds the session "inner"'):
        storage.load("outer")
    assert not storage.exists("inner")


def test_defect_10_unknown_fields_survive_being_saved(storage: SessionStorage) -> None:
    record = Session(title="From the future").to_dict()
    record["x_new"] = {"deep": [1, {"er": None}]}
    record["messages"] = [{"role": "oracle", "content": "hm", "x_mood": "grim"}]
    storage.get_path(record["id"]).write_text(json.dumps(record))
    session = storage.load(record["id"])
    session.add_tag("read")
    storage.save(session)
    again = storage.load(record["id"]).to_dict()
    assert again["x_new"] == {"deep": [1, {"er": None}]}
    assert again["messages"][0]["x_mood"] == "grim"
    assert again["messages"][0]["role"] == "oracle"


def test_defect_11_everything_in_a_store_is_private(
    storage: SessionStorage, manager: SessionManager
) -> None:
    manager.create()
    manager.add_message("user", "secret")
    manager.close()
    assert (storage.path / "index.json").is_file()
    for path in (storage.path, *storage.path.rglob("*")):
        mode = stat.S_IMODE(path.stat().st_mode)
        assert mode == (0o700 if path.is_dir() else 0o600), path


HOLDER = """
import sys
from opencode.sessions import SessionManager, SessionStorage
manager = SessionManager(SessionStorage(sys.argv[1]))
manager.resume(sys.argv[2])
print("open", flush=True)
sys.stdin.read()
manager.close()
"""


def test_defect_12_one_writer_at_a_time_and_readers_need_no_lock(
    storage: SessionStorage, manager: SessionManager
) -> None:
    session = saved(storage, "Held")
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, storage.path, session.id],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdin
    assert holder.stdout
    with holder:
        assert holder.stdout.readline() == "open\n"
        with pytest.raises(SessionLockedError) as caught:
            manager.resume(session.id)
        assert isinstance(caught.value, SessionStorageError)
        assert str(holder.pid) in str(caught.value)
        assert caught.value.retryable
        assert storage.load(session.id).title == "Held"
        assert len(manager.list_sessions()) == 1
        holder.stdin.close()
        assert manager.resume(session.id, wait=10).title == "Held"
        assert holder.wait() == 0


def test_defect_12_a_read_only_store_can_be_read_and_listed(
    storage: SessionStorage,
) -> None:
    session = saved(storage, "Read me")
    with tempfile.TemporaryDirectory() as place:
        store = Path(shutil.copytree(storage.path, Path(place, "store")))
        for path in (Path(place), store, *store.rglob("*")):
            path.chmod(0o755 if path.is_dir() else 0o444)
        readable = [path for path in (store, *store.rglob("*")) if path.is_dir()]
        for path in readable:
            path.chmod(0o555)
        child = os.fork()
        if child == 0:
            os._exit(read_without_writing(store, session.id))
        _, status = os.waitpid(child, 0)
        for path in readable:
            path.chmod(0o755)
    assert os.waitstatus_to_exitcode(status) == 0


def read_without_writing(store: Path, session_id: str) -> int:
    """Reads the store as somebody who may not write it. Gives the line that failed."""
    try:
        if os.geteuid() == 0:
            os.setgid(65534)
            os.setuid(65534)
        storage = SessionStorage(store)
        session = storage.load(session_id)
        assert session.title == "Read me"
        assert [s.id for s in SessionManager(storage).list_sessions()] == [session_id]
        session.title = "Written"
        with pytest.raises(SessionStorageError) as caught:
            storage.save(session)
        assert caught.value.code == "STORAGE"
        assert storage.load(session_id).title == "Read me"
    except BaseException as error:
        traceback = error.__traceback__
        assert traceback is not None
        return traceback.tb_lineno % 256
    return 0


KILLED = """
import os, signal, sys
from opencode.sessions import SessionManager, SessionStorage
manager = SessionManager(SessionStorage(sys.argv[1]))
print(manager.create().id, flush=True)
manager.add_message("user", "Acknowledged, so it is kept")
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_defect_13_a_message_is_stored_when_the_call_returns(
    storage: SessionStorage, manager: SessionManager
) -> None:
    command = [sys.executable, "-c", KILLED, str(storage.path)]
    killed = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    session = manager.resume(killed.stdout.strip())
    assert [m.content for m in session.messages] == ["Acknowledged, so it is kept"]
    # The first user message gave the title as well.
    assert session.title == "Acknowledged, so it is kept"


def test_defect_13_auto_save_needs_no_event_loop(storage: SessionStorage) -> None:
    saved_again = threading.Event()
    store = SessionStorage(storage.path, durability="os")
    with SessionManager(store, auto_save_interval=0.02) as manager:
        manager.register_hook("session:save", lambda _session: saved_again.set())
        manager.create()
        manager.add_message("user", "hello")
        assert saved_again.wait(10)


def test_defect_14_a_message_costs_its_own_size_and_not_the_sessions(
    storage: SessionStorage, manager: SessionManager
) -> None:
    manager.create()
    for _ in range(200):
        manager.add_message("user", "x" * 1000)

    def bytes_in_store(root: Path) -> int:
        return sum(path.stat().st_size for path in root.glob("*.json*"))

    before = bytes_in_store(storage.path)
    manager.add_message("user", "x" * 1000)
    assert bytes_in_store(storage.path) - before < 2000


def test_defect_14_two_writers_keep_each_others_changes(storage: SessionStorage) -> None:
    session = saved(storage, "Shared")
    one, two = storage.load(session.id), storage.load(session.id)
    one.add_message(SessionMessage("user", "from one"))
    two.add_message(SessionMessage("user", "from two"))
    storage.save(one)
    storage.save(two)
    contents = [m.content for m in storage.load(session.id).messages]
    assert contents == ["from one", "from two"]

    one, two = storage.load(session.id), storage.load(session.id)
    one.title, two.title = "One's", "Two's"
    storage.save(one)
    with pytest.raises(SessionConflictError) as caught:
        storage.save(two)
    assert caught.value.actual == storage.load(session.id).revision
    assert caught.value.expected is not None
    assert storage.load(session.id).title == "One's"
