"""Ctrl-C, the interpreter's end, and forks."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from opencode.conversation import Conversation, ScriptedModel
from opencode.errors import InvalidArgumentError
from opencode.sessions import SessionStorage
from tests.conversation.conftest import Begin


def program(text: str, *arguments: str) -> subprocess.Popen[str]:
    code = "from opencode.conversation import *\nfrom opencode.sessions import SessionStorage\n"
    return subprocess.Popen(
        [sys.executable, "-c", code + textwrap.dedent(text), *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ended(process: subprocess.Popen[str]) -> tuple[str, str]:
    try:
        return process.communicate(timeout=30)
    finally:
        process.kill()


@pytest.mark.parametrize(
    "wait",
    [
        "for chunk in stream: pass",
        "stream.text()",
        "import asyncio; asyncio.run(awaited(stream))",
    ],
)
def test_ctrl_c_ends_the_wait_and_the_turn(tmp_path: Path, wait: str) -> None:
    process = program(
        f"""
        import sys
        async def awaited(stream):
            await stream
        model = ScriptedModel([Reply("Once", hangs=True), "Good night."])
        storage = SessionStorage(sys.argv[1])
        with Conversation.create("any", provider=model, storage=storage) as conversation:
            stream = conversation.message("A story!")
            stream.on("text", lambda _: print("begun", flush=True))
            try:
                {wait}
            except KeyboardInterrupt:
                print("interrupted")
            print(conversation.message("Enough.").text())
            print(conversation.get_messages()[1].interrupted)
        """,
        str(tmp_path),
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "begun\n"
    process.send_signal(signal.SIGINT)
    out, err = ended(process)
    assert out == "interrupted\nGood night.\nTrue\n", err
    assert process.returncode == 0


@pytest.mark.parametrize(
    "work",
    [
        "time.sleep(1000)",
        "\n".join(["while True:", "                pass"]),
    ],
)
def test_a_tool_that_hangs_does_not_keep_the_process(tmp_path: Path, work: str) -> None:
    process = program(
        f"""
        import sys, threading, time
        begun = threading.Event()
        def hang() -> None:
            begun.set()
            {work}
        model = ScriptedModel([Reply(calls=[("hang", {{}})])])
        storage = SessionStorage(sys.argv[1])
        conversation = Conversation.create("any", provider=model, storage=storage, tools=[hang])
        conversation.message("Go.")
        begun.wait()
        print(conversation.id)
        """,
        str(tmp_path),
    )
    out, err = ended(process)
    assert (process.returncode, err) == (0, "")
    with Conversation.resume(
        out.strip(), provider=ScriptedModel(["Hello again."]), storage=SessionStorage(tmp_path)
    ) as conversation:
        assert conversation.message("Are you there?").text() == "Hello again."


def test_what_was_said_without_closing_is_kept(tmp_path: Path) -> None:
    process = program(
        """
        import sys
        storage = SessionStorage(sys.argv[1], durability="os")
        conversation = Conversation.create("any", provider=ScriptedModel(["Hi!"]), storage=storage)
        conversation.on("message", lambda message: print(message.content, flush=True))
        print(conversation.message("Hello?").text(), conversation.id)
        """,
        str(tmp_path),
    )
    out, err = ended(process)
    assert (process.returncode, err) == (0, "")
    *heard, last = out.splitlines()
    assert heard == ["Hello?", "Hi!"]
    session = SessionStorage(tmp_path).load(last.split()[1])
    assert [message.content for message in session.messages] == ["Hello?", "Hi!"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there are no forks")
@pytest.mark.filterwarnings("ignore:This process")
def test_a_forked_child_has_conversations_of_its_own(begin: Begin, storage: SessionStorage) -> None:
    conversation = begin(["Parent.", "Parent again."]).conversation
    conversation.message("Who?").text()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            try:
                conversation.message("Who?")
            except InvalidArgumentError as error:
                assert "forked" in str(error)  # noqa: PT017
                with Conversation.create(
                    "any", provider=ScriptedModel(["Child."]), storage=storage
                ) as own:
                    code = 0 if own.message("Who?").text() == "Child." else 2
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert conversation.message("Who?").text() == "Parent again."


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there are no forks")
def test_a_forked_child_waits_for_nobody_and_keeps_its_exit_status(tmp_path: Path) -> None:
    process = program(
        """
        import os, sys, threading, warnings
        from opencode.errors import InvalidArgumentError
        warnings.simplefilter("ignore")
        model = ScriptedModel([Reply("Once", hangs=True)])
        storage = SessionStorage(sys.argv[1])
        conversation = Conversation.create("any", provider=model, storage=storage)
        heard = threading.Event()
        conversation.on("message", lambda _: None)
        stream = conversation.message("A story!").on("text", lambda _: heard.set())
        heard.wait()
        child = os.fork()
        if child == 0:
            assert conversation.id in repr(conversation) and repr(stream)
            assert conversation.is_closed and stream.is_over
            try:
                stream.text()
            except InvalidArgumentError as error:
                assert "forked" in str(error)
            with conversation, stream:
                sys.exit(7)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), stream.is_over)
        """,
        str(tmp_path),
    )
    out, err = ended(process)
    assert (out, err) == ("7 False\n", "")


def test_a_turn_that_runs_at_the_interpreters_end_is_kept_as_interrupted(tmp_path: Path) -> None:
    process = program(
        """
        import sys
        storage = SessionStorage(sys.argv[1])
        model = ScriptedModel([Reply("Once", hangs=True)])
        conversation = Conversation.create("any", provider=model, storage=storage)
        chunks = iter(conversation.message("A story!"))
        next(chunks)
        print(conversation.id)
        """,
        str(tmp_path),
    )
    out, err = ended(process)
    assert (process.returncode, err) == (0, "")
    session = SessionStorage(tmp_path).load(out.strip())
    assert session.status == "idle"
    assert session.messages[-1].content == "Once"
