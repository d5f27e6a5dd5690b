"""Sessions and what belongs to them."""

from __future__ import annotations

from opencode.client import _view as v
from opencode.client._parts import Message
from opencode.client._view import Field, View

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal, TypeAlias

    #: What state a session is in.
    _SessionState: TypeAlias = Literal[
        "archived", "reverted", "active", "error", "completed", "created", "idle"
    ]

__all__ = [
    "Deleted",
    "FileChange",
    "FileDiff",
    "Health",
    "MessagePage",
    "PermissionRequest",
    "Question",
    "QuestionOption",
    "QuestionRequest",
    "RevertPoint",
    "Reverted",
    "RunStatus",
    "Session",
    "SessionChanges",
    "SessionDetails",
    "SessionInfo",
    "SessionModel",
    "SessionShare",
    "SessionSummary",
    "ShareSessionResponse",
    "Todo",
    "Tokens",
]


class Tokens(View):
    """The tokens a session used."""

    __slots__ = ()

    input = v.count("input")
    output = v.count("output")
    reasoning = v.count("reasoning")
    cache_read = v.count("cache.read")
    cache_write = v.count("cache.write")


class SessionShare(View):
    """Where a shared session can be read, by anyone who knows the address."""

    __slots__ = ()

    url = v.text("url", "The address; ``repr`` does not show it.", secret=True)


class RevertPoint(View):
    """From where on a session is reverted."""

    __slots__ = ()

    message_id = v.text("messageID")
    part_id = v.maybe_text("partID")
    snapshot = v.maybe_text("snapshot", "What to restore the files from.")
    diff = v.maybe_text("diff", "What reverting changed in the files.")


class SessionModel(View):
    """The model of a session."""

    __slots__ = ()

    id = v.text("id")
    provider_id = v.text("providerID")
    variant = v.maybe_text("variant")


class SessionInfo(View):
    """A session to the letter of the server's answer."""

    __slots__ = ()

    id = v.text("id", "``ses_…``")
    slug = v.maybe_text("slug")
    project_id = v.text("projectID")
    workspace_id = v.maybe_text("workspaceID")
    directory = v.text("directory")
    path = v.maybe_text("path", "The directory as seen from the project's root.")
    parent_id = v.maybe_text("parentID", "The session this one is a child of.")
    title = v.text("title")
    agent = v.maybe_text("agent")
    model = v.maybe("model", SessionModel)
    version = v.text("version", "The server's when the session was made.")
    cost = v.number("cost", "In US dollars.")
    tokens = v.one("tokens", Tokens)
    metadata = v.mapping("metadata")
    permission = v.anything("permission", "The session's rules, or ``None``.")
    share = v.maybe("share", SessionShare)
    revert = v.maybe("revert", RevertPoint, "A revert that the next prompt makes permanent.")
    created_at = v.moment("time.created")
    updated_at = v.moment("time.updated")


class Session(View):
    """A session of the server; ``info`` is what the server sent, to the letter."""

    __slots__ = ()

    id = v.text("id", "``ses_…``")
    status: Field[_SessionState] = Field(
        "status",
        "``archived``, ``reverted``, ``active`` or ``idle``; ``details()`` tells all states apart.",
        "idle",
    )
    description = v.maybe_text("description", "The server's ``title``.")
    provider = v.maybe_text("provider", "Of the model last used: ``anthropic``.")
    model = v.maybe_text("model", "The model last used, without its provider.")
    agent = v.maybe_text("agent")
    directory = v.text("directory", "The project's, on the server's machine.")
    created_at = v.moment("created_at")
    updated_at = v.moment("updated_at")
    info = v.one("info", SessionInfo)


class Todo(View):
    """A task of a session."""

    __slots__ = ()

    content = v.text("content")
    status = v.text("status", "``pending``, ``in_progress``, ``completed``, ``cancelled``.")
    priority = v.maybe_text("priority", "``high``, ``medium``, ``low``.")


class SessionDetails(Session):
    """A session with its tasks, and a status that knows its messages."""

    __slots__ = ()

    todo_list = v.several("todo_list", Todo)


class RunStatus(View):
    """What a session is doing at a moment."""

    __slots__ = ()

    type = v.text("type", "``idle``, ``busy`` or ``retry``.")
    attempt = v.count("attempt", "How often a ``retry`` was tried.")
    message = v.maybe_text("message", "Why a ``retry`` failed.")
    next_at = v.maybe_moment("next", "When a ``retry`` is tried again.")


class Deleted(View):
    """What a deletion did besides."""

    __slots__ = ()

    aborted = v.flag("aborted", "A turn was running and is ended.")
    unshared = v.flag("unshared", "It was shared and is not any more.")
    problems = v.texts("problems", "What went wrong on the way, with ``force``.")


class ShareSessionResponse(View):
    """Where a shared session can be read; ``repr`` shows neither."""

    __slots__ = ()

    shared_token = v.text("shared_token", "The last segment of the address.", secret=True)
    share_url = v.text("share_url", secret=True)


class Reverted(View):
    """What a revert did."""

    __slots__ = ()

    session = v.one("session", Session)
    reverted_files = v.texts("reverted_files", "Paths in the project, in order.")


class FileChange(View):
    """What a session did to one file."""

    __slots__ = ()

    path = v.text("path", "In the project; empty when an old server does not tell it.")
    lines_added = v.count("lines_added")
    lines_removed = v.count("lines_removed")
    status = v.maybe_text("status", "``added``, ``deleted`` or ``modified``.")
    patch = v.text("patch", "The patches of its turns, in order.")


class SessionChanges(View):
    """What a session changed."""

    __slots__ = ()

    file_diffs = v.several("file_diffs", FileChange)


class FileDiff(View):
    """What one turn changed in one file."""

    __slots__ = ()

    path = v.maybe_text("path")
    additions = v.number("wire.additions")
    deletions = v.number("wire.deletions")
    status = v.maybe_text("wire.status", "``added``, ``deleted`` or ``modified``.")
    patch = v.maybe_text("wire.patch", "A unified diff.")


class SessionSummary(View):
    """A conversation in short."""

    __slots__ = ()

    summary = v.text("summary")
    messages = v.several("messages", Message, "The conversation, when it was asked for.")
    file_changes = v.several("file_changes", FileChange, "What it changed, when asked for.")


class MessagePage(View):
    """Some of a session's messages, oldest first."""

    __slots__ = ()

    messages = v.several("messages", Message)
    older = v.maybe_text("older", "For ``before``: where older ones are, or ``None``.")


class PermissionRequest(View):
    """A call of a tool that waits until somebody allows or rejects it."""

    __slots__ = ()

    id = v.text("id", "``per_…``")
    session_id = v.text("sessionID")
    permission = v.text("permission", "The permission's key: ``edit``, ``bash``, …")
    patterns = v.texts("patterns", "What the call is about.")
    always = v.texts("always", "What the answer ``always`` would allow.")
    metadata = v.mapping("metadata")
    message_id = v.maybe_text("tool.messageID", "Where the call stands.")
    tool_id = v.maybe_text("tool.callID", "The call's id.")


class QuestionOption(View):
    """An answer to choose."""

    __slots__ = ()

    label = v.text("label")
    description = v.text("description")


class Question(View):
    """One question."""

    __slots__ = ()

    question = v.text("question")
    header = v.text("header", "A very short label.")
    options = v.several("options", QuestionOption)
    multiple = v.flag("multiple", "Whether several options may be chosen.")
    custom = v.flag("custom", "Whether the server says that an answer may be typed.")


class QuestionRequest(View):
    """Questions that a turn waits for. The answer is a list of labels for each."""

    __slots__ = ()

    id = v.text("id", "``que_…``")
    session_id = v.text("sessionID")
    questions = v.several("questions", Question)
    message_id = v.maybe_text("tool.messageID", "Where the call stands.")
    tool_id = v.maybe_text("tool.callID", "The call's id.")


class Health(View):
    """What a server says of itself."""

    __slots__ = ()

    healthy = v.flag("healthy")
    version = v.text("version", "``1.18.33``")
