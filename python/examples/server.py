"""The main job on a real OpenCode server, from a turn that calls tools to a session kept at home.

    python server.py

Starts the server, a scripted model and a stand-in for the share service (``tests/servers``, which
needs Node); nothing leaves this machine. Its exit status is 0 only if everything was as it should
be.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from opencode.client import (
    Client,
    MessagePartDelta,
    Session,
    SessionError,
    SessionIdle,
    ToolStateCompleted,
)
from opencode.errors import NotFoundError
from opencode.sessions import SessionManager, SessionStorage

RIG = Path(__file__).resolve().parents[2] / "tests/servers/rig.mjs"

failures: list[str] = []


def main() -> int:
    with running_server() as server, connected(server) as client:
        step("Started a server")
        say(f"OpenCode {client.version()} at {client.base_url}")
        with tempfile.TemporaryDirectory(prefix="opencode-sessions-demo-") as store:
            run(client, Path(store))
    for failure in failures:
        print(f"FAILED: {failure}", file=sys.stderr)
    return 1 if failures else 0


@contextmanager
def running_server() -> Iterator[dict[str, Any]]:
    """The addresses of a server of its own, which ends with the block."""
    # At the end of its standard input it stops all that it started.
    with subprocess.Popen(
        ["node", str(RIG)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8"
    ) as rig:
        assert rig.stdout is not None
        line = rig.stdout.readline()
        if not line:
            raise SystemExit("the server did not start; what it wrote above says why")
        yield json.loads(line)


def connected(server: dict[str, Any]) -> Client:
    return Client(
        server["url"],
        username=server["username"],
        password=server["password"],
        directory=server["directory"],
    )


def run(client: Client, store: Path) -> None:
    with client.session_scope(description="Notes for the release") as scope:
        session = scope.session
        step(f"Made a session for a block: {session.description!r}")
        say(f"{session.id} in {session.directory}")
        chunks = take_turn(client, session, "answer steadily", tools=0)
        check(chunks > 10, f"the answer came in {chunks} chunks only")
        take_turn(client, session, "create notes", tools=1)
        take_turn(client, session, "change notes", tools=1)
        show_changes(client, session)
        fork_and_revert(client, session)
        share(client, session)
        summarize(client, session)
        keep(client, session, store)
    step("Left the block")
    try:
        client.sessions.get(session.id)
    except NotFoundError:
        say("its session is deleted")
    else:
        check(False, "the session outlived its scope")


def take_turn(client: Client, session: Session, prompt: str, *, tools: int) -> int:
    """Says something and shows the answer as it arrives; returns in how many chunks it came."""
    step(f"Said {prompt!r}; what came, piece by piece")
    chunks, ran = 0, 0
    with client.subscribe(session.id) as events:
        client.messages.prompt_async(session.id, prompt)
        for event in events:
            match event:
                case ToolStateCompleted(tool=tool, title=title):
                    ran += 1
                    say(f"[tool {tool}: {title}]")
                case MessagePartDelta(delta=words):
                    print(words if chunks else f"    {words}", end="|", flush=True)
                    chunks += 1
                case SessionError(error=error):
                    check(False, f"{prompt!r} failed: {error}")
                case SessionIdle():
                    break
    print()
    check(ran == tools, f"{ran} tools ran, not {tools}")
    check(chunks > 0, "no answer came")
    return chunks


def show_changes(client: Client, session: Session) -> None:
    step("What the session changed")
    changes = client.sessions.diff(session.id).file_diffs
    for change in changes:
        say(f"{change.path} ({change.status}): +{change.lines_added} -{change.lines_removed}")
        for line in change.patch.splitlines():
            if line[:1] in "+-" and line[:3] not in {"+++", "---"}:
                say(f"  {line}")
    counts = [(change.path, change.lines_added, change.lines_removed) for change in changes]
    check(counts == [("notes.txt", 4, 2)], f"unexpected changes: {counts}")


def fork_and_revert(client: Client, session: Session) -> None:
    step("Forked it, and took back the fork's last turn")
    notes = Path(session.directory) / "notes.txt"
    fork = client.sessions.fork(session.id)
    messages = len(client.messages.list(fork.id))
    say(f"{fork.description!r}, with {messages} messages")
    check(messages == len(client.messages.list(session.id)), "the fork lacks messages")
    say(f"notes.txt before: {notes.read_text().split()}")
    reverted = client.sessions.revert(fork.id, message="shown in the demo")
    say(f"reverted {', '.join(reverted.reverted_files)}: {notes.read_text().split()}")
    check(reverted.reverted_files == ("notes.txt",), "the revert names other files")
    check(notes.read_text() == "one\ntwo\nthree\n", "the revert did not bring the file back")
    client.sessions.unrevert(fork.id)
    say(f"taken back again: {notes.read_text().split()}")
    check(notes.read_text() == "one\n2\n", "the revert was not taken back")
    client.sessions.delete(fork.id)


def share(client: Client, session: Session) -> None:
    step("Shared it, and took that back")
    shared = client.sessions.share(session.id)
    say(f"{shared!r}: who is not to know the address does not see it")
    check(shared.share_url.endswith(shared.shared_token), "the token is not the address's")
    check(shared.shared_token not in repr(shared), "the share's token is shown")
    check(client.sessions.unshare(session.id), "it was not shared")


def summarize(client: Client, session: Session) -> None:
    step("Had it summarised")
    summary = client.sessions.summarize(session.id, include_file_changes=True)
    for line in summary.summary.splitlines():
        say(line)
    check("summary" in summary.summary, "there is no summary")
    check(len(summary.file_changes) == 1, "the summary lacks the changes")


def keep(client: Client, session: Session, store: Path) -> None:
    step("Exported the finished session into the local store")
    exported = client.sessions.export(session.id)
    with SessionManager(SessionStorage(store)) as manager:
        kept = manager.import_session(exported)
        say(f"{kept.title!r}: {kept.message_count} messages, {len(kept.tool_history)} tool runs")
        check(kept.message_count >= 4, "messages are missing")
        check(len(kept.tool_history) == 2, "runs of tools are missing")
        again = manager.export(kept.id, format="opencode")
        say("exported from there it is the same" if again == exported else "it is not the same")
        check(again == exported, "the export of the import differs")


def step(what: str) -> None:
    print(f"\n• {what}", flush=True)


def say(what: str) -> None:
    print(f"    {what}", flush=True)


def check(is_so: bool, otherwise: str) -> None:
    if not is_so:
        failures.append(otherwise)


if __name__ == "__main__":
    sys.exit(main())
