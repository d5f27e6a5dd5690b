"""The guide's examples run as they are written.

Three absolute paths in them are moved into the test's folder, what an example takes for granted
(an id it names, a session that is open) is made first, and nothing else is changed.
"""

import asyncio
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from opencode.sessions import Session, SessionManager, SessionStorage

GUIDE = Path(__file__).with_name("guide.md").read_text(encoding="utf-8")
ID = "550e8400-e29b-41d4-a716-446655440000"


def blocks(section: int, language: str = "python") -> list[str]:
    """The code blocks of a section."""
    start = GUIDE.index(f"\n## {section}. ")
    end = GUIDE.find(f"\n## {section + 1}. ", start)
    text = GUIDE[start : end if end > 0 else len(GUIDE)]
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


Run = Callable[..., dict[str, Any]]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    def run(section: int, **prelude: Any) -> dict[str, Any]:
        names = dict(prelude)
        found = blocks(section)
        assert found, f"section {section} has no examples"
        for number, block in enumerate(found):
            for path in ("/custom/path", "/home/user/project", "/tmp/sessions.log"):
                block = block.replace(path, str(tmp_path) + path)
            exec(compile(block, f"guide, section {section}, example {number + 1}", "exec"), names)
        return names

    return run


def test_section_1_creating_messages_tools_and_tokens(
    run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    session = run(1)["session"]
    assert "Total tokens: 2300" in capsys.readouterr().out
    assert [m.role for m in session.messages] == ["user", "assistant", "assistant", "tool"]
    assert session.messages[2].tool_calls[0]["function"]["name"] == "read"
    assert [t.success for t in session.tool_history] == [True, False]
    stored = SessionStorage().load(session.id)
    assert stored == session


def test_section_2_resuming_saving_and_closing(run: Run, tmp_path: Path) -> None:
    SessionStorage().save(Session(title="Earlier", id=ID))
    manager = run(2)["manager"]
    assert not manager.has_current
    working_dirs = {s.working_dir for s in manager.list_sessions()}
    assert working_dirs == {"", str(tmp_path) + "/home/user/project"}


def test_section_3_listing_and_searching(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    storage = SessionStorage()
    for number, title in enumerate(("Refactoring API client", "Implementing auth", "Bug fix")):
        session = Session(title=title, tags=["python"] if number == 1 else [])
        session.update_usage(prompt_tokens=number)
        storage.save(session)
    names = run(3)
    assert "Implementing auth - 0 messages - " in capsys.readouterr().out
    assert [s.title for s in names["python_sessions"]] == ["Implementing auth"]
    assert [s.title for s in names["results"]] == ["Refactoring API client"]
    assert [s.title for s in names["by_title"]] == [
        "Bug fix",
        "Implementing auth",
        "Refactoring API client",
    ]
    assert [s.total_tokens for s in names["by_tokens"]] == [2, 1, 0]
    assert names["page_2"] == []


def test_section_4_titles_tags_metadata_and_deleting(
    run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    SessionStorage().save(Session(id=ID))
    manager = SessionManager.get_instance()
    session = manager.create(tags=["draft"])
    manager.add_message("user", "Help me refactor the API client")
    run(4, manager=manager, session=session)
    assert capsys.readouterr().out == "Session deleted\n"
    stored = SessionStorage().load(session.id)
    assert stored.title == "Help me refactor the API client"
    assert stored.tags == ["python", "refactoring"]
    assert stored.metadata == {"git_branch": "feature/api-v2", "priority": "high"}


def test_section_5_sessions_without_a_store(run: Run) -> None:
    session = run(5)["session"]
    assert [m.content for m in session.messages] == ["Hello, world!", "Hello! How can I help?"]
    assert [t.tool_name for t in session.tool_history] == ["bash", "read"]


def test_section_6_the_store_itself(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    storage = SessionStorage()
    session = Session(title="Kept in the backup", id="corrupted-id")
    storage.save(session)
    session.title = "Kept"
    storage.save(session)
    storage.get_path("corrupted-id").write_text("{ not a session")

    run(6)
    shown = capsys.readouterr().out
    assert "Session exists" in shown
    assert "Session not found" in shown
    assert "Cannot recover" not in shown
    assert "Deleted 0 old sessions" in shown
    assert "Storage size: " in shown
    assert storage.load("corrupted-id").title == "Kept"
    assert (tmp_path / "custom/path/sessions").is_dir()
    project = tmp_path / "home/user/project/.opencode/sessions"
    assert (project / ".gitignore").read_text() == "*\n"


def test_section_7_the_index_itself(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    SessionStorage().save(Session(title="Indexed", id="session-id"))
    names = run(7)
    assert capsys.readouterr().out == "Total sessions: 1\nSession: Indexed\n"
    assert [s.id for s in names["recent"]] == ["session-id"]
    assert names["project_sessions"] == []
    published = json.loads((SessionStorage().path / "index.json").read_text())
    assert published["sessions"]["session-id"]["title"] == "Indexed"


def test_section_8_hooks_of_the_program(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    names = run(8)
    session = names["session"]
    assert capsys.readouterr().out.splitlines() == [
        f"Session started: {session.id}",
        "Message added: user",
        f"Session ended: {session.id}",
        "Total tokens used: 0",
    ]
    names["manager"].create()
    assert capsys.readouterr().out == ""


def test_section_9_shell_hooks(run: Run, tmp_path: Path) -> None:
    (tmp_path / "tmp").mkdir()
    manager = run(9, asyncio=asyncio)["manager"]
    session = manager.create()
    log = (tmp_path / "tmp/sessions.log").read_text()
    assert log == f"Session {session.id} started\n"


def test_section_11_the_files() -> None:
    text, index = blocks(11, "json")
    session = Session.from_json(text)
    assert session.to_dict() == {**json.loads(text), "revision": 0}

    storage = SessionStorage()
    storage.get_path(session.id).write_text(text)
    assert storage.load(session.id).messages == session.messages
    SessionManager.get_instance().storage.load(session.id)
    manager = SessionManager.get_instance()
    manager.resume(session.id)
    manager.close()
    published = json.loads((storage.path / "index.json").read_text())
    documented = json.loads(index)
    assert published["version"] == documented["version"]
    assert published["sessions"][ID].keys() == documented["sessions"][ID].keys()


def test_section_12_a_prompt_and_slash_commands(run: Run) -> None:
    names = run(12)
    prompt, command = names["get_prompt"], names["handle_session_command"]

    def say(args: str) -> str:
        text: str = asyncio.run(command(args))
        return text

    assert prompt() == "You: "
    assert say("") == "No active session"
    assert say("resume") == "No sessions to resume"
    assert say("new").startswith("New session: ")
    first = SessionManager.get_instance().current_session
    assert first is not None
    assert prompt() == "[0 msgs | 0 tokens] You: "
    assert say("title The first one") == "Title set: The first one"
    assert say("tag api") == "Tag added: api"
    assert say("tag") == "Usage: /session tag <name>"
    assert "Title: The first one" in say("")
    assert say("list").splitlines()[1] == f"  {first.id[:8]}... The first one (0 msgs)"
    say("new")
    assert say(f"resume {first.id[:8]}") == "Resumed: The first one"
    assert say("resume nobody") == "Session not found: nobody"
    assert say("resume") == "Resumed: The first one"
    assert say("frobnicate") == "Unknown subcommand: frobnicate"
