"""The client that waits. Written from ``_async.py`` by ``cargo xtask docs``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from opencode.client._parts import Message, Part
from opencode.client._prompts import content as pieces
from opencode.client._records import (
    Deleted,
    FileDiff,
    Health,
    MessagePage,
    PermissionRequest,
    QuestionRequest,
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
    from collections.abc import Iterator
    from datetime import datetime
    from os import PathLike
    from types import TracebackType

    from opencode.client._handlers import OnPermission, OnQuestion, _Reply
    from opencode.client._prompts import Content
    from opencode.client._records import _SessionState
    from opencode.client._stream import EventStream

__all__ = [
    "Client",
    "Messages",
    "Permissions",
    "Questions",
    "SessionScope",
    "Sessions",
]

# Inside a class that has a method `list`, the word means that.
_Sessions: TypeAlias = list[Session]
_Messages: TypeAlias = list[Message]
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


class Messages:
    """What is said in sessions; ``client.messages``."""

    __slots__ = ("_call",)

    def __init__(self, transport: Transport) -> None:
        self._call = transport.call

    def list(self, session_id: str, *, limit: int | None = None) -> _Messages:
        """A session's messages, oldest first: all of them, or only the newest so many."""
        found = self._call("messages.list", session_id=session_id, limit=limit)
        return [Message(message) for message in found]

    def page(
        self, session_id: str, *, limit: int | None = None, before: str | None = None
    ) -> MessagePage:
        """Some messages: the newest 100, or ``limit``, or those before a page's ``older``."""
        page = self._call("messages.page", session_id=session_id, limit=limit, before=before)
        return MessagePage(page)

    def stream(self, session_id: str) -> Iterator[Message]:
        """The messages from the newest back to the oldest, asked for in pages as needed."""
        before: str | None = None
        while True:
            page = self.page(session_id, before=before)
            for message in reversed(page.messages):
                yield message
            before = page.older
            if before is None:
                return

    def get(self, session_id: str, message_id: str) -> Message:
        """One message. ``NotFoundError``"""
        found = self._call("messages.get", session_id=session_id, message_id=message_id)
        return Message(found)

    def delete(self, session_id: str, message_id: str) -> None:
        """Takes a message away. ``ConflictError`` while a turn runs."""
        self._call("messages.delete", session_id=session_id, message_id=message_id)

    def update_part(self, part: Part | Mapping[str, Any]) -> Part:
        """Replaces a part by this one, which names its session and message."""
        data = part.to_dict() if isinstance(part, Part) else part
        return Part.of(self._call("messages.update_part", part=data))

    def delete_part(self, session_id: str, message_id: str, part_id: str) -> None:
        """Takes a part away."""
        self._call(
            "messages.delete_part", session_id=session_id, message_id=message_id, part_id=part_id
        )

    def prompt(
        self,
        session_id: str,
        content: Content,
        *,
        agent: str | None = None,
        provider: str | None = None,
        model: str | None = None,
        variant: str | None = None,
        system: str | None = None,
        tools: Mapping[str, bool] | None = None,
        no_reply: bool = False,
        format: Mapping[str, Any] | None = None,
        timeout: float | None = None,
    ) -> Message:
        """Says something and waits for the end of the turn; returns its last message.

        ``content`` is a text, or a list of texts, ``PromptFile``, ``PromptAgent`` and
        ``PromptSubtask``. ``system`` comes in place of the session's own system prompt, ``tools``
        switches tools on or off by name, ``no_reply`` only stores it. ``format`` is what form the
        answer has to have (``{"type": "json_schema", "schema": {…}}``), ``timeout`` how many
        seconds to wait. It is sent once, whatever happens; giving up the wait does not end the
        turn, ``sessions.abort`` does.

        ``ActionRequiredError`` when the turn asks for something that no handler answers: it still
        waits then. When the model fails: ``ProviderError``, ``ContextLengthExceededError``,
        ``ProviderAuthError``, ``RateLimitError``, ``CancelledError``.
        """
        answer = self._call(
            "messages.prompt",
            session_id=session_id,
            content=pieces(content),
            agent=agent,
            provider=provider,
            model=model,
            variant=variant,
            system=system,
            tools=tools,
            no_reply=no_reply,
            format=format,
            timeout=timeout,
        )
        return Message(answer)

    create_prompt = prompt

    def prompt_async(
        self,
        session_id: str,
        content: Content,
        *,
        agent: str | None = None,
        provider: str | None = None,
        model: str | None = None,
        variant: str | None = None,
        system: str | None = None,
        tools: Mapping[str, bool] | None = None,
        no_reply: bool = False,
        format: Mapping[str, Any] | None = None,
        timeout: float | None = None,
    ) -> None:
        """Says something without waiting for the answer.

        What goes wrong later comes as the event ``SessionError``.
        """
        self._call(
            "messages.prompt_async",
            session_id=session_id,
            content=pieces(content),
            agent=agent,
            provider=provider,
            model=model,
            variant=variant,
            system=system,
            tools=tools,
            no_reply=no_reply,
            format=format,
            timeout=timeout,
        )

    def command(
        self,
        session_id: str,
        command: str,
        arguments: str = "",
        *,
        agent: str | None = None,
        model: str | None = None,
        variant: str | None = None,
        timeout: float | None = None,
    ) -> Message:
        """Runs one of the server's commands and waits for its turn; errors as of ``prompt``."""
        answer = self._call(
            "messages.command",
            session_id=session_id,
            command=command,
            arguments=arguments,
            agent=agent,
            model=model,
            variant=variant,
            timeout=timeout,
        )
        return Message(answer)

    def shell(
        self,
        session_id: str,
        command: str,
        *,
        agent: str | None = None,
        provider: str | None = None,
        model: str | None = None,
        timeout: float | None = None,
    ) -> Message:
        """Runs a shell command in the session's directory on the server.

        Returns the message with its output. ``ConflictError`` while a turn runs.
        """
        answer = self._call(
            "messages.shell",
            session_id=session_id,
            command=command,
            agent=agent,
            provider=provider,
            model=model,
            timeout=timeout,
        )
        return Message(answer)

    def init(self, session_id: str) -> Message:
        """Has a model look at the project and write its ``AGENTS.md``; waits for the turn."""
        return Message(self._call("messages.init", session_id=session_id))


class Permissions:
    """What turns ask leave for; ``client.permissions``."""

    __slots__ = ("_call",)

    def __init__(self, transport: Transport) -> None:
        self._call = transport.call

    def list(self) -> list[PermissionRequest]:
        """The outstanding requests of the client's directory, those of aborted turns too."""
        return [PermissionRequest(request) for request in self._call("permissions.list")]

    def reply(self, request_id: str, reply: _Reply, *, message: str | None = None) -> None:
        """Answers a request; ``message`` tells the model why it was rejected.

        ``NotFoundError`` when it is answered already.
        """
        self._call("permissions.reply", request_id=request_id, reply=reply, message=message)


class Questions:
    """What turns ask the user; ``client.questions``."""

    __slots__ = ("_call",)

    def __init__(self, transport: Transport) -> None:
        self._call = transport.call

    def list(self) -> list[QuestionRequest]:
        """The outstanding questions of the client's directory."""
        return [QuestionRequest(request) for request in self._call("questions.list")]

    def reply(self, request_id: str, answers: Sequence[Sequence[str]]) -> None:
        """Answers: for each question the labels chosen, or free text.

        ``NotFoundError`` when it is answered already.
        """
        self._call("questions.reply", request_id=request_id, answers=answers)

    def reject(self, request_id: str) -> None:
        """Gives no answer."""
        self._call("questions.reject", request_id=request_id)


class SessionScope:
    """A session for as long as a block lasts: it is deleted at the end, with a turn that runs.

    Over ``session``, or over one that is made at the beginning of the block; see
    ``client.session_scope``. What goes wrong at the end is logged, never raised over the block's
    own error.
    """

    __slots__ = ("_client", "_create", "_session")

    def __init__(self, client: Client, session: Session | None = None, **create: Any) -> None:
        self._client = client
        self._session = session
        self._create: dict[str, Any] | None = create

    @property
    def session(self) -> Session:
        """The session."""
        if self._session is None:
            raise RuntimeError("the session is made at the beginning of the scope's block")
        return self._session

    def keep(self) -> Session:
        """Ends the scope without deleting the session."""
        self._create = None
        return self.session

    def close(self) -> None:
        """Deletes the session now. Does nothing the second time."""
        if self._create is not None and self._session is not None:
            self._create = None
            self._client._transport.call("scope.close", session_id=self._session.id)

    def __enter__(self) -> SessionScope:
        if self._session is None:
            self._session = self._client.sessions.create(**(self._create or {}))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class Client:
    """A client of one OpenCode server, for one directory. Safe to share.

    ``base_url`` is ``OPENCODE_BASE_URL`` or ``http://127.0.0.1:4096`` by default, ``username`` and
    ``password`` ``OPENCODE_SERVER_USERNAME`` and ``OPENCODE_SERVER_PASSWORD``; ``directory`` is
    the project's on the server's machine, by default the one that the server runs in. ``timeout``
    bounds every call, prompts too; ``connect_timeout`` (10), ``read_idle_timeout`` (60) and it are
    seconds. What can be repeated is, ``retries`` (3) times. So many turns as ``max_concurrent``
    run at once; further ones wait for a free place.

    ``on_permission`` and ``on_question`` answer what this client's turns ask, within
    ``handler_timeout`` (60) seconds: functions, which run on a thread of their own, or coroutine
    functions. The first returns ``"once"``, ``"always"``, ``"reject"`` or ``Reject(reason)``, the
    second a list of labels for each question, or ``None`` for no answer. When they fail or take
    too long, the answer is no.
    """

    __slots__ = ("_transport", "messages", "permissions", "questions", "sessions")

    def __init__(
        self,
        base_url: str | None = None,
        *,
        username: str | None = None,
        password: str | None = None,
        directory: str | PathLike[str] | None = None,
        timeout: float | None = None,
        connect_timeout: float | None = None,
        read_idle_timeout: float | None = None,
        retries: int | None = None,
        max_concurrent: int | None = None,
        on_permission: OnPermission | None = None,
        on_question: OnQuestion | None = None,
        handler_timeout: float | None = None,
    ) -> None:
        self._begin(
            Transport(
                base_url=base_url,
                username=username,
                password=password,
                directory=directory,
                timeout=timeout,
                connect_timeout=connect_timeout,
                read_idle_timeout=read_idle_timeout,
                retries=retries,
                max_concurrent=max_concurrent,
                on_permission=on_permission,
                on_question=on_question,
                handler_timeout=handler_timeout,
            )
        )

    def _begin(self, transport: Transport) -> None:
        self._transport = transport
        self.sessions = Sessions(transport)
        self.messages = Messages(transport)
        self.permissions = Permissions(transport)
        self.questions = Questions(transport)

    @property
    def base_url(self) -> str:
        """The server's address, without a password."""
        return self._transport.native.base_url

    @property
    def directory(self) -> str | None:
        """The directory that new sessions belong to, if not the server's own."""
        return self._transport.native.directory

    @property
    def is_closed(self) -> bool:
        """Whether it was closed."""
        return self._transport.native.is_closed

    def with_directory(self, directory: str | PathLike[str]) -> Client:
        """The same client for another directory of the server; it is closed with this one."""
        other = Client.__new__(Client)
        other._begin(self._transport.with_directory(directory))
        return other

    def run_simple_text(self, text: str) -> Session:
        """Makes a session and says ``text`` in it, without waiting for the answer."""
        return Session(self._transport.call("run_simple_text", text=text))

    def run_text(self, text: str) -> str:
        """Makes a session, says ``text`` in it and returns the answer's text.

        ``ActionRequiredError`` when the turn asks for something that no handler answers.
        """
        answer: str = self._transport.call("run_text", text=text)
        return answer

    def wait_idle(self, session_id: str, timeout: float | None = None) -> None:
        """Waits until the session's turn is through; returns at once when none runs.

        ``RequestTimeoutError`` when that takes longer than ``timeout`` seconds,
        ``ActionRequiredError`` when it asks for something that no handler answers.
        """
        self._transport.call("wait_idle", session_id=session_id, timeout=timeout)

    def subscribe(self, session_id: str | None = None) -> EventStream:
        """The events of a session, or of the client's directory."""
        return self._transport.stream(session_id)

    def session_scope(
        self,
        *,
        description: str | None = None,
        initial_prompt: str | None = None,
        provider: str | None = None,
        model: str | None = None,
        variant: str | None = None,
        agent: str | None = None,
        tools: Sequence[str] | None = None,
        system_prompt: str | None = None,
        parent_id: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        permission: _Rules | None = None,
        directory: str | PathLike[str] | None = None,
    ) -> SessionScope:
        """A new session for a block, deleted at its end; arguments as of ``sessions.create``.

        ``SessionScope(client, session)`` is one over a session that exists.
        """
        return SessionScope(
            self,
            description=description,
            initial_prompt=initial_prompt,
            provider=provider,
            model=model,
            variant=variant,
            agent=agent,
            tools=tools,
            system_prompt=system_prompt,
            parent_id=parent_id,
            metadata=metadata,
            permission=permission,
            directory=directory,
        )

    def cleanup_ephemeral(self, older_than: float | None = None) -> list[str]:
        """Deletes ephemeral sessions that clients left behind which ended without closing.

        Those older than so many seconds, 24 hours by default. Returns their ids.
        """
        deleted: list[str] = self._transport.call("cleanup_ephemeral", older_than=older_than)
        return deleted

    def health(self) -> Health:
        """Whether the server is well, and its version."""
        return Health(self._transport.call("health"))

    def version(self) -> str:
        """The server's version."""
        version: str = self._transport.call("version")
        return version

    def close(self) -> None:
        """Deletes this client's ephemeral sessions and lets go of the server.

        Calls on it fail from now on; event streams go on.
        """
        self._transport.call("close")

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Client({self.base_url!r}, directory={self.directory!r})"
