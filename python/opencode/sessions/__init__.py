"""Sessions of an AI coding agent: kept as files, safe against crashes, fast to list and search.

``SessionManager`` keeps one current session and knows the others; ``SessionStorage`` is the store
below it, ``SessionIndex`` what the store knows of its sessions without reading them. A ``Session``
is made of ``SessionMessage`` and ``ToolInvocation`` records.

>>> from opencode.sessions import Session
>>> session = Session(title="Hello")
>>> session.message_count
0
"""

from __future__ import annotations

import atexit
import os

from opencode.errors import (
    InvalidArgumentError,
    InvalidSessionIdError,
    NoActiveSessionError,
    OpencodeError,
    SessionConflictError,
    SessionCorruptedError,
    SessionError,
    SessionLockedError,
    SessionNotFoundError,
    SessionStorageError,
)
from opencode.sessions import _native
from opencode.sessions._lists import CleanupResult, SearchResults, SessionList
from opencode.sessions._native import (
    Problem,
    SearchHit,
    Session,
    SessionIndex,
    SessionManager,
    SessionMessage,
    SessionStorage,
    SessionSummary,
    ToolInvocation,
    __version__,
    generate_title,
)
from opencode.sessions._recovery import RecoveryFinding, RecoveryReport

__all__ = [
    "CleanupResult",
    "InvalidArgumentError",
    "InvalidSessionIdError",
    "NoActiveSessionError",
    "OpencodeError",
    "Problem",
    "RecoveryFinding",
    "RecoveryReport",
    "SearchHit",
    "SearchResults",
    "Session",
    "SessionConflictError",
    "SessionCorruptedError",
    "SessionError",
    "SessionIndex",
    "SessionList",
    "SessionLockedError",
    "SessionManager",
    "SessionMessage",
    "SessionNotFoundError",
    "SessionStorage",
    "SessionStorageError",
    "SessionSummary",
    "ToolInvocation",
    "__version__",
    "generate_title",
]

# The current session is closed when the interpreter ends, and a forked child begins without one.
atexit.register(_native.at_exit)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_native.fork_begins,
        after_in_parent=_native.fork_in_parent,
        after_in_child=_native.fork_in_child,
    )
