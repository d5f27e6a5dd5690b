"""What a command line needs of sessions: its prompt, and the ``/session`` commands.

Both are of the process's one manager. ``handle_session_command`` gives text to show, also of what
went wrong.

>>> from opencode.sessions.repl import get_prompt
>>> get_prompt()
'You: '
"""

from __future__ import annotations

from opencode.sessions import OpencodeError, SessionManager, SessionNotFoundError

__all__ = ["get_prompt", "handle_session_command"]


def get_prompt() -> str:
    """``[15 msgs | 2300 tokens] You:`` of the current session; ``You:`` without one."""
    session = SessionManager.get_instance().current_session
    if session is None:
        return "You: "
    return f"[{session.message_count} msgs | {session.total_tokens} tokens] You: "


async def handle_session_command(args: str) -> str:
    """Runs what follows ``/session``: nothing, ``list``, ``new``, ``resume [id]``, ``title …``,
    ``tag <name>``, ``untag <name>`` or ``delete <whole id>``. Gives the text to show.
    """
    try:
        return _run(SessionManager.get_instance(), args.split())
    except OpencodeError as error:
        return f"Error: {error}"


def _run(manager: SessionManager, parts: list[str]) -> str:
    if not parts:
        return _current(manager)
    subcommand, argument = parts[0], parts[1] if len(parts) > 1 else None
    if subcommand == "list":
        return _list(manager)
    if subcommand == "new":
        manager.close()
        return f"New session: {manager.create().id}"
    if subcommand == "resume":
        return _resume(manager, argument)
    if subcommand == "title":
        title = " ".join(parts[1:])
        manager.set_title(title)
        return f"Title set: {title}"
    if subcommand == "tag":
        if argument is None:
            return "Usage: /session tag <name>"
        manager.add_tag(argument)
        return f"Tag added: {argument}"
    if subcommand == "untag":
        if argument is None:
            return "Usage: /session untag <name>"
        removed = manager.remove_tag(argument)
        return f"Tag removed: {argument}" if removed else f"No such tag: {argument}"
    if subcommand == "delete":
        if argument is None:
            return "Usage: /session delete <whole id>"
        deleted = manager.delete(argument)
        return f"Deleted: {argument}" if deleted else f"Session not found: {argument}"
    return f"Unknown subcommand: {subcommand}"


def _current(manager: SessionManager) -> str:
    s = manager.current_session
    if s is None:
        return "No active session"
    return f"""
Session: {s.id}
Title: {s.title}
Messages: {s.message_count}
Tokens: {s.total_tokens}
Created: {s.created_at}
Updated: {s.updated_at}
"""


def _list(manager: SessionManager) -> str:
    sessions = manager.list_sessions(limit=10)
    lines = [f"Recent sessions ({len(sessions)}):"]
    lines += [f"  {s.id[:8]}... {s.title} ({s.message_count} msgs)" for s in sessions]
    return "\n".join(lines)


def _resume(manager: SessionManager, session_id: str | None) -> str:
    if session_id is None:
        latest = manager.resume_latest()
        return f"Resumed: {latest.title}" if latest else "No sessions to resume"
    try:
        return f"Resumed: {manager.resume(session_id).title}"
    except SessionNotFoundError:
        return f"Session not found: {session_id}"
