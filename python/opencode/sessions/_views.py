"""Views of a session: they show it as it is, and a write through one is a change of the session.

None of them holds data of its own, so one that was kept goes on showing the present.
"""

# `typing` is not imported for `overload`, so the linter does not know it.
# ruff: noqa: F811

from __future__ import annotations

from collections.abc import MutableMapping, MutableSequence, Sequence

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any, SupportsIndex, overload

    from opencode.sessions._native import Session, SessionMessage, ToolInvocation

else:

    def overload(method):
        return method

    Any = object
    SessionMessage = ToolInvocation = object

__all__ = ["Messages", "Metadata", "Tags", "ToolHistory"]

#: How many records an iteration fetches at a time.
_CHUNK = 256


def _index(index: SupportsIndex, length: int, what: str) -> int:
    at = index.__index__()
    if at < 0:
        at += length
    if not 0 <= at < length:
        raise IndexError(f"{what} index out of range")
    return at


class Messages(Sequence[SessionMessage]):
    """The messages of a session, oldest first. Read only: the session's methods change them.

    >>> from opencode.sessions import Session
    >>> session = Session()
    >>> for word in ("one", "two", "three"):
    ...     _ = session.add_message_from_dict("user", word)
    >>> messages = session.messages
    >>> len(messages), messages[-1].content, [m.content for m in messages[:2]]
    (3, 'three', ['one', 'two'])
    """

    __slots__ = ("_session",)

    def __init__(self, session: Session) -> None:
        self._session = session

    def __len__(self) -> int:
        return self._session.message_count

    @overload
    def __getitem__(self, index: SupportsIndex) -> SessionMessage: ...
    @overload
    def __getitem__(self, index: slice) -> list[SessionMessage]: ...
    def __getitem__(self, index: SupportsIndex | slice) -> SessionMessage | list[SessionMessage]:
        found: SessionMessage | list[SessionMessage]
        found = _get(self._session._messages, len(self), index, "message")
        return found

    def __iter__(self) -> Iterator[SessionMessage]:
        return _iterate(self._session._messages)

    def __eq__(self, other: object) -> bool:
        return list(self) == list(other) if isinstance(other, (Messages, list)) else NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"<{len(self)} messages of {self._session!r}>"


class ToolHistory(Sequence[ToolInvocation]):
    """The runs of tools of a session, oldest first. Read only: the session's methods add to it."""

    __slots__ = ("_session",)

    def __init__(self, session: Session) -> None:
        self._session = session

    def __len__(self) -> int:
        return self._session._tool_count()

    @overload
    def __getitem__(self, index: SupportsIndex) -> ToolInvocation: ...
    @overload
    def __getitem__(self, index: slice) -> list[ToolInvocation]: ...
    def __getitem__(self, index: SupportsIndex | slice) -> ToolInvocation | list[ToolInvocation]:
        found: ToolInvocation | list[ToolInvocation]
        found = _get(self._session._tool_history, len(self), index, "tool history")
        return found

    def __iter__(self) -> Iterator[ToolInvocation]:
        return _iterate(self._session._tool_history)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, (ToolHistory, list)):
            return list(self) == list(other)
        return NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"<{len(self)} tool invocations of {self._session!r}>"


def _get(fetch: Any, length: int, index: SupportsIndex | slice, what: str) -> Any:
    if not isinstance(index, slice):
        at = _index(index, length, what)
        found = fetch(at, at + 1)
        if not found:  # deleted by another thread since
            raise IndexError(f"{what} index out of range")
        return found[0]
    start, stop, step = index.indices(length)
    if step > 0:
        return fetch(start, max(start, stop))[::step]
    return fetch(stop + 1, max(stop, start) + 1)[::-1][::-step]


def _iterate(fetch: Any) -> Iterator[Any]:
    start = 0
    while records := fetch(start, start + _CHUNK):
        yield from records
        start += len(records)


class Metadata(MutableMapping[str, Any]):
    """The program's own data on a session: strings to plain data.

    >>> from opencode.sessions import Session
    >>> session = Session()
    >>> session.metadata["git_branch"] = "feature/api-v2"
    >>> session.metadata
    {'git_branch': 'feature/api-v2'}
    >>> session.metadata["bad"] = float("nan")
    Traceback (most recent call last):
    opencode.errors.InvalidArgumentError: metadata['bad'] is NaN ...
    """

    __slots__ = ("_session",)

    def __init__(self, session: Session) -> None:
        self._session = session

    def __len__(self) -> int:
        return len(self._session._metadata_keys())

    def __iter__(self) -> Iterator[str]:
        return iter(self._session._metadata_keys())

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and bool(self._session._metadata_get(key))

    def __getitem__(self, key: str) -> Any:
        if key not in self:
            raise KeyError(key)
        return self._session._metadata_get(key)[0]

    def __setitem__(self, key: str, value: Any) -> None:
        self._session._metadata_set(key, value)

    def __delitem__(self, key: str) -> None:
        if key not in self:
            raise KeyError(key)
        self._session._metadata_remove(key)

    def __repr__(self) -> str:
        return repr(dict(self))


class Tags(MutableSequence[str]):
    """The tags of a session, each once.

    >>> from opencode.sessions import Session
    >>> session = Session(tags=["python"])
    >>> session.tags.append("api")
    >>> session.tags
    ['python', 'api']
    """

    __slots__ = ("_session",)

    def __init__(self, session: Session) -> None:
        self._session = session

    def __len__(self) -> int:
        return len(self._session._tags())

    @overload
    def __getitem__(self, index: SupportsIndex) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> list[str]: ...
    def __getitem__(self, index: SupportsIndex | slice) -> str | list[str]:
        return self._session._tags()[index]

    def __iter__(self) -> Iterator[str]:
        return iter(self._session._tags())

    def __contains__(self, tag: object) -> bool:
        return tag in self._session._tags()

    @overload
    def __setitem__(self, index: SupportsIndex, value: str) -> None: ...
    @overload
    def __setitem__(self, index: slice, value: Iterable[str]) -> None: ...
    def __setitem__(self, index: Any, value: Any) -> None:
        tags = self._session._tags()
        tags[index] = value
        self._write(tags)

    def __delitem__(self, index: SupportsIndex | slice) -> None:
        tags = self._session._tags()
        del tags[index]
        self._write(tags)

    def insert(self, index: SupportsIndex, value: str) -> None:
        """Puts a tag before the one at ``index``; one that is there already stays in its place."""
        tags = self._session._tags()
        if not isinstance(value, str):
            raise TypeError(f"a tag is a str, not {type(value).__name__}")
        if value in tags:
            return
        if index.__index__() >= len(tags):
            self._session.add_tag(value)
            return
        tags.insert(index, value)
        self._write(tags)

    def reverse(self) -> None:
        """Puts them in the opposite order."""
        self._write(self._session._tags()[::-1])

    def _write(self, tags: list[str]) -> None:
        self._session.tags = tags

    def __eq__(self, other: object) -> bool:
        return list(self) == list(other) if isinstance(other, (Tags, list)) else NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return repr(self._session._tags())
