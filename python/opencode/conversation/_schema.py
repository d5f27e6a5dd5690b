"""From Python's types to JSON Schema, and from a model's parameters to what a function takes."""

from __future__ import annotations

import dataclasses
import enum
import inspect
import types
import typing
from collections import abc
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path, PurePath
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin
from uuid import UUID

from opencode.conversation._docstring import docstring
from opencode.conversation._plain import plain
from opencode.errors import InvalidArgumentError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

__all__ = ["Signature", "signature"]

_PLAIN: dict[Any, str] = {
    bool: "boolean",
    int: "integer",
    float: "number",
    str: "string",
    type(None): "null",
}
#: What is written as a text: its format, and how it is read.
_TEXTS: dict[Any, tuple[str | None, Any]] = {
    datetime: ("date-time", lambda text: datetime.fromisoformat(text.replace("Z", "+00:00"))),
    date: ("date", date.fromisoformat),
    time: ("time", time.fromisoformat),
    UUID: ("uuid", UUID),
    Decimal: (None, Decimal),
    Path: (None, Path),
    PurePath: (None, PurePath),
}
_LISTS = (list, abc.Sequence, abc.Iterable, abc.Collection, abc.MutableSequence)
_SETS = (set, frozenset, abc.Set, abc.MutableSet)
_MAPS = (dict, abc.Mapping, abc.MutableMapping)


class Signature(NamedTuple):
    """How a function is called with a model's parameters."""

    parameters: tuple[inspect.Parameter, ...]
    hints: dict[str, Any]
    #: The parameter that takes the context of the call.
    context: str | None

    def schema(self, described: Mapping[str, str]) -> dict[str, Any]:
        """The JSON Schema of the parameters."""
        properties: dict[str, Any] = {}
        required = []
        more = False
        for parameter in self.parameters:
            name = parameter.name
            if name == self.context:
                continue
            if parameter.kind is parameter.VAR_KEYWORD:
                more = True
                continue
            of = schema(self.hints.get(name, Any), f"parameter {name!r}")
            if name in described:
                of.setdefault("description", described[name])
            if parameter.default is parameter.empty:
                required.append(name)
            elif (default := _default(parameter.default)) is not _NONE:
                of["default"] = default
            properties[name] = of
        return {
            "type": "object",
            "properties": properties,
            "required": required,
            "additionalProperties": more,
        }

    def arguments(self, params: dict[str, Any], context: Any) -> tuple[list[Any], dict[str, Any]]:
        """What the function is called with."""
        rest = dict(params)
        positional: list[Any] = []
        named: dict[str, Any] = {}
        for parameter in self.parameters:
            name = parameter.name
            if name == self.context:
                value = context
            elif parameter.kind is parameter.VAR_KEYWORD:
                named.update(rest)
                continue
            elif name in rest:
                value = converted(rest.pop(name), self.hints.get(name, Any))
            elif parameter.kind is parameter.POSITIONAL_ONLY:
                value = parameter.default
            else:
                continue
            if parameter.kind is parameter.POSITIONAL_ONLY:
                positional.append(value)
            else:
                named[name] = value
        return positional, named


_NONE = object()


def _default(value: Any) -> Any:
    try:
        value = plain(value)
    except TypeError:
        return _NONE
    return value if _is_json(value) else _NONE


def _is_json(value: Any) -> bool:
    if isinstance(value, list):
        return all(map(_is_json, value))
    if isinstance(value, dict):
        return all(isinstance(key, str) and _is_json(item) for key, item in value.items())
    return value is None or isinstance(value, (bool, int, float, str))


def signature(function: Callable[..., Any], context: type, *, with_hints: bool) -> Signature:
    """The signature of a tool's function; ``context`` marks the parameter that is no model's.

    Without the need of hints, those that cannot be read are none.
    """
    name = getattr(function, "__name__", repr(function))
    called = function if inspect.isroutine(function) else getattr(function, "__call__", function)  # noqa: B004
    try:
        found = inspect.signature(function)
        hints = _hints(called, strict=with_hints)
    except Exception as error:
        raise InvalidArgumentError(
            f"the signature of {name} cannot be read: {error}",
            hint='say what it takes by hand: @tool(parameters={"type": "object", …})',
        ) from error
    parameters = tuple(found.parameters.values())
    if any(parameter.kind is parameter.VAR_POSITIONAL for parameter in parameters):
        raise InvalidArgumentError(f"a tool has no *arguments, as {name} has")
    contexts = [one.name for one in parameters if hints.get(one.name) is context]
    return Signature(parameters, hints, contexts[0] if contexts else None)


def _hints(function: Any, *, strict: bool) -> dict[str, Any]:
    try:
        return typing.get_type_hints(function, include_extras=True)
    except Exception:
        if strict:
            raise
        return {}


def schema(hint: Any, what: str, inside: tuple[Any, ...] = ()) -> dict[str, Any]:
    """The JSON Schema of a type."""
    origin, arguments = get_origin(hint), get_args(hint)
    if hint is Any or hint is object:
        return {}
    if origin is Annotated:
        of = schema(arguments[0], what, inside)
        texts = [extra for extra in arguments[1:] if isinstance(extra, str)]
        return {**of, "description": texts[0]} if texts else of
    if _is_qualifier(origin):
        return schema(arguments[0], what, inside)
    if hint is None or hint in _PLAIN:
        return {"type": _PLAIN[type(None) if hint is None else hint]}
    if hint in _TEXTS:
        form = _TEXTS[hint][0]
        return {"type": "string", "format": form} if form else {"type": "string"}
    if origin is Literal:
        return _enumerated(list(arguments))
    if origin in (Union, types.UnionType):
        return {"anyOf": [schema(one, what, inside) for one in arguments]}
    base = origin or hint
    if base is tuple and arguments and arguments[-1] is not Ellipsis:
        items = [schema(one, what, inside) for one in arguments]
        return {
            "type": "array",
            "prefixItems": items,
            "minItems": len(items),
            "maxItems": len(items),
        }
    if base in _LISTS or base in _SETS or base is tuple:
        of = {"type": "array", "items": schema(arguments[0] if arguments else Any, what, inside)}
        return {**of, "uniqueItems": True} if base in _SETS else of
    if base in _MAPS:
        if arguments and arguments[0] not in (str, Any):
            raise _unknown(hint, what)
        values = schema(arguments[1], what, inside) if arguments else {}
        return {"type": "object", "additionalProperties": values or True}
    if inspect.isclass(hint):
        return _of_class(hint, what, inside)
    raise _unknown(hint, what)


def _of_class(hint: type, what: str, inside: tuple[Any, ...]) -> dict[str, Any]:
    if issubclass(hint, enum.Enum):
        return _enumerated([member.value for member in hint])
    if hint in inside:
        raise InvalidArgumentError(
            f"{what}: {hint.__name__} holds itself, which no schema is made of",
            hint='say what the tool takes by hand: @tool(parameters={"type": "object", …})',
        )
    fields = list(_fields(hint))
    if not fields and not _has_fields(hint):
        raise _unknown(hint, what)
    described = docstring(hint)[1]
    properties = {}
    for name, of, _ in fields:
        made = schema(of, f"{what}, field {name!r}", (*inside, hint))
        if name in described:
            made.setdefault("description", described[name])
        properties[name] = made
    return {
        "type": "object",
        "properties": properties,
        "required": [name for name, _, is_required in fields if is_required],
        "additionalProperties": False,
    }


def _has_fields(hint: Any) -> bool:
    return dataclasses.is_dataclass(hint) or hasattr(hint, "__required_keys__")


def _fields(hint: Any) -> Iterator[tuple[str, Any, bool]]:
    """The fields of a dataclass or typed dict: name, type, and whether it has to be there."""
    if not _has_fields(hint):
        return
    hints = typing.get_type_hints(hint, include_extras=True)
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


def _enumerated(values: list[Any]) -> dict[str, Any]:
    values = [value.value if isinstance(value, enum.Enum) else value for value in values]
    kinds = {_PLAIN.get(type(value)) for value in values}
    (kind,) = kinds if len(kinds) == 1 else (None,)
    return {"type": kind, "enum": values} if kind else {"enum": values}


def _unknown(hint: Any, what: str) -> InvalidArgumentError:
    shown = getattr(hint, "__name__", None) or repr(hint)
    return InvalidArgumentError(
        f"{what}: no schema is made of {shown}",
        hint="take int, float, str, bool, lists, dicts with texts as keys, Optional, unions, "
        "Literal, enums, dataclasses or typed dicts, or give parameters=",
    )


def converted(value: Any, hint: Any) -> Any:
    """A parameter, which fits the schema, as the function wants it."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated or _is_qualifier(origin):
        return converted(value, arguments[0])
    if hint is float and isinstance(value, int):
        return float(value)
    if hint is int and isinstance(value, float):
        return int(value)
    if hint in _TEXTS:
        return _TEXTS[hint][1](value)
    if origin in (Union, types.UnionType):
        for one in arguments:
            if fits(value, one):
                return converted(value, one)
        return value
    base = origin or hint
    if base is tuple and isinstance(value, list):
        of = arguments[:-1] * len(value) if arguments[-1:] == (Ellipsis,) else arguments
        return tuple(map(converted, value, of or (Any,) * len(value)))
    if base in _LISTS and isinstance(value, list):
        return [converted(item, arguments[0] if arguments else Any) for item in value]
    if base in _SETS and isinstance(value, list):
        items = (converted(item, arguments[0] if arguments else Any) for item in value)
        return frozenset(items) if base is frozenset else set(items)
    if base in _MAPS and isinstance(value, dict):
        inner = arguments[1] if arguments else Any
        return {key: converted(item, inner) for key, item in value.items()}
    if inspect.isclass(hint):
        if issubclass(hint, enum.Enum):
            return hint(value)
        if _has_fields(hint) and isinstance(value, dict):
            types_of = {name: of for name, of, _ in _fields(hint)}
            made = {name: converted(item, types_of[name]) for name, item in value.items()}
            return hint(**made)
    return value


def _is_qualifier(origin: Any) -> bool:
    """Whether it tells more of a typed dict's field, by ``typing`` or ``typing_extensions``."""
    return getattr(origin, "_name", None) in ("Required", "NotRequired", "ReadOnly")


_KINDS: dict[str, tuple[type, ...]] = {
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
    "string": (str,),
    "null": (type(None),),
    "array": (list,),
    "object": (dict,),
}


def fits(value: Any, hint: Any) -> bool:
    """Whether a value is one of a type, as far as a union has to know."""
    of: dict[str, Any] = schema(hint, "")
    if "anyOf" in of:
        return any(fits(value, one) for one in get_args(hint))
    if "enum" in of:
        return any(value == one and type(value) is type(one) for one in of["enum"])
    if (kind := of.get("type")) is None:
        return True
    if isinstance(value, bool) and kind != "boolean":
        return False
    if not isinstance(value, _KINDS[kind]):
        return False
    if isinstance(value, dict) and "properties" in of:
        return bool(of["properties"].keys() >= value.keys() >= set(of["required"]))
    if isinstance(value, list) and (items := get_args(hint)):
        return all(fits(item, items[0]) for item in value)
    if hint in _TEXTS:
        try:
            _TEXTS[hint][1](value)
        except (ValueError, ArithmeticError):
            return False
    return True
