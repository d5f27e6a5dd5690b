"""From a model's parameters, which are plain data, to what a function takes."""

from __future__ import annotations

import enum
import inspect
import types
from typing import Any, Literal, Union, get_args, get_origin

from opencode.conversation._schema import (
    LISTS,
    MAPS,
    SETS,
    TEXTS,
    bare,
    fields,
    has_fields,
    written,
)

__all__ = ["Misfit", "converted"]

_PLAIN: dict[Any, tuple[type, ...]] = {
    bool: (bool,),
    int: (int,),
    float: (int, float),
    str: (str,),
    type(None): (type(None),),
}


class Misfit(ValueError):
    """A value that is none of its type."""

    def __init__(self, value: Any, hint: Any) -> None:
        shown = repr(value)
        shown = shown if len(shown) <= 100 else f"{shown[:100]}…"
        super().__init__(f"{shown} is no {hint.__name__ if inspect.isclass(hint) else hint}")


def converted(value: Any, hint: Any) -> Any:
    """A value as its type wants it: of a union, the first member it fits. ``Misfit`` if none.

    A type that is not known takes any value.
    """
    hint = bare(hint)
    origin, arguments = get_origin(hint), get_args(hint)
    base = type(None) if hint is None else origin or hint
    if base in (Union, types.UnionType):
        return _of_union(value, hint, arguments)
    if base is Literal:
        return _chosen(value, hint, arguments)
    if base in _PLAIN:
        return _of_plain(value, base)
    if base in TEXTS:
        if not isinstance(value, str):
            raise Misfit(value, hint)
        try:
            return TEXTS[base][1](value)
        except (ValueError, ArithmeticError) as error:
            raise Misfit(value, hint) from error
    if base is tuple or base in LISTS or base in SETS:
        return _of_list(value, hint, base, arguments)
    if base in MAPS:
        if not isinstance(value, dict):
            raise Misfit(value, hint)
        inner = arguments[1] if arguments else Any
        return {key: converted(item, inner) for key, item in value.items()}
    if inspect.isclass(base) and issubclass(base, enum.Enum):
        return _chosen(value, hint, tuple(base))
    if has_fields(base):
        return _of_fields(value, base)
    return value


def _of_plain(value: Any, hint: type) -> Any:
    if hint is int and isinstance(value, float) and value.is_integer():
        return int(value)
    is_one = isinstance(value, _PLAIN[hint])
    if not is_one or (isinstance(value, bool) and hint is not bool):
        raise Misfit(value, hint)
    return float(value) if hint is float else value


def _of_union(value: Any, hint: Any, members: tuple[Any, ...]) -> Any:
    if isinstance(value, (int, float)) and type(value) in map(bare, members):
        # 3 is a whole number first, and 3.0 none, whichever comes first.
        return value
    for member in members:
        try:
            return converted(value, member)
        except ValueError:
            # Not this one; a class may say so by itself.
            continue
    raise Misfit(value, hint)


def _chosen(value: Any, hint: Any, members: tuple[Any, ...]) -> Any:
    for member in members:
        one = written(member)
        if one == value and isinstance(one, bool) is isinstance(value, bool):
            return member
    raise Misfit(value, hint)


def _of_list(value: Any, hint: Any, base: Any, arguments: tuple[Any, ...]) -> Any:
    if not isinstance(value, list):
        raise Misfit(value, hint)
    if base is tuple and arguments and arguments[-1] is not Ellipsis:
        if len(value) != len(arguments):
            raise Misfit(value, hint)
        return tuple(map(converted, value, arguments))
    inner = arguments[0] if arguments else Any
    items = [converted(item, inner) for item in value]
    if base is tuple:
        return tuple(items)
    if base in SETS:
        return frozenset(items) if base is frozenset else set(items)
    return items


def _of_fields(value: Any, hint: Any) -> Any:
    if not isinstance(value, dict):
        raise Misfit(value, hint)
    known = {name: (of, is_required) for name, of, is_required in fields(hint)}
    missing = {name for name, (_, is_required) in known.items() if is_required} - value.keys()
    if missing or value.keys() - known.keys():
        raise Misfit(value, hint)
    return hint(**{name: converted(item, known[name][0]) for name, item in value.items()})
