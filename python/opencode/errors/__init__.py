"""Every exception of opencode-sessions, each with its stable ``code``.

All of them are an ``OpencodeError``; those about sessions are a ``SessionError``, those about
stored sessions a ``SessionStorageError``::

    OpencodeError
    ├── SessionError
    │   ├── SessionStorageError           STORAGE, UNSUPPORTED_VERSION, LOCKS_UNSUPPORTED
    │   │   ├── SessionNotFoundError      SESSION_NOT_FOUND
    │   │   ├── SessionCorruptedError     SESSION_CORRUPTED
    │   │   ├── SessionLockedError        SESSION_LOCKED
    │   │   ├── SessionConflictError      SESSION_CONFLICT
    │   │   └── InvalidSessionIdError     INVALID_ID, also a ValueError
    │   └── NoActiveSessionError          NO_ACTIVE_SESSION, also a ValueError
    └── InvalidArgumentError              INVALID_ARGUMENT, also a ValueError

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

__all__ = [
    "InvalidArgumentError",
    "InvalidSessionIdError",
    "NoActiveSessionError",
    "OpencodeError",
    "SessionConflictError",
    "SessionCorruptedError",
    "SessionError",
    "SessionLockedError",
    "SessionNotFoundError",
    "SessionStorageError",
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
