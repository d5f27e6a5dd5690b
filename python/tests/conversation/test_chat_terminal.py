"""The chat in ``examples`` at a terminal: Ctrl-C, Ctrl-D, and questions."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from opencode.conversation import Conversation
from opencode.sessions import SessionStorage
from tests.conversation.test_chat import CHAT, ENDED, chat

#: The terminal that a program stands on becomes the one whose Ctrl-C it hears.
ON_TERMINAL = """\
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
"""
#: With a key after it: the interpreter may hear of a signal only when it has read something.
CTRL_C = "\x03\n"


class Terminal:
    """A chat at a terminal, where somebody types."""

    def __init__(self) -> None:
        self._master, own = pty.openpty()
        self.process = subprocess.Popen(
            [sys.executable, "-c", ON_TERMINAL, str(CHAT)],
            stdin=own,
            stdout=own,
            stderr=own,
            start_new_session=True,
            env={**os.environ, "TERM": "xterm-256color"},
        )
        os.close(own)
        self._unread = ""

    def until(self, text: str) -> str:
        """Waits for a text, and gives what was printed up to it."""
        while text not in self._unread:
            assert select.select([self._master], [], [], 60)[0], self._unread
            # At the end this raises, or gives nothing.
            read = os.read(self._master, 4096)
            assert read, self._unread
            self._unread += read.decode(errors="replace")
        before, text, self._unread = self._unread.partition(text)
        return before

    def type(self, keys: str) -> None:
        os.write(self._master, keys.encode())

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self._master)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "folder"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.delenv("PYTHONUNBUFFERED", raising=False)
    return folder


@pytest.fixture
def terminal(folder: Path) -> Iterator[Terminal]:
    terminal = Terminal()
    try:
        terminal.until("You: ")
        yield terminal
    finally:
        terminal.close()


def test_ctrl_c_ends_an_answer_and_only_that(terminal: Terminal) -> None:
    terminal.type("count to 1000\n")
    terminal.until("1 2 3 ")
    terminal.type("\x03")
    terminal.until("[interrupted]")
    terminal.until("[2 msgs | ")
    terminal.type("Still there?\n")
    terminal.until("You said 'Still there?'")
    terminal.until("You: ")
    terminal.type("\x04")
    terminal.until(ENDED)
    (first,) = Conversation.list()
    session = SessionStorage(SessionStorage.get_default_dir()).load(first.id)
    assert [message.interrupted for message in session.messages] == [None, True, None, None]
    assert session.messages[1].content.startswith("1 2 3 ")
    assert terminal.process.wait(60) == 0


def test_ctrl_c_at_the_prompt_ends_the_chat(terminal: Terminal) -> None:
    terminal.type("Hello?\n")
    terminal.until("[2 msgs | ")
    terminal.until("You: ")
    terminal.type("half a line" + CTRL_C)
    terminal.until(ENDED)
    assert terminal.process.wait(60) == 0
    assert [state.message_count for state in Conversation.list()] == [2]


def test_approval_is_asked_for_at_the_terminal(terminal: Terminal, folder: Path) -> None:
    for number, answer in enumerate(["y\n", "n\n", CTRL_C, "\x04", "Y\n"]):
        terminal.type(f"run touch {number}.txt\n")
        shown = terminal.until("Allow it? [y/N] ")
        assert f'"command": "touch {number}.txt"' in shown
        terminal.type(answer)
        out = terminal.until("That is what came of it.")
        assert ("refused by the user" in out) == (number in (1, 2, 3))
        terminal.until("You: ")
    assert sorted(path.name for path in folder.iterdir()) == ["0.txt", "4.txt"]


def test_ctrl_c_ends_a_tool_too(terminal: Terminal, folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    terminal.type("run exec > pipe; echo begun; sleep 1000\n")
    terminal.until("Allow it? [y/N] ")
    terminal.type("y\n")
    with (folder / "pipe").open() as pipe:
        assert pipe.readline() == "begun\n"
        terminal.type("\x03")
        terminal.until("[interrupted]")
        # Read to its end when nobody is left who writes.
        assert pipe.read() == ""
    terminal.until("You: ")


def test_thoughts_are_dim_where_that_can_be(
    terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal.type("Hello?\n")
    terminal.until("\x1b[2mWhat is asked for?\x1b[0m")
    (tmp_path / "rich.py").write_text("raise ImportError")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    assert "What is asked for?\nYou said 'Hello?'" in chat(said="Hello?\n")
