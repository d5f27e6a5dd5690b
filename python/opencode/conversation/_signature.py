"""How a function is called with a model's parameters."""

from __future__ import annotations

import functools
import inspect
import sys
import types
import typing
from typing import Any, NamedTuple, Union, get_args, get_origin

from opencode.conversation._schema import UNWRITTEN, bare, schema, written
from opencode.conversation._values import Misfit, converted
from opencode.errors import InvalidArgumentError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["Signature", "name_of", "signature", "without_partials"]


class Signature(NamedTuple):
    """The parameters of a function, without those that ``functools.partial`` has bound."""

    parameters: tuple[inspect.Parameter, ...]
    hints: dict[str, Any]
    #: The parameter that takes the context of the call.
    context: str | None
    #: Names that are no model's to give.
    bound: frozenset[str]
    #: Whether the model's parameters follow the hints, or a schema that was written by hand.
    is_hinted: bool

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
            elif (default := written(parameter.default)) is not UNWRITTEN:
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
        rest = {name: value for name, value in params.items() if name not in self.bound}
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
                value = self._converted(name, rest.pop(name))
            elif parameter.kind is not parameter.POSITIONAL_ONLY:
                continue
            elif parameter.default is parameter.empty:
                raise TypeError(f"missing a required argument: {name!r}")
            else:
                value = parameter.default
            if parameter.kind is parameter.POSITIONAL_ONLY:
                positional.append(value)
            else:
                named[name] = value
        return positional, named

    def _converted(self, name: str, value: Any) -> Any:
        try:
            return converted(value, self.hints.get(name, Any))
        except Misfit as misfit:
            if self.is_hinted:
                raise ValueError(f"parameter {name!r}: {misfit}") from misfit
            return value


def signature(function: Callable[..., Any], context: type, *, with_hints: bool) -> Signature:
    """The signature of a tool's function; ``context`` marks the parameter that is no model's.

    Without the need of hints, those that cannot be read are none.
    """
    name = name_of(function)
    try:
        found = _signature(function)
    except Exception as error:
        raise _unreadable(name, str(error)) from error
    bound = _bound(function)
    parameters = tuple(one for one in found.parameters.values() if one.name not in bound)
    if any(parameter.kind is parameter.VAR_POSITIONAL for parameter in parameters):
        raise InvalidArgumentError(f"a tool has no *arguments, as {name} has")
    names = _globals(function)
    hints: dict[str, Any] = {}
    for parameter in parameters:
        if parameter.annotation is parameter.empty:
            continue
        try:
            hints[parameter.name] = _evaluated(parameter.annotation, names)
        except Exception as error:
            if with_hints:
                raise _unreadable(name, f"parameter {parameter.name!r}: {error}") from error
    contexts = [one for one, hint in hints.items() if _takes(hint, context)]
    return Signature(parameters, hints, contexts[0] if contexts else None, bound, with_hints)


def _unreadable(name: str, why: str) -> InvalidArgumentError:
    return InvalidArgumentError(
        f"the signature of {name} cannot be read: {why}",
        hint='say what it takes by hand: @tool(parameters={"type": "object", …})',
    )


def without_partials(function: Any) -> Any:
    """The function that ``functools.partial`` has bound something of."""
    while isinstance(function, functools.partial):
        function = function.func
    return function


def name_of(function: Any) -> str:
    """What a function is called; nothing that is bound is in it."""
    if (name := getattr(function, "__name__", None)) is None:
        function = without_partials(function)
        name = getattr(function, "__name__", type(function).__name__)
    return str(name)


def _bound(function: Any) -> frozenset[str]:
    names: set[str] = set()
    while isinstance(function, functools.partial):
        names.update(function.keywords)
        function = function.func
    return frozenset(names)


def _signature(function: Callable[..., Any]) -> inspect.Signature:
    if sys.version_info >= (3, 14):
        import annotationlib

        # Also where the name of a type is only there for type checkers.
        return inspect.signature(function, annotation_format=annotationlib.Format.FORWARDREF)
    return inspect.signature(function)


def _globals(function: Any) -> dict[str, Any]:
    """Where the names in a function's annotations are looked up."""
    function = without_partials(function)
    function = inspect.unwrap(getattr(function, "__func__", function))
    if not hasattr(function, "__globals__") and not inspect.isclass(function):
        function = inspect.unwrap(getattr(type(function), "__call__", function))  # noqa: B004
    module = sys.modules.get(getattr(function, "__module__", ""))
    found: dict[str, Any] = getattr(function, "__globals__", vars(module) if module else {})
    return found


def _evaluated(annotation: Any, names: dict[str, Any]) -> Any:
    """One annotation alone: what others cannot be read for, the result's for one, is not asked."""
    holder = types.FunctionType((lambda: None).__code__, names)
    holder.__annotations__ = {"it": annotation}
    return typing.get_type_hints(holder, include_extras=True)["it"]


def _takes(hint: Any, context: type) -> bool:
    """Whether it is this class, or one of a union with it."""
    hint = bare(hint)
    is_union = get_origin(hint) in (Union, types.UnionType)
    return hint is context or (is_union and any(_takes(one, context) for one in get_args(hint)))
