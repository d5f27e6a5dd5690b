"""A command line that remembers: sessions that are resumed, listed and searched.

    python repl.py                      starts a new session
    python repl.py --resume [ID]        goes on with one, or with the latest
    python repl.py --list-sessions      shows the recent ones

There is no model behind it: the assistant's answers come from a script.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from datetime import datetime, timezone

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from opencode.sessions import OpencodeError, SessionManager, __version__
from opencode.sessions.repl import get_prompt, handle_session_command

console = Console(highlight=False)


def main() -> int:
    parser = argparse.ArgumentParser(description="A command line that remembers.")
    parser.add_argument("--resume", nargs="?", const="", metavar="ID", help="go on with a session")
    parser.add_argument("--list-sessions", action="store_true", help="show the recent sessions")
    arguments = parser.parse_args()
    try:
        if arguments.list_sessions:
            list_sessions()
        else:
            chat(arguments.resume)
    except OpencodeError as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1
    return 0


def chat(resume: str | None) -> None:
    """Reads lines and answers them until ``/quit`` or the end of the input."""
    print(f"OpenCode v{__version__}")
    manager = SessionManager.get_instance()
    start(manager, resume)
    while True:
        try:
            line = input(get_prompt()).strip()
        except EOFError:
            print()
            break
        except KeyboardInterrupt:
            print("\n(/quit ends the session)")
            continue
        if line == "/quit":
            break
        if line.startswith("/session"):
            print(asyncio.run(handle_session_command(line.removeprefix("/session").strip())))
        elif line.startswith("/"):
            print("Commands: /session [list|new|resume|title|tag|untag|delete], /quit")
        elif line:
            turn(manager, line)
    manager.close()
    print("Session saved. Goodbye!")


def start(manager: SessionManager, resume: str | None) -> None:
    if resume is None:
        print("Starting new session...")
        print(f"Session: {manager.create().id}")
        return
    session = manager.resume(resume) if resume else manager.resume_latest()
    if session is None:
        print("No sessions to resume. Starting new session...")
        print(f"Session: {manager.create().id}")
        return
    print(f"Resuming session: {session.id}")
    print(f"({session.title} - {session.message_count} messages)")


def turn(manager: SessionManager, line: str) -> None:
    """One question and its answer, stored when they are shown."""
    if not manager.has_current:
        manager.create()
    manager.add_message("user", line)
    answer = f"You said {line!r}. I am a script and have nothing to add."
    manager.add_message("assistant", answer)
    manager.update_usage(prompt_tokens=len(line) // 4, completion_tokens=len(answer) // 4)
    print(f"Assistant: {answer}")
    print("\n[Session auto-saved]\n")


def list_sessions() -> None:
    table = Table(title="Recent Sessions:", title_justify="left", title_style="")
    for name in ("ID", "Title", "Messages", "Updated"):
        table.add_column(name, no_wrap=name != "Title")
    for session in SessionManager.get_instance().list_sessions(limit=20):
        table.add_row(
            f"{session.id[:8]}...",
            escape(session.title),
            str(session.message_count),
            ago(session.updated_at, datetime.now(timezone.utc)),
        )
    console.print(table)


def ago(then: datetime, now: datetime) -> str:
    """``2 hours ago``."""
    seconds = max(0, int((now - then).total_seconds()))
    for unit, length in (("day", 86_400), ("hour", 3600), ("minute", 60)):
        if (count := seconds // length) > 0:
            return f"{count} {unit}{'s' if count > 1 else ''} ago"
    return "just now"


if __name__ == "__main__":
    sys.exit(main())
