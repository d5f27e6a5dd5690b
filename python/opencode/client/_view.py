"""What a server said, as objects: typed attributes over the data, read when they are asked for.

A ``View`` cannot be changed. Its fields are declared once, by the functions below, which tell a
type checker what each one gives and the view where in the data it stands.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any, ClassVar, Generic, TypeVar, overload

from opencode.sessions._frozen import FrozenDict, FrozenList

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from typing_extensions import Self

__all__ = ["Field", "View"]

_T = TypeVar("_T")
_V = TypeVar("_V", bound="View")

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
#: What ``repr`` shows of a text.
_SHOWN = 60


class Field(Generic[_T]):
    """One attribute of a view: where it stands in the data, and what is made of it."""

    def __init__(
        self,
        path: str,
        doc: str,
        default: _T,
        make: Callable[[Any], _T] | None = None,
        *,
        secret: bool = False,
    ) -> None:
        self.__doc__ = doc
        self._name = ""
        self._path = tuple(path.split(".")) if path else ()
        self._default = default
        self._make = make
        self.secret = secret

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, view: None, owner: type | None = None) -> Self: ...
    @overload
    def __get__(self, view: View, owner: type | None = None) -> _T: ...
    def __get__(self, view: View | None, owner: type | None = None) -> Self | _T:
        if view is None:
            return self
        found: Any = view._data
        for key in self._path:
            found = found.get(key) if isinstance(found, dict) else None
        if found is None:
            return self._default
        if self._make is None:
            plain: _T = found
            return plain
        if self._name not in view._made:
            view._made[self._name] = self._make(found)
        made: _T = view._made[self._name]
        return made

    @property
    def is_plain(self) -> bool:
        """Whether it is a text, a number or a flag as it stands."""
        return self._make is None


class View:
    """What a server said about one thing. Equal to another of its class with the same data."""

    __slots__ = ("_data", "_made")

    _fields: ClassVar[dict[str, Field[Any]]] = {}

    def __init__(self, data: dict[str, Any]) -> None:
        self._data = data
        self._made: dict[str, Any] = {}

    def __init_subclass__(cls) -> None:
        own = {name: field for name, field in vars(cls).items() if isinstance(field, Field)}
        cls._fields = {**cls._fields, **own}

    def to_dict(self) -> dict[str, Any]:
        """A copy of the data, to the letter."""
        copied: dict[str, Any] = _copied(self._data)
        return copied

    def __eq__(self, other: object) -> bool:
        if isinstance(other, View) and type(other) is type(self):
            return self._data == other._data
        return NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(self._described())})"

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self._data,)

    def _described(self) -> Iterator[str]:
        for name, field in self._fields.items():
            value = getattr(self, name) if field.is_plain else None
            if not value:
                continue
            if field.secret:
                value = "[redacted]"
            elif isinstance(value, str) and len(value) > _SHOWN:
                value = value[:_SHOWN] + "…"
            yield f"{name}={value!r}"


def _copied(data: Any) -> Any:
    if isinstance(data, dict):
        return {key: _copied(item) for key, item in data.items()}
    if isinstance(data, list):
        return [_copied(item) for item in data]
    return data


def frozen(data: Any) -> Any:
    """Data that cannot be changed."""
    if isinstance(data, dict):
        return FrozenDict({key: frozen(item) for key, item in data.items()})
    if isinstance(data, list):
        return FrozenList([frozen(item) for item in data])
    return data


def _time(given: float | str) -> datetime:
    """A time: milliseconds since 1970, or ISO text."""
    if isinstance(given, str):
        return datetime.fromisoformat(given)
    return _EPOCH + timedelta(milliseconds=given)


def text(path: str, doc: str = "", *, secret: bool = False) -> Field[str]:
    """A text; empty where the server gives none."""
    return Field(path, doc, "", secret=secret)


def maybe_text(path: str, doc: str = "") -> Field[str | None]:
    """A text, or ``None``."""
    return Field[str | None](path, doc, None)


def number(path: str, doc: str = "") -> Field[float]:
    """A number; 0 where the server gives none."""
    return Field[float](path, doc, 0)


def count(path: str, doc: str = "") -> Field[int]:
    """A whole number; 0 where the server gives none."""
    return Field(path, doc, 0)


def flag(path: str, doc: str = "") -> Field[bool]:
    """Yes or no; no where the server says neither."""
    return Field(path, doc, False)


def moment(path: str, doc: str = "") -> Field[datetime]:
    """A time that is always there."""
    return Field(path, doc, _EPOCH, _time)


def maybe_moment(path: str, doc: str = "") -> Field[datetime | None]:
    """A time, or ``None``."""
    return Field[datetime | None](path, doc, None, _time)


def anything(path: str, doc: str = "") -> Field[Any]:
    """Plain data that cannot be changed, whatever it is."""
    return Field[Any](path, doc, None, frozen)


def mapping(path: str, doc: str = "") -> Field[Mapping[str, Any]]:
    """A dict that cannot be changed; empty where the server gives none."""
    return Field[Any](path, doc, FrozenDict(), frozen)


def texts(path: str, doc: str = "") -> Field[tuple[str, ...]]:
    """Several texts."""
    return Field[tuple[str, ...]](path, doc, (), tuple)


def one(path: str, view: type[_V], doc: str = "") -> Field[_V]:
    """Another view; an empty one where the server gives none."""
    return Field(path, doc, view({}), view)


def maybe(path: str, view: type[_V], doc: str = "") -> Field[_V | None]:
    """Another view, or ``None``."""
    return Field[Any](path, doc, None, view)


def several(
    path: str, view: Callable[[dict[str, Any]], _V], doc: str = ""
) -> Field[tuple[_V, ...]]:
    """Several views."""
    return Field[Any](path, doc, (), lambda items: tuple(view(item) for item in items))
