"""The session manager: one current session, and all the others."""

import json
import os
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from opencode.sessions import (
    InvalidArgumentError,
    Session,
    SessionConflictError,
    SessionManager,
    SessionMessage,
    SessionStorage,
    generate_title,
)

FIXTURE = Path(__file__).parents[2] / "tests/fixtures/opencode-export.json"


def test_the_instance_is_one_until_it_is_reset(tmp_path: Path) -> None:
    manager = SessionManager.get_instance()
    assert SessionManager.get_instance() is manager
    assert manager.storage.path == tmp_path / "sessions"
    session = manager.create()
    SessionManager.reset_instance()
    other = SessionManager.get_instance()
    assert other is not manager
    assert not other.has_current
    assert other.resume(session.id).id == session.id


def test_configuring_comes_before_the_first_use(tmp_path: Path) -> None:
    SessionManager.configure(path=tmp_path / "elsewhere", durability="os", auto_save_interval=0)
    assert SessionManager.get_instance().storage.path == tmp_path / "elsewhere"
    with pytest.raises(InvalidArgumentError, match="in use"):
        SessionManager.configure()


def test_the_current_session_stays_one_object(manager: SessionManager) -> None:
    assert manager.current_session is None
    session = manager.create()
    assert manager.current_session is session
    assert session.is_live
    manager.close()
    assert manager.current_session is None


def test_creating_and_resuming_close_the_present_session(manager: SessionManager) -> None:
    ended: list[str] = []
    manager.register_hook("session:end", lambda session: ended.append(session.id))
    one, two = manager.create(), manager.create()
    manager.resume(one.id)
    assert ended == [one.id, two.id]


def test_a_new_session_is_in_the_present_directory_and_titled_by_its_first_message(
    manager: SessionManager,
) -> None:
    session = manager.create()
    assert session.working_dir == os.getcwd()
    manager.add_message("system", "Be brief.")
    manager.add_message("user", "\n  Fix the parser, which is broken in many ways and very slow\nx")
    assert session.title == "Fix the parser, which is broken in many ways an..."
    assert len(session.title) == 50
    assert manager.generate_title(Session()).startswith("Session 20")
    assert generate_title(session) == manager.generate_title(session) == session.title


def test_the_latest_session_is_resumed_or_a_new_one_created(
    manager: SessionManager, storage: SessionStorage
) -> None:
    assert manager.resume_latest() is None
    here = manager.create(working_dir="/here", title="Here")
    manager.create(working_dir="/there", title="There")
    manager.close()
    latest = manager.resume_latest(working_dir="/here")
    assert latest is not None
    assert latest.id == here.id
    assert manager.resume_or_create(working_dir=Path("/there"), model="m").title == "There"
    made = manager.resume_or_create(working_dir="/nowhere", model="m", title="New", tags=["t"])
    assert (made.title, made.model, list(made.tags)) == ("New", "m", ["t"])
    assert SessionManager(storage).resume_latest("/none") is None


def test_messages_are_edited_and_deleted_with_what_belongs_to_them(manager: SessionManager) -> None:
    session = manager.create()
    first = manager.add_message("user", "Helo", tokens=3, model="m", metadata={"k": 1})
    edited = manager.edit_message(first.id, "Hello", tokens=None, important=True)
    assert (edited.content, edited.tokens, edited.important) == ("Hello", None, True)
    assert session.messages[0] == edited
    call = manager.add_message("assistant", None, tool_calls=[{"id": "c1"}])
    result = manager.add_message("tool", "ok", tool_call_id="c1")
    assert manager.delete_message(result.id) == [call.id, result.id]
    assert session.delete_message(first.id) == [first.id]
    assert not session.messages
    with pytest.raises(InvalidArgumentError, match="no message"):
        manager.delete_message("gone")
    with pytest.raises(InvalidArgumentError, match="id cannot be edited"):
        session.edit_message(manager.add_message("user", "x").id, id="other")


def test_usage_adds_up(manager: SessionManager) -> None:
    session = manager.create()
    assert session.usage["input"] == 0
    manager.update_usage(1500, 800, cache_read=5, cost=0.25)
    session.update_usage(completion_tokens=1, reasoning=2, cache_write=3)
    assert (session.total_prompt_tokens, session.total_completion_tokens) == (1500, 801)
    assert session.total_tokens == 2301
    assert session.usage == {
        "input": 1500,
        "output": 801,
        "reasoning": 2,
        "cache_read": 5,
        "cache_write": 3,
        "cost": 0.25,
    }


def test_listing_filters_sorts_and_pages(manager: SessionManager, storage: SessionStorage) -> None:
    start = datetime(2024, 1, 1, tzinfo=timezone.utc)
    for n in range(5):
        session = Session(
            title=f"Session {n}",
            id=f"s{n}",
            tags=["all", "even"] if n % 2 == 0 else ["all"],
            model="a" if n < 2 else "b",
            status="idle" if n == 4 else None,
            parent_id="s0" if n == 3 else None,
            created_at=start + timedelta(days=n),
        )
        storage.save(session)

    def ids(**query: object) -> list[str]:
        return [s.id for s in manager.list_sessions(**query)]  # type: ignore[arg-type]

    assert ids() == ["s4", "s3", "s2", "s1", "s0"]
    assert ids(tags=["all", "even"], descending=False) == ["s0", "s2", "s4"]
    assert ids(search="SESSION 3") == ["s3"]
    assert ids(model="a") == ["s1", "s0"]
    assert ids(status="idle") == ["s4"]
    assert ids(parent="s0") == ["s3"]
    assert ids(since=start + timedelta(days=3)) == ["s4", "s3"]
    assert ids(until="2024-01-02T00:00:00Z") == ["s1", "s0"]
    assert ids(limit=2, offset=1) == ["s3", "s2"]
    assert ids(limit=None) == ids()
    page = manager.list_sessions(limit=3, with_total=True)
    assert page.total == 5
    rest = manager.list_sessions(limit=3, cursor=page.next_cursor)
    assert [s.id for s in [*page, *rest]] == ids()
    assert rest.next_cursor is None
    assert page[0] == type(page[0]).from_dict(page[0].to_dict())


def test_messages_are_found_by_what_they_say(manager: SessionManager) -> None:
    session = manager.create(title="Auth", tags=["api"])
    manager.add_message("user", "Refresh the JWT before it expires")
    manager.add_message("assistant", "The refresh token is rotated")
    manager.storage.wait_for_index()
    results = manager.search_messages("jwt refresh")
    assert [(hit.session_id, hit.title, hit.role) for hit in results] == [
        (session.id, "Auth", "user")
    ]
    assert results[0].snippet == "[Refresh] the [JWT] before it expires"
    assert results[0].message_id == session.messages[0].id
    assert (results.sessions_indexed, results.sessions_total) == (1, 1)
    assert len(manager.search_messages("refresh", role="assistant", tags=["api"])) == 1
    assert manager.search_messages("refresh", tags=["other"]) == []
    for odd in ('"unbalanced', "a AND", "NEAR(", "*", "", "-x", "col:y", "(", "'; DROP TABLE"):
        manager.search_messages(odd)


def test_a_fork_is_a_session_of_its_own(manager: SessionManager, storage: SessionStorage) -> None:
    session = manager.create(title="Original")
    first = manager.add_message("user", "one")
    manager.add_message("user", "two")
    fork = manager.fork(session.id, at_message=first.id)
    assert [m.content for m in fork.messages] == ["one"]
    assert fork.forked_from == {"session_id": session.id, "message_id": first.id}
    assert storage.load(fork.id) == fork
    assert manager.current_session is session
    assert not session.fork(first.id, inclusive=False, new_id="empty").messages
    assert not storage.exists("empty")


def test_deleting_the_current_session_detaches_it_without_an_end(manager: SessionManager) -> None:
    ended: list[object] = []
    manager.register_hook("session:end", ended.append)
    session = manager.create()
    assert not manager.delete(session.id[:8]), "what is gone for good is named in full"
    assert manager.delete(session.id)
    assert not manager.has_current
    assert not manager.delete(session.id)
    assert ended == []
    assert manager.get_session(session.id) is None


def test_an_opencode_export_comes_in_and_goes_out_unchanged(
    manager: SessionManager, tmp_path: Path
) -> None:
    original = json.loads(FIXTURE.read_text(encoding="utf-8"))
    told: list[tuple[int, int]] = []
    session = manager.import_session(FIXTURE, progress=lambda done, of: told.append((done, of)))
    assert told == [(0, 1), (1, 1)]
    assert session.message_count >= len(original["messages"])
    assert manager.export(session.id, format="opencode") == original
    with pytest.raises(SessionConflictError):
        manager.import_session(original)
    assert manager.import_session(original, on_conflict="new_id").id != session.id
    assert manager.import_session(str(FIXTURE), on_conflict="replace").id == session.id
    assert manager.import_session(manager.export(session.id), on_conflict="new_id").messages == (
        session.messages
    )
    broken = tmp_path / "broken.json"
    broken.write_text("{")
    with pytest.raises(InvalidArgumentError, match="not JSON"):
        manager.import_session(broken)


def test_a_session_resumed_after_a_torn_write_says_what_was_repaired(
    manager: SessionManager, storage: SessionStorage
) -> None:
    session = manager.create()
    manager.add_message("user", "whole")
    journal = next(storage.path.glob("*.journal.jsonl"))
    torn = storage.path.parent / "torn"
    torn.mkdir()
    for file in (storage.get_path(session.id), journal):
        (torn / file.name).write_bytes(file.read_bytes())
    with (torn / journal.name).open("ab") as end:
        end.write(b'{"torn')
    loaded = SessionStorage(torn).load(session.id)
    assert [m.content for m in loaded.messages] == ["whole"]
    assert [finding.kind for finding in loaded.recovery_report] == ["torn_tail"]
    assert loaded.recovery_report[0].details["len"] == 6
    assert "unfinished line" in str(loaded.recovery_report)


def test_a_session_of_another_store_is_not_saved_by_mistake(
    manager: SessionManager, tmp_path: Path
) -> None:
    session = manager.create()
    other = SessionStorage(tmp_path / "other")
    with pytest.raises(InvalidArgumentError, match="another store"):
        other.save(session)
    manager.storage.save(session)
    other.save(Session.from_dict(session.to_dict()))
    session.add_message(SessionMessage("user", "only here"))
    assert other.load(session.id).message_count == 0
