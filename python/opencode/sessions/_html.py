"""Sessions and listings as HTML, for notebooks. Everything that was said is escaped."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from opencode.sessions._lists import SearchResults, SessionList
    from opencode.sessions._native import Session, SessionSummary

#: How many messages a session shows, and how much of each.
_MESSAGES = 10
_TEXT = 500


def _cell(text: object) -> str:
    from html import escape

    return f"<td style='text-align:left'>{escape(str(text))}</td>"


def _table(header: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    head = "".join(f"<th style='text-align:left'>{name}</th>" for name in header)
    body = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _time(time: object) -> str:
    return format(time, "%Y-%m-%d %H:%M")


def _fields(session: Session | SessionSummary) -> str:
    rows = [
        ("id", session.id),
        ("title", session.title),
        ("messages", session.message_count),
        ("tokens", session.total_tokens),
        ("tags", ", ".join(session.tags)),
        ("model", session.model),
        ("directory", session.working_dir),
        ("updated", _time(session.updated_at)),
    ]
    return _table(("Session", ""), rows)


def summary(summary: SessionSummary) -> str:
    """One row of a listing by itself."""
    return _fields(summary)


def session(session: Session) -> str:
    """A session's fields, and its last messages."""
    shown = session.messages[-_MESSAGES:]
    rows = [(message.role, _shortened(message.content)) for message in shown]
    before = session.message_count - len(shown)
    note = f"<p>{before} earlier messages</p>" if before > 0 else ""
    return _fields(session) + note + (_table(("Role", "Content"), rows) if rows else "")


def sessions(listing: SessionList) -> str:
    """A listing."""
    rows = [(s.id[:8], s.title, s.message_count, _time(s.updated_at)) for s in listing]
    of = f" of {listing.total}" if listing.total is not None else ""
    more = "<p>More follow.</p>" if listing.next_cursor else ""
    count = f"<p>{len(listing)}{of} sessions</p>"
    return count + _table(("ID", "Title", "Messages", "Updated"), rows) + more


def hits(results: SearchResults) -> str:
    """What a search found."""
    rows = [(hit.session_id[:8], hit.title, hit.role, hit.snippet) for hit in results]
    read = f"<p>{len(results)} messages found in {results.sessions_indexed} of "
    read += f"{results.sessions_total} sessions</p>"
    return read + _table(("ID", "Title", "Role", "Text"), rows)


def _shortened(text: str) -> str:
    return text if len(text) <= _TEXT else text[:_TEXT] + "…"
