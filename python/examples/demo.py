"""The main job on real data: a session comes in, its writer is killed, and nothing is lost.

    python demo.py [--store DIRECTORY] [--export FILE]

Imports what OpenCode exported, lets a child process append to a fork of it and kills the child in
the midst of that, resumes, compares what was acknowledged with what is there, lists, searches and
exports the import again. Its exit status is 0 only if everything was as it should be.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from opencode.sessions import SessionManager, SessionStorage

EXPORT = Path(__file__).resolve().parents[2] / "tests/fixtures/opencode-export.json"
#: How many acknowledged messages the child is killed after.
ENOUGH = 300

failures: list[str] = []


def main() -> int:
    parser = argparse.ArgumentParser(description="The main job on real data.")
    parser.add_argument("--store", type=Path, help="keep the sessions in this directory")
    parser.add_argument("--export", type=Path, default=EXPORT, help="what OpenCode exported")
    parser.add_argument("--append", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.append:
        append(*arguments.append)
    if arguments.store:
        run(arguments.store, arguments.export)
    else:
        with tempfile.TemporaryDirectory(prefix="opencode-sessions-demo-") as store:
            run(Path(store), arguments.export)
    for failure in failures:
        print(f"FAILED: {failure}", file=sys.stderr)
    return 1 if failures else 0


def run(store: Path, export: Path) -> None:
    storage = SessionStorage(store)
    with SessionManager(storage) as manager:
        session_id, original = bring_in(manager, export)
        fork = manager.fork(session_id)
        acknowledged = write_until_killed(store, fork.id)
        resume(manager, fork.id, fork.message_count, acknowledged)
        look_around(manager, session_id)
        send_back(manager, session_id, original)
    step("Checked the whole store")
    problems = storage.verify()
    check(not problems, f"verify() found {problems}")
    say(f"no problems; {storage.get_storage_size() / 1024:.0f} KB in {store}")


def bring_in(manager: SessionManager, export: Path) -> tuple[str, object]:
    step(f"Imported {export.name}")
    original = json.loads(export.read_text(encoding="utf-8"))
    session = manager.import_session(original, on_conflict="replace")
    say(f"{session.title!r} of {session.model}: {session.message_count} messages,")
    say(f"{len(session.tool_history)} runs of tools, {session.total_tokens} tokens")
    check(session.message_count > 0, "nothing was imported")
    check(len(session.tool_history) > 0, "no run of a tool was imported")
    return session.id, original


def append(store: str, session_id: str) -> None:
    """The child: appends for ever, and says so of each message that is stored."""
    manager = SessionManager(SessionStorage(store))
    manager.resume(session_id)
    while True:
        message = manager.add_message("user", "One more question about the API client. " * 10)
        print(message.id, flush=True)


def write_until_killed(store: Path, session_id: str) -> list[str]:
    step("Let a child process append to a fork of it, and killed the child in the midst (SIGKILL)")
    command = [sys.executable, __file__, "--append", str(store), session_id]
    acknowledged: list[str] = []
    began = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        for line in child.stdout:
            if line.endswith("\n"):
                acknowledged.append(line.strip())
            if len(acknowledged) == ENOUGH:
                child.kill()
    took = time.perf_counter() - began
    say(f"{len(acknowledged)} messages were acknowledged, each on the disk, in {took:.1f} s")
    check(len(acknowledged) >= ENOUGH, f"the child ended with {child.returncode}")
    return acknowledged


def resume(manager: SessionManager, session_id: str, before: int, acknowledged: list[str]) -> None:
    step("Resumed the fork")
    began = time.perf_counter()
    session = manager.resume(session_id)
    took = time.perf_counter() - began
    found = {message.id for message in session.messages}
    kept = sum(message in found for message in acknowledged)
    say(f"{before} messages were there before, {len(acknowledged)} were acknowledged since;")
    say(f"{kept} of those found, {session.message_count} messages in all ({took * 1000:.0f} ms)")
    say(f"recovery: {session.recovery_report}")
    lost = len(acknowledged) - kept
    check(lost == 0, f"{lost} acknowledged messages are lost")
    check(session.message_count >= before + kept, "messages from before are lost")
    manager.add_message("user", "And the next message is written as if nothing had happened.")


def look_around(manager: SessionManager, session_id: str) -> None:
    step("Listed and searched")
    listed = manager.list_sessions(limit=10)
    for session in listed:
        updated = f"{session.updated_at:%Y-%m-%d %H:%M}"
        say(f"{session.id[:12]}…  {session.title}  {session.message_count} messages  {updated}")
    check(len(listed) > 0, "the listing is empty")
    manager.storage.wait_for_index()
    found = manager.search_messages("unicode naive", session_id=session_id, limit=3)
    for hit in found:
        say(f"{hit.role}: {' '.join(hit.snippet.split())[:90]}")
    check(len(found) > 0, "nothing was found")


def send_back(manager: SessionManager, session_id: str, original: object) -> None:
    step("Exported the import again in OpenCode's form")
    again = manager.export(session_id, format="opencode")
    check(again == original, "the export differs from the original")
    say("it equals the original" if again == original else "it differs from the original")


def step(what: str) -> None:
    print(f"\n• {what}")


def say(what: str) -> None:
    print(f"    {what}")


def check(is_so: bool, otherwise: str) -> None:
    if not is_so:
        failures.append(otherwise)


if __name__ == "__main__":
    sys.exit(main())
