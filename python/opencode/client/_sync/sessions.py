"""What is done with sessions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from opencode.client._records import (
    Deleted,
    FileDiff,
    Reverted,
    Session,
    SessionChanges,
    SessionDetails,
    SessionSummary,
    ShareSessionResponse,
    Todo,
)
from opencode.client._transport import Transport

TYPE_CHECKING = False
if TYPE_CHECKING:
    from datetime import datetime
    from os import PathLike

    from opencode.client._records import _SessionState

__all__ = ["Sessions"]

# Inside a class that has a method `list`, the word means that.
_Sessions: TypeAlias = list[Session]
_Todos: TypeAlias = list[Todo]
_Diffs: TypeAlias = list[FileDiff]
_Rules: TypeAlias = Sequence[Mapping[str, str]]


class Sessions:
    """Operations on sessions; ``client.sessions``."""

    __slots__ = ("_call",)

    def __init__(self, transport: Transport) -> None:
        self._call = transport.call

    def create(
        self,
        *,
        description: str | None = None,
        initial_prompt: str | None = None,
        provider: str | None = None,
        model: str | None = None,
        variant: str | None = None,
        agent: str | None = None,
        tools: Sequence[str] | None = None,
        ephemeral: bool | None = None,
        system_prompt: str | None = None,
        parent_id: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        permission: _Rules | None = None,
        directory: str | PathLike[str] | None = None,
    ) -> Session:
        """Makes a session.

        ``initial_prompt`` is said as soon as the session exists, without waiting for the answer.
        ``model`` is one of ``provider``, or ``"provider/model"``. ``tools`` are the only ones the
        session may use: ``file``, ``shell``, ``grep``, ``edit``, or the server's permission keys.
        ``system_prompt`` goes with every prompt this library sends to it. An ``ephemeral`` session
        is deleted when its client is closed. ``permission`` are rules beside those that ``tools``
        makes, ``{"permission": …, "pattern": …, "action": "allow" | "deny" | "ask"}``.

        ``InvalidRequestError`` for a model without a provider.
        """
        made = self._call(
            "sessions.create",
            description=description,
            initial_prompt=initial_prompt,
            provider=provider,
            model=model,
            variant=variant,
            agent=agent,
            tools=tools,
            ephemeral=ephemeral,
            system_prompt=system_prompt,
            parent_id=parent_id,
            metadata=metadata,
            permission=permission,
            directory=None if directory is None else str(directory),
        )
        return Session(made)

    def list(
        self,
        *,
        roots: bool = False,
        search: str | None = None,
        since: datetime | str | None = None,
        limit: int | None = None,
        all_projects: bool = False,
    ) -> _Sessions:
        """The sessions of the client's directory, newest change first: all of them by default.

        ``roots``: without those that belong to another session. ``search``: whose titles contain
        this. ``since``: changed at or after this time (UTC if it is naive). ``limit``: only the
        newest so many. ``all_projects``: of every project of the server, archived ones too; what
        runs is told of the client's directory only.
        """
        found = self._call(
            "sessions.list",
            roots=roots,
            search=search,
            since=since if since is None or isinstance(since, str) else since.isoformat(),
            limit=limit,
            all_projects=all_projects,
        )
        return [Session(session) for session in found]

    def get(self, session_id: str) -> Session:
        """One session. ``NotFoundError``"""
        return Session(self._call("sessions.get", session_id=session_id))

    def details(self, session_id: str) -> SessionDetails:
        """All that can be told of a session: its tasks, and a status that tells all states apart.

        ``NotFoundError``
        """
        return SessionDetails(self._call("sessions.details", session_id=session_id))

    def update(
        self,
        session_id: str,
        *,
        description: str | None = None,
        status: _SessionState | None = None,
        metadata: Mapping[str, Any] | None = None,
        replace_metadata: bool = False,
        permission: _Rules | None = None,
    ) -> Session:
        """Changes a session; what is ``None`` stays.

        ``status`` may be ``"archived"``, or ``"active"`` to bring it back; ``InvalidRequestError``
        for others. ``metadata`` is merged key by key, where a ``None`` takes its key away, or with
        ``replace_metadata`` put in place of all that is there. ``permission`` is added to the
        session's rules.
        """
        changed = self._call(
            "sessions.update",
            session_id=session_id,
            description=description,
            status=status,
            metadata=metadata,
            replace_metadata=replace_metadata,
            permission=permission,
        )
        return Session(changed)

    def delete(self, session_id: str, *, force: bool = False) -> Deleted:
        """Deletes a session and those that belong to it. A shared one is unshared first.

        ``ConflictError`` while a turn runs; ``force`` aborts it, goes on when unsharing fails, and
        reports both.
        """
        return Deleted(self._call("sessions.delete", session_id=session_id, force=force))

    def children(self, session_id: str) -> _Sessions:
        """The sessions that belong to this one. Forks do not."""
        found = self._call("sessions.children", session_id=session_id)
        return [Session(session) for session in found]

    def todo(self, session_id: str) -> _Todos:
        """The session's tasks."""
        found = self._call("sessions.todo", session_id=session_id)
        return [Todo(item) for item in found]

    def fork(
        self, session_id: str, message_id: str | None = None, *, inclusive: bool = False
    ) -> Session:
        """A copy of a session: all of it, or what was said before a message.

        ``inclusive``: with that message. ``NotFoundError`` also for the message.
        """
        forked = self._call(
            "sessions.fork", session_id=session_id, message_id=message_id, inclusive=inclusive
        )
        return Session(forked)

    def abort(self, session_id: str) -> bool:
        """Ends the running turn; ``False`` when none ran. ``NotFoundError``"""
        outcome: str = self._call("sessions.abort", session_id=session_id)
        return outcome == "aborted"

    def abort_or_err(self, session_id: str) -> None:
        """The same; ``ConflictError`` when nothing runs."""
        self._call("sessions.abort_or_err", session_id=session_id)

    def share(self, session_id: str) -> ShareSessionResponse:
        """Makes the session readable for all who know its address.

        ``ServerError`` when the server may not share, or its share service does not answer.
        """
        return ShareSessionResponse(self._call("sessions.share", session_id=session_id))

    def unshare(self, session_id: str) -> bool:
        """Takes the shared copy back; ``False`` when it never was shared."""
        outcome: str = self._call("sessions.unshare", session_id=session_id)
        return outcome == "unshared"

    def revert(
        self,
        session_id: str,
        message_id: str | None = None,
        *,
        part_id: str | None = None,
        message: str | None = None,
    ) -> Reverted:
        """Takes back a message and all that follows, and what that did to files.

        Without ``message_id``, the last one of the user. ``message`` is the reason, kept in the
        session's metadata. The next prompt makes it permanent; until then ``unrevert`` undoes it.
        ``NotFoundError`` for a message that is not there, ``ConflictError`` while a turn runs.
        """
        reverted = self._call(
            "sessions.revert",
            session_id=session_id,
            message_id=message_id,
            part_id=part_id,
            message=message,
        )
        return Reverted(reverted)

    def unrevert(self, session_id: str) -> Session:
        """Takes back a revert. ``ConflictError`` while a turn runs."""
        return Session(self._call("sessions.unrevert", session_id=session_id))

    def summarize(
        self,
        session_id: str,
        *,
        provider: str | None = None,
        model: str | None = None,
        include_messages: bool = False,
        include_file_changes: bool = False,
        force: bool = False,
    ) -> SessionSummary:
        """Has a model summarise the conversation, waits for it and returns the text.

        This compacts the session: from now on the model sees the summary instead of what was said
        before. The model is the one given, else the one last used, else the server's.
        ``ConflictError`` while a revert is pending, unless forced.
        """
        summary = self._call(
            "sessions.summarize",
            session_id=session_id,
            provider=provider,
            model=model,
            include_messages=include_messages,
            include_file_changes=include_file_changes,
            force=force,
        )
        return SessionSummary(summary)

    def diff(self, session_id: str) -> SessionChanges:
        """What the whole session changed, summed up by file."""
        return SessionChanges(self._call("sessions.diff", session_id=session_id))

    def diff_message(self, session_id: str, message_id: str) -> _Diffs:
        """What one message of the user changed."""
        found = self._call(
            "sessions.diff_message", session_id=session_id, message_id=message_id
        )
        return [FileDiff(diff) for diff in found]

    def export(self, session_id: str) -> dict[str, Any]:
        """The session and all its messages, as ``opencode export`` writes them.

        ``opencode.sessions`` imports that. Where it is shared is left out.
        """
        exported: dict[str, Any] = self._call("sessions.export", session_id=session_id)
        return exported
