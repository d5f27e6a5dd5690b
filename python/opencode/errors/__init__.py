"""Every exception of opencode-sessions, each with its stable ``code``.

All of them are an ``OpencodeError``. Those about sessions kept here are a ``SessionError``, those
about stored ones a ``SessionStorageError``; what a server refuses is an ``ApiError``::

    OpencodeError
    ├── SessionError
    │   ├── SessionStorageError           STORAGE, UNSUPPORTED_VERSION, LOCKS_UNSUPPORTED
    │   │   ├── SessionNotFoundError      SESSION_NOT_FOUND
    │   │   ├── SessionCorruptedError     SESSION_CORRUPTED
    │   │   ├── SessionLockedError        SESSION_LOCKED
    │   │   ├── SessionConflictError      SESSION_CONFLICT
    │   │   └── InvalidSessionIdError     INVALID_ID, also a ValueError
    │   └── NoActiveSessionError          NO_ACTIVE_SESSION, also a ValueError
    ├── InvalidArgumentError              INVALID_ARGUMENT, also a ValueError
    ├── ApiError
    │   ├── NotFoundError                 NOT_FOUND
    │   ├── ConflictError                 CONFLICT
    │   ├── InvalidRequestError           INVALID_REQUEST
    │   ├── UnauthorizedError             UNAUTHORIZED
    │   ├── ServerError                   SERVER
    │   └── RateLimitError                RATE_LIMIT
    ├── ConnectionFailedError             CONNECTION
    ├── RequestTimeoutError               TIMEOUT
    ├── DecodeError                       DECODE
    ├── ActionRequiredError               ACTION_REQUIRED
    ├── ContextLengthExceededError        CONTEXT_LENGTH_EXCEEDED
    ├── ProviderAuthError                 PROVIDER_AUTH
    ├── ProviderError                     PROVIDER_ERROR
    ├── CancelledError                    CANCELLED
    ├── ToolError                         TOOL_ERROR
    ├── BusyError                         BUSY
    └── NotSupportedError                 NOT_SUPPORTED

>>> from opencode.errors import OpencodeError, SessionNotFoundError
>>> from opencode.sessions import SessionStorage
>>> from tempfile import mkdtemp
>>> try:
...     SessionStorage(mkdtemp()).load("nowhere")
... except SessionNotFoundError as error:
...     print(error.code, error.session_id, error.retryable)
SESSION_NOT_FOUND nowhere False
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = [
    "ActionRequiredError",
    "ApiError",
    "BusyError",
    "CancelledError",
    "ConflictError",
    "ConnectionFailedError",
    "ContextLengthExceededError",
    "DecodeError",
    "InvalidArgumentError",
    "InvalidRequestError",
    "InvalidSessionIdError",
    "NoActiveSessionError",
    "NotFoundError",
    "NotSupportedError",
    "OpencodeError",
    "ProviderAuthError",
    "ProviderError",
    "RateLimitError",
    "RequestTimeoutError",
    "ServerError",
    "SessionConflictError",
    "SessionCorruptedError",
    "SessionError",
    "SessionLockedError",
    "SessionNotFoundError",
    "SessionStorageError",
    "ToolError",
    "UnauthorizedError",
]


class OpencodeError(Exception):
    """The root of them all. ``str()`` of it is the message and the hint.

    ``code`` is for machines and never changes; ``message`` says what happened, ``hint`` what a
    person can do. ``session_id`` and ``status`` (of an HTTP answer) are set where they are known.
    ``retryable`` tells whether the same call can succeed later.
    """

    code: str = ""

    def __init__(
        self,
        message: str = "",
        *,
        code: str | None = None,
        hint: str | None = None,
        session_id: str | None = None,
        status: int | None = None,
        retryable: bool = False,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.session_id = session_id
        self.status = status
        self.retryable = retryable
        if code is not None:
            self.code = code

    def __str__(self) -> str:
        return f"{self.message} (hint: {self.hint})" if self.hint else self.message


class SessionError(OpencodeError):
    """Something about sessions."""


class SessionStorageError(SessionError):
    """The disk said no: full, unreadable, not permitted; ``__cause__`` is the ``OSError``.

    Also a session of a newer version (``UNSUPPORTED_VERSION``), and a file system without working
    locks (``LOCKS_UNSUPPORTED``).
    """

    code = "STORAGE"


class SessionNotFoundError(SessionStorageError):
    """There is no such session."""

    code = "SESSION_NOT_FOUND"


class SessionCorruptedError(SessionStorageError):
    """The session's files cannot be read as a session."""

    code = "SESSION_CORRUPTED"


class SessionLockedError(SessionStorageError):
    """Another writer holds the session; the message names its process, host and since when."""

    code = "SESSION_LOCKED"


class SessionConflictError(SessionStorageError):
    """Saved over a newer revision, or an import of an id that exists.

    ``expected`` is the revision the edits were made on, ``actual`` the stored one.
    """

    code = "SESSION_CONFLICT"

    def __init__(
        self,
        message: str = "",
        *,
        code: str | None = None,
        hint: str | None = None,
        session_id: str | None = None,
        status: int | None = None,
        retryable: bool = False,
        expected: int | None = None,
        actual: int | None = None,
    ) -> None:
        super().__init__(
            message,
            code=code,
            hint=hint,
            session_id=session_id,
            status=status,
            retryable=retryable,
        )
        self.expected = expected
        self.actual = actual


class InvalidSessionIdError(SessionStorageError, ValueError):
    """Not an id, or a prefix that several sessions share: the ``candidates``."""

    code = "INVALID_ID"

    def __init__(
        self,
        message: str = "",
        *,
        code: str | None = None,
        hint: str | None = None,
        session_id: str | None = None,
        status: int | None = None,
        retryable: bool = False,
        candidates: list[str] | None = None,
    ) -> None:
        super().__init__(
            message,
            code=code,
            hint=hint,
            session_id=session_id,
            status=status,
            retryable=retryable,
        )
        self.candidates = list(candidates or ())


class NoActiveSessionError(SessionError, ValueError):
    """A call that needs a current session, and there is none."""

    code = "NO_ACTIVE_SESSION"


class InvalidArgumentError(OpencodeError, ValueError):
    """A wrong option or value; the message says which ones are right."""

    code = "INVALID_ARGUMENT"


class ApiError(OpencodeError):
    """The server said no, or this library did before asking; ``status`` is the HTTP status."""


class NotFoundError(ApiError):
    """The server knows no such session, message, part or request."""

    code = "NOT_FOUND"


class ConflictError(ApiError):
    """The session is in no state for it: it runs, or does not, or a revert is pending."""

    code = "CONFLICT"


class InvalidRequestError(ApiError):
    """What was asked for is wrong; ``field`` is the argument, where it is known."""

    code = "INVALID_REQUEST"

    def __init__(self, message: str = "", *, field: str | None = None, **details: Any) -> None:
        super().__init__(message, **details)
        self.field = field


class UnauthorizedError(ApiError):
    """Wrong or missing user name or password."""

    code = "UNAUTHORIZED"


class ServerError(ApiError):
    """The server failed; ``reference`` is what to look for in its log, where it gave one."""

    code = "SERVER"

    def __init__(self, message: str = "", *, reference: str | None = None, **details: Any) -> None:
        super().__init__(message, **details)
        self.reference = reference


class RateLimitError(ApiError):
    """Too many requests, to the server or to the model's provider.

    ``retry_after`` is how many seconds to wait, where it was told.
    """

    code = "RATE_LIMIT"

    def __init__(
        self, message: str = "", *, retry_after: float | None = None, **details: Any
    ) -> None:
        super().__init__(message, **details)
        self.retry_after = retry_after


class ConnectionFailedError(OpencodeError):
    """No answer at all, or one that was cut off."""

    code = "CONNECTION"


class RequestTimeoutError(OpencodeError):
    """The time ran out; the message says which one."""

    code = "TIMEOUT"


class DecodeError(OpencodeError):
    """An answer that cannot be read; ``path`` is the place in its JSON."""

    code = "DECODE"

    def __init__(self, message: str = "", *, path: str = "", **details: Any) -> None:
        super().__init__(message, **details)
        self.path = path


class ActionRequiredError(OpencodeError):
    """A turn waits for an answer that only a person, or a handler, can give.

    ``kind`` is ``"permission"`` or ``"question"``, ``request_id`` what to answer with
    ``permissions.reply`` or ``questions.reply``. The turn goes on when it is answered.
    """

    code = "ACTION_REQUIRED"

    def __init__(
        self, message: str = "", *, kind: str = "", request_id: str = "", **details: Any
    ) -> None:
        super().__init__(message, **details)
        self.kind = kind
        self.request_id = request_id


class ContextLengthExceededError(OpencodeError):
    """The conversation does not fit into the model's context window."""

    code = "CONTEXT_LENGTH_EXCEEDED"


class ProviderAuthError(OpencodeError):
    """The model's provider refused the key."""

    code = "PROVIDER_AUTH"


class ProviderError(OpencodeError):
    """The model or its provider failed; ``status`` is the provider's, where it answered."""

    code = "PROVIDER_ERROR"


class CancelledError(OpencodeError):
    """The turn was aborted before it was through. Not asyncio's of the same name."""

    code = "CANCELLED"


class ToolError(OpencodeError):
    """A tool failed in a turn that was to end then."""

    code = "TOOL_ERROR"


class BusyError(OpencodeError):
    """The conversation has a turn that is not over."""

    code = "BUSY"


class NotSupportedError(OpencodeError):
    """What the other side of a conversation cannot do."""

    code = "NOT_SUPPORTED"
