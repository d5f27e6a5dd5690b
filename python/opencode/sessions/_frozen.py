"""What a session gives of its inside: plain data that cannot be changed.

Changing a copy of it would change no session, so trying to raises instead of being lost. It is
equal to plain data, ``json`` writes it, and ``dict()``, ``list()`` and ``copy.deepcopy`` make
mutable copies.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

__all__ = ["FrozenDict", "FrozenList"]


def _refuse(self: object, *_arguments: object, **_named: object) -> NoReturn:
    from opencode.errors import InvalidArgumentError

    raise InvalidArgumentError(
        "a value of a session cannot be changed in place",
        hint="assign a changed copy: session.metadata['k'] = {**value, ...}; messages are replaced "
        "by edit_message(), a server's sessions changed by sessions.update()",
    )


def _mutable(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _mutable(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_mutable(item) for item in value]
    return value


class FrozenDict(dict):  # type: ignore[type-arg]
    """A dict that refuses to be changed.

    >>> from opencode.sessions import Session
    >>> session = Session(metadata={"git": {"branch": "main"}})
    >>> session.metadata["git"]["branch"] = "next"
    Traceback (most recent call last):
    opencode.errors.InvalidArgumentError: a value of a session cannot be changed in place ...
    >>> session.metadata["git"] = {**session.metadata["git"], "branch": "next"}
    >>> session.metadata["git"]
    {'branch': 'next'}
    """

    __slots__ = ()

    __setitem__ = __delitem__ = __ior__ = _refuse
    clear = pop = popitem = setdefault = update = _refuse

    def copy(self) -> dict[str, Any]:
        """A mutable copy; what is nested in it stays as it is."""
        return dict(self)

    __copy__ = copy

    def __deepcopy__(self, _memo: dict[int, Any]) -> dict[str, Any]:
        return {key: _mutable(item) for key, item in self.items()}

    def __reduce__(self) -> tuple[type, tuple[dict[str, Any]]]:
        return dict, (self.__deepcopy__({}),)


class FrozenList(list):  # type: ignore[type-arg]
    """A list that refuses to be changed."""

    __slots__ = ()

    __setitem__ = __delitem__ = __iadd__ = __imul__ = _refuse
    append = clear = extend = insert = pop = remove = reverse = sort = _refuse

    def copy(self) -> list[Any]:
        """A mutable copy; what is nested in it stays as it is."""
        return list(self)

    __copy__ = copy

    def __deepcopy__(self, _memo: dict[int, Any]) -> list[Any]:
        return [_mutable(item) for item in self]

    def __reduce__(self) -> tuple[type, tuple[list[Any]]]:
        return list, (self.__deepcopy__({}),)
