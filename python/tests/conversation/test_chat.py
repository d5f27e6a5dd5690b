"""The chat in ``examples``: streams, asks, remembers, and goes on after whatever went wrong."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from opencode.conversation import Conversation
from opencode.sessions import Session, SessionManager, SessionStorage
from tests.conversation.test_guide import asked  # noqa: F401  A fixture.

if TYPE_CHECKING:
    from tests.conftest import Server

CHAT = Path(__file__).parents[2] / "examples" / "chat.py"
PROMPT = re.compile(r"\[(\d+) msgs \| (\d+) tokens\] You: ")
ENDED = "Session saved. To go on with it: --resume "


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    project = tmp_path / "project"
    project.mkdir()
    monkeypatch.chdir(project)
    return project


def run(*arguments: str, said: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(CHAT), *arguments]
    return subprocess.run(command, input=said, capture_output=True, text=True, timeout=60)


def chat(*arguments: str, said: str = "") -> str:
    """What a chat prints that ends well."""
    done = run(*arguments, said=said)
    assert (done.returncode, done.stderr) == (0, "")
    assert ENDED in done.stdout
    return done.stdout


def session_of(out: str) -> Session:
    return SessionStorage(SessionStorage.get_default_dir()).load(out.split(ENDED)[1].strip())


def counts(out: str) -> list[int]:
    return [int(messages) for messages, _ in PROMPT.findall(out)]


def test_it_answers_and_its_prompt_counts() -> None:
    out = chat(said="Blue, please.\n\n/usage\n/quit\n")
    assert out.startswith("OpenCode v")
    assert "The answers come from a script." in out
    assert "--model openai/gpt-5, for example, with its key in OPENAI_API_KEY" in out
    assert "You said 'Blue, please.'" in out
    assert counts(out) == [0, 2, 2, 2]
    used = re.search(r"Used: (\d+) tokens sent, (\d+) answered, cost 0\.0", out)
    assert used
    assert int(PROMPT.findall(out)[-1][1]) == int(used[1]) + int(used[2])
    assert re.search(r"Context: [1-9]\d* of \d+ tokens \(0\.\d%\)", out)
    assert [message.role for message in session_of(out).messages] == ["user", "assistant"]


def test_tools_are_shown_with_what_they_gave_in_short(project: Path) -> None:
    (project / "a.txt").write_text("one \x1b[31mred\x9b0m word\n")
    (project / "long.txt").write_text("word " * 300)
    out = chat(said="files\nread a.txt\nread long.txt\nread none.txt\n")
    lines = out.splitlines()
    assert '[glob {"pattern": "*"}]' in lines
    files = next(line for line in lines if line.startswith("[glob gave: "))
    assert "a.txt" in files
    assert "long.txt" in files
    assert lines[lines.index(files) + 1].strip() == "That is what came of it."
    assert '[read {"filePath": "a.txt"}]' in lines
    assert "one \N{REPLACEMENT CHARACTER}[31mred\N{REPLACEMENT CHARACTER}0m word" in out
    assert not {"\x1b", "\x9b"} & set(out)
    long = next(line for line in lines if "word word" in line)
    assert long.endswith("...]")
    assert len(long) < 200
    assert re.search(r"^\[read failed: .*none\.txt", out, re.M)


def test_what_is_agreed_to_is_done_and_nothing_else(project: Path) -> None:
    said = ["run touch yes.txt", "y", "run touch no.txt", "n", "run touch never.txt", ""]
    out = chat(said="\n".join([*said, "run touch end.txt\n"]))
    assert [path.name for path in project.iterdir()] == ["yes.txt"]
    assert out.count("bash needs your approval: ") == out.count("Allow it? [y/N] ") == 4
    assert '{\n  "command": "touch yes.txt"\n}\n' in out
    assert out.count("[bash gave: ") == 1
    assert out.count("[bash failed: refused by the user") == 3


def test_sessions_are_shown_titled_tagged_and_listed() -> None:
    said = ["Hello", "/session title A new name", "/session tag api", "/session", "/session list"]
    out = chat(said="\n".join([*said, "/nonsense", "/session untag api", "/session nonsense"]))
    session = session_of(out)
    assert (session.title, session.tags) == ("A new name", [])
    for shown in (
        "Title set: A new name",
        "Tag added: api",
        f"Session: {session.id}\nTitle: A new name\nMessages: 2\nTokens: {session.total_tokens}\n",
        f"Recent sessions (1):\n  {session.id[:8]}... A new name (2 msgs)\n",
        "/session resume [ID]",
        "Tag removed: api",
        "Unknown subcommand: nonsense",
    ):
        assert shown in out
    assert counts(out) == [0] + 8 * [2]


def test_another_process_goes_on_with_the_history() -> None:
    assert "New session: " in chat("--resume", said="First words\n")
    first = session_of(chat("--resume", said="Second words\n"))
    assert len(first.messages) == 4
    for resume in ([], [first.id], [first.id[:8]]):
        out = chat("--resume", *resume, said="More words\n")
        assert f"Resumed session: {first.id}\n" in out
        assert "You said 'More words', and at first 'First words'." in out
    assert counts(out) == [8, 10]


def test_sessions_are_switched_within_a_chat() -> None:
    first = session_of(chat(said="First words\n")).id
    out = chat(said=f"Other words\n/session resume {first[:8]}\nMore\n/session new\nNew words\n")
    assert "Resumed: First words" in out
    assert "You said 'More', and at first 'First words'." in out
    assert "You said 'New words', and at first 'New words'." in out
    assert counts(out) == [0, 2, 2, 4, 0, 2]
    assert session_of(out).title == "New words"


def test_a_session_that_cannot_be_opened_leaves_the_chat_where_it_is() -> None:
    elsewhere = SessionManager.get_instance().create().id
    with Conversation.create("openai/gpt-5", api_key="key-of-a-test") as keyless:
        pass
    said = ["One", *(f"/session resume {id}" for id in ("nobody", elsewhere, keyless.id)), "Two"]
    out = chat(said="\n".join(said) + "\n")
    assert "Session not found: nobody" in out
    assert f"Error: session {elsewhere} is open elsewhere" in out
    assert "Error PROVIDER_AUTH: no key for openai" in out
    assert "You said 'Two', and at first 'One'." in out
    assert counts(out) == [0, 2, 2, 2, 2, 4]


def test_a_deleted_session_gives_way_to_a_new_one() -> None:
    first = session_of(chat(said="First words\n")).id
    out = chat("--resume", said=f"/session delete {first}\nOther words\n")
    assert f"Deleted: {first}" in out
    assert "You said 'Other words', and at first 'Other words'." in out
    assert session_of(out).id != first


def test_an_error_is_shown_and_the_chat_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "key-of-a-test")
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{deaf.getsockname()[1]}/v1"
        said = "Hello?\n/session title Mine\n"
        out = chat("--model", "openai/x", "--base-url", address, said=said)
    assert "Model: openai/x\n" in out
    assert re.search(rf"Error CONNECTION: .*{re.escape(address)}.*\nHint: \w", out)
    assert "Title set: Mine" in out
    assert "key-of-a-test" not in out


def test_without_a_key_it_says_which_one_and_stores_nothing() -> None:
    done = run("--model", "openai/gpt-5", said="Hello?\n")
    assert done.returncode == 1
    assert done.stderr.startswith("Error PROVIDER_AUTH: no key for openai: set OPENAI_API_KEY")
    assert "Traceback" not in done.stderr
    assert Conversation.list() == []


def test_a_model_is_chosen_kept_and_changed(request: pytest.FixtureRequest) -> None:
    requests = request.getfixturevalue("asked")
    model = ["--model", "anthropic/claude-3-sonnet"]
    scripted = session_of(chat(said="First words\n")).id
    out = chat(*model, "--system", "Be brief.", said="Hello?\n")
    assert "Answer 1." in out
    assert "Answer 2." in chat("--resume", session_of(out).id, said="Are you still there?\n")
    assert "Answer 3." in chat("--resume", scripted, *model, said="And you?\n")
    assert [one["model"] for one in requests] == ["claude-3-sonnet"] * 3
    assert ["Be brief." in str(one["system"]) for one in requests] == [True, True, False]
    assert ["First words" in str(one["messages"]) for one in requests] == [False, False, True]


def test_a_server_can_be_the_other_side(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENCODE_SERVER_PASSWORD", server.password)
    monkeypatch.chdir(server.project("chat"))
    model = ["--model", "opencode/default", "--base-url", server.url]
    out = chat(*model, said="hello\nread outside\ny\n")
    assert "Hi there!" in out
    assert "external_directory needs your approval: external_directory: /etc/*" in out
    assert '[read {"filePath": "/etc/hosts"}]' in out
    assert "Read it." in out
