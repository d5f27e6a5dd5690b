"""How sessions and listings look in a REPL and in a notebook."""

import re

from opencode.sessions import (
    Session,
    SessionIndex,
    SessionManager,
    SessionMessage,
    SessionStorage,
    ToolInvocation,
)

EVIL = "<script>alert('&')</script>"


def test_reprs_say_what_one_looks_for(manager: SessionManager) -> None:
    session = manager.create(id="550e8400-e29b", title="Refactoring API client")
    assert repr(session) == "<Session 550e8400 'Refactoring API client' 0 messages, live>"
    message = manager.add_message("user", "Hello\n" + "x" * 100)
    assert repr(session) == "<Session 550e8400 'Refactoring API client' 1 message, live>"
    assert repr(Session(id="abc")) == "<Session abc '' 0 messages, detached>"
    assert re.fullmatch(r"<SessionMessage msg_\w+ user: 'Hello\\nx+…'>", repr(message))
    assert "1 messages of <Session 550e8400" in repr(session.messages)
    tool = ToolInvocation("bash", success=False, duration=0.5, id="tool_1")
    assert repr(tool) == "<ToolInvocation tool_1 bash failed, 0.500 s>"
    listed = manager.list_sessions()
    assert repr(listed[0]) == "<SessionSummary 550e8400 'Refactoring API client' 1 message>"
    assert repr(listed) == f"<SessionList of 1:\n  {listed[0]!r},\n>"
    assert repr(manager.list_sessions(search="none")) == "<SessionList of 0>"
    assert "current session 550e8400-e29b" in repr(manager)
    assert repr(manager.storage) == f"SessionStorage('{manager.storage.path}')"
    assert repr(SessionIndex(manager.storage)).startswith("SessionIndex(SessionStorage('")


def test_html_shows_what_was_said_escaped(manager: SessionManager) -> None:
    session = manager.create(title=EVIL, tags=[EVIL], working_dir=EVIL, model=EVIL)
    for n in range(12):
        manager.add_message("user", f"{n} {EVIL}")
    manager.storage.wait_for_index()
    listed = manager.list_sessions(with_total=True)
    found = manager.search_messages("alert")
    for shown in (session, listed[0], listed, found):
        html = shown._repr_html_()
        assert "<script>" not in html
        assert "&lt;script&gt;" in html
        assert html.count("<table>") == html.count("</table>")
    assert "2 earlier messages" in session._repr_html_()
    assert "1 of 1 sessions" in listed._repr_html_()
    assert repr(found[0]).startswith(f"<SearchHit {session.id[:8]} msg_")


def test_progress_is_told_to_a_callable_and_its_errors_are_raised(storage: SessionStorage) -> None:
    for n in range(3):
        storage.save(Session(id=f"s{n}", updated_at="2020-01-01"))
    told: list[tuple[int, int]] = []
    assert SessionIndex(storage).rebuild(progress=lambda *args: told.append(args)) == []
    assert told[-1][0] == told[-1][1] > 0
    told.clear()
    cleaned = storage.cleanup_old_sessions(
        30, keep_minimum=1, progress=lambda *args: told.append(args)
    )
    assert told == [(1, 2), (2, 2)]
    assert len(cleaned) == 2
    assert cleaned.skipped == []
    assert [trashed for trashed, _ in storage.list_trash()].sort() == list(cleaned).sort()
    assert storage.restore(cleaned[0]).id == cleaned[0]
    assert storage.empty_trash() == [cleaned[1]]

    def stop(_done: int, _total: int) -> None:
        raise KeyboardInterrupt

    try:
        SessionIndex(storage).rebuild(progress=stop)
    except KeyboardInterrupt:
        pass
    else:
        raise AssertionError("the interrupt was swallowed")
    assert SessionIndex(storage).rebuild(progress=True) == []


def test_sessions_that_are_open_are_skipped_by_a_clean_up(
    storage: SessionStorage, manager: SessionManager
) -> None:
    storage.save(Session(id="old", updated_at="2020-01-01"))
    session = manager.create()
    session.add_message(SessionMessage("user", "x"))
    cleaned = storage.cleanup_old_sessions(0, keep_minimum=0)
    assert cleaned == ["old"]
    assert [skipped for skipped, _ in cleaned.skipped] == [session.id]
