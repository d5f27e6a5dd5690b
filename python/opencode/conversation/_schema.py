"""From Python's types to JSON Schema."""

from __future__ import annotations

import dataclasses
import enum
import inspect
import math
import types
import typing
from collections import abc
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path, PurePath
from typing import Annotated, Any, Literal, NewType, Union, get_args, get_origin
from uuid import UUID

from opencode.conversation._docstring import docstring
from opencode.conversation._plain import plain
from opencode.errors import InvalidArgumentError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "LISTS",
    "MAPS",
    "SETS",
    "TEXTS",
    "UNWRITTEN",
    "bare",
    "fields",
    "has_fields",
    "schema",
    "written",
]

_PLAIN: dict[Any, str] = {
    bool: "boolean",
    int: "integer",
    float: "number",
    str: "string",
    type(None): "null",
}
#: What is written as a text: its format, and how it is read.
TEXTS: dict[Any, tuple[str | None, Any]] = {
    datetime: ("date-time", lambda text: datetime.fromisoformat(text.replace("Z", "+00:00"))),
    date: ("date", date.fromisoformat),
    time: ("time", time.fromisoformat),
    UUID: ("uuid", UUID),
    Decimal: (None, Decimal),
    Path: (None, Path),
    PurePath: (None, PurePath),
}
LISTS = (list, abc.Sequence, abc.Iterable, abc.Collection, abc.MutableSequence)
SETS = (set, frozenset, abc.Set, abc.MutableSet)
MAPS = (dict, abc.Mapping, abc.MutableMapping)


def bare(hint: Any) -> Any:
    """A type without what is only said about it: ``Annotated``, ``Required`` and the like."""
    while True:
        origin = get_origin(hint)
        if isinstance(hint, NewType):
            hint = hint.__supertype__
        elif origin is Annotated or _is_qualifier(origin):
            hint = get_args(hint)[0]
        else:
            return hint


def schema(hint: Any, what: str, inside: tuple[Any, ...] = ()) -> dict[str, Any]:
    """The JSON Schema of a type."""
    origin, arguments = get_origin(hint), get_args(hint)
    if hint is Any or hint is object:
        return {}
    if origin is Annotated:
        of = schema(arguments[0], what, inside)
        texts = [extra for extra in arguments[1:] if isinstance(extra, str)]
        return {**of, "description": texts[0]} if texts else of
    if (plainer := bare(hint)) is not hint:
        return schema(plainer, what, inside)
    # Of a generic one the origin, which unlike its arguments is known to be hashable.
    base = type(None) if hint is None else origin or hint
    if base in _PLAIN:
        return {"type": _PLAIN[base]}
    if base in TEXTS:
        form = TEXTS[base][0]
        return {"type": "string", "format": form} if form else {"type": "string"}
    if base is Literal:
        return _enumerated(arguments, what)
    if base in (Union, types.UnionType):
        return {"anyOf": [schema(one, what, inside) for one in arguments]}
    if base is tuple and arguments and arguments[-1] is not Ellipsis:
        items = [schema(one, what, inside) for one in arguments]
        return {
            "type": "array",
            "prefixItems": items,
            "minItems": len(items),
            "maxItems": len(items),
        }
    if base in LISTS or base in SETS or base is tuple:
        of = {"type": "array", "items": schema(arguments[0] if arguments else Any, what, inside)}
        return {**of, "uniqueItems": True} if base in SETS else of
    if base in MAPS:
        if arguments and arguments[0] not in (str, Any):
            raise _unknown(hint, what)
        values = schema(arguments[1], what, inside) if arguments else {}
        return {"type": "object", "additionalProperties": values or True}
    if inspect.isclass(hint):
        return _of_class(hint, what, inside)
    raise _unknown(hint, what)


def _of_class(hint: type, what: str, inside: tuple[Any, ...]) -> dict[str, Any]:
    if issubclass(hint, enum.Enum):
        return _enumerated(tuple(hint), what)
    if hint in inside:
        raise InvalidArgumentError(
            f"{what}: {hint.__name__} holds itself, which no schema is made of",
            hint='say what the tool takes by hand: @tool(parameters={"type": "object", …})',
        )
    if not has_fields(hint):
        raise _unknown(hint, what)
    known = list(fields(hint))
    described = docstring(hint)[1]
    properties = {}
    for name, of, _ in known:
        made = schema(of, f"{what}, field {name!r}", (*inside, hint))
        if name in described:
            made.setdefault("description", described[name])
        properties[name] = made
    return {
        "type": "object",
        "properties": properties,
        "required": [name for name, _, is_required in known if is_required],
        "additionalProperties": False,
    }


def has_fields(hint: Any) -> bool:
    """Whether it is a dataclass or a typed dict."""
    return dataclasses.is_dataclass(hint) or hasattr(hint, "__required_keys__")


def fields(hint: Any) -> Iterator[tuple[str, Any, bool]]:
    """The fields of a dataclass or typed dict: name, type, and whether it has to be there."""
    try:
        hints = typing.get_type_hints(hint, include_extras=True)
    except Exception as error:
        name = hint.__name__
        raise InvalidArgumentError(f"the fields of {name} cannot be read: {error}") from error
    if hasattr(hint, "__required_keys__"):
        for name, of in hints.items():
            # With annotations as texts, only the hint itself tells it.
            said = getattr(get_origin(of), "_name", None)
            yield (
                name,
                of,
                said == "Required" or (said != "NotRequired" and name in hint.__required_keys__),
            )
        return
    for field in dataclasses.fields(hint):
        if field.init:
            none = dataclasses.MISSING
            yield field.name, hints[field.name], field.default is field.default_factory is none


def _enumerated(choices: tuple[Any, ...], what: str) -> dict[str, Any]:
    values = [written(choice) for choice in choices]
    if UNWRITTEN in values:
        raise _unknown(choices[values.index(UNWRITTEN)], what)
    kinds = {_PLAIN.get(type(value)) for value in values}
    (kind,) = kinds if len(kinds) == 1 else (None,)
    return {"type": kind, "enum": values} if kind else {"enum": values}


#: Stands for what no JSON is written of.
UNWRITTEN = object()


def written(value: Any) -> Any:
    """A default or a choice as JSON has it."""
    try:
        value = plain(value)
    except TypeError:
        return UNWRITTEN
    return value if _is_json(value) else UNWRITTEN


def _is_json(value: Any) -> bool:
    if isinstance(value, list):
        return all(map(_is_json, value))
    if isinstance(value, dict):
        return all(
            isinstance(key, str) and _is_json(key) and _is_json(item) for key, item in value.items()
        )
    if isinstance(value, str):
        return not any("\ud800" <= letter <= "\udfff" for letter in value)
    if isinstance(value, float):
        return math.isfinite(value)
    # Whole numbers have 64 bits.
    return value is None or (isinstance(value, int) and -(1 << 63) <= value < 1 << 64)


def _unknown(hint: Any, what: str) -> InvalidArgumentError:
    shown = getattr(hint, "__name__", None) or repr(hint)
    return InvalidArgumentError(
        f"{what}: no schema is made of {shown}",
        hint="take int, float, str, bool, lists, dicts with texts as keys, Optional, unions, "
        "Literal, enums, dataclasses or typed dicts, or give parameters=",
    )


def _is_qualifier(origin: Any) -> bool:
    """Whether it tells more of a typed dict's field, by ``typing`` or ``typing_extensions``."""
    return getattr(origin, "_name", None) in ("Required", "NotRequired", "ReadOnly")
