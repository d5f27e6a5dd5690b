"""The programs in ``examples`` do what they say."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.conftest import Server

EXAMPLES = Path(__file__).parents[1] / "examples"


def run(name: str, *arguments: str, said: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(EXAMPLES / name), *arguments]
    return subprocess.run(command, input=said, capture_output=True, text=True, timeout=120)


def test_the_demo_finds_everything_as_it_should_be(tmp_path: Path) -> None:
    for _ in ("a new store", "the same store again"):
        demo = run("demo.py", "--store", str(tmp_path / "demo"))
        assert (demo.returncode, demo.stderr) == (0, "")
        assert "it equals the original" in demo.stdout
        acknowledged = re.search(r"(\d+) were acknowledged since", demo.stdout)
        found = re.search(r"(\d+) of those found", demo.stdout)
        assert acknowledged
        assert found
        assert acknowledged[1] == found[1]


def test_the_demo_of_the_client_finds_everything_as_it_should_be(server: Server) -> None:
    demo = run("server.py")
    assert (demo.returncode, demo.stderr) == (0, "")
    assert server.version in demo.stdout
    assert "its session is deleted" in demo.stdout
    assert "exported from there it is the same" in demo.stdout


def test_a_command_line_resumes_lists_and_says_what_is_wrong() -> None:
    pytest.importorskip("rich")
    first = run("repl.py", said="Help me refactor the API client\n\n/quit\n")
    assert (first.returncode, first.stderr) == (0, "")
    lines = first.stdout.splitlines()
    assert lines[0].startswith("OpenCode v")
    assert lines[1] == "Starting new session..."
    assert lines[2].startswith("Session: ")
    session_id = lines[2].removeprefix("Session: ")
    assert "[0 msgs | 0 tokens] You: Assistant: You said" in first.stdout
    assert "[Session auto-saved]" in first.stdout
    assert lines[-1].endswith("Session saved. Goodbye!")

    resumed = run("repl.py", "--resume", said="/session tag api\n/session\n/nonsense\n")
    assert f"Resuming session: {session_id}" in resumed.stdout
    assert "(Help me refactor the API client - 2 messages)" in resumed.stdout
    assert "Tag added: api" in resumed.stdout
    assert f"Session: {session_id}\nTitle: Help me refactor" in resumed.stdout
    assert "Commands: /session" in resumed.stdout
    assert resumed.stdout.endswith("Session saved. Goodbye!\n")

    by_prefix = run("repl.py", "--resume", session_id[:8], said="/session title Renamed\n/quit\n")
    assert "Title set: Renamed" in by_prefix.stdout

    listing = run("repl.py", "--list-sessions")
    assert listing.stdout.startswith("Recent Sessions:")
    assert f"{session_id[:8]}..." in listing.stdout
    assert "Renamed" in listing.stdout
    assert "just now" in listing.stdout

    wrong = run("repl.py", "--resume", "nobody")
    assert wrong.returncode == 1
    assert wrong.stderr.startswith("Error: session nobody not found (hint: ")
    assert "Traceback" not in wrong.stderr
