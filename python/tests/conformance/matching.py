"""Whether a result is what a case expects: tests/conformance/README.md has the rules."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

_TYPES: dict[str, Callable[[Any], bool]] = {
    "null": lambda value: value is None,
    "boolean": lambda value: isinstance(value, bool),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "number": lambda value: isinstance(value, (int, float)) and not isinstance(value, bool),
    "string": lambda value: isinstance(value, str),
    "array": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, dict),
}


class Mismatch(AssertionError):
    """A result is not what was expected; the message says where."""


def match(expected: Any, actual: Any, at: str = "result") -> None:
    """Raises ``Mismatch`` unless ``actual``, in canonical form, is what was expected."""
    if isinstance(expected, dict):
        matchers = [key for key in expected if key.startswith("$")]
        if matchers:
            for key in matchers:
                _MATCHERS[key](expected[key], actual, at)
            return
        _check(isinstance(actual, dict), expected, actual, at)
        for key, value in expected.items():
            if isinstance(value, dict) and value.get("$absent"):
                _check(key not in actual, "nothing", actual.get(key), f"{at}.{key}")
                continue
            _check(key in actual, value, "nothing", f"{at}.{key}")
            match(value, actual[key], f"{at}.{key}")
    elif isinstance(expected, list):
        _check(isinstance(actual, list), expected, actual, at)
        _check(len(expected) == len(actual), expected, actual, at)
        for i, (one, found) in enumerate(zip(expected, actual, strict=True)):
            match(one, found, f"{at}[{i}]")
    else:
        # `True == 1` in Python only.
        same = isinstance(expected, bool) == isinstance(actual, bool) and expected == actual
        _check(same, expected, actual, at)


def matches(expected: Any, actual: Any) -> bool:
    try:
        match(expected, actual)
    except Mismatch:
        return False
    return True


def _check(holds: bool, expected: Any, actual: Any, at: str) -> None:
    if not holds:
        raise Mismatch(f"{at}: expected {expected!r}, got {actual!r}")


def _type(name: str, actual: Any, at: str) -> None:
    _check(_TYPES[name](actual), f"a value of type {name}", actual, at)


def _match(pattern: str, actual: Any, at: str) -> None:
    holds = isinstance(actual, str) and re.search(pattern, actual) is not None
    _check(holds, f"/{pattern}/", actual, at)


def _len(expected: Any, actual: Any, at: str) -> None:
    _check(isinstance(actual, (str, list, dict)), "something with a length", actual, at)
    match(expected, len(actual), f"{at}.length")


def _contains(expected: Any, actual: Any, at: str) -> None:
    if isinstance(actual, str):
        holds = expected in actual
    else:
        holds = isinstance(actual, list) and any(matches(expected, one) for one in actual)
    _check(holds, f"something with {expected!r}", actual, at)


def _not(expected: Any, actual: Any, at: str) -> None:
    _check(not matches(expected, actual), f"not {expected!r}", actual, at)


def _all(expected: list[Any], actual: Any, at: str) -> None:
    for one in expected:
        match(one, actual, at)


def _exact(expected: Any, actual: Any, at: str) -> None:
    _check(_same(expected, actual), expected, actual, at)


def _same(a: Any, b: Any) -> bool:
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(_same(a[key], b[key]) for key in a)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(_same, a, b))
    return isinstance(a, bool) == isinstance(b, bool) and bool(a == b)


def _unordered(expected: list[Any], actual: Any, at: str) -> None:
    _check(isinstance(actual, list) and len(actual) == len(expected), expected, actual, at)
    left = list(actual)
    for one in expected:
        found = next((i for i, value in enumerate(left) if matches(one, value)), None)
        _check(found is not None, one, left, at)
        del left[found or 0]


def _at_least(expected: float, actual: Any, at: str) -> None:
    _type("number", actual, at)
    _check(actual >= expected, f"{expected} or more", actual, at)


def _time(expected: str, actual: Any, at: str) -> None:
    _type("string", actual, at)
    apart = abs((_moment(expected) - _moment(actual)).total_seconds())
    _check(apart < 0.001, expected, actual, at)


def _moment(text: str) -> datetime:
    # Python 3.10 knows no "Z" and only three or six digits behind the point.
    text = re.sub(r"\.(\d+)", lambda digits: "." + digits[1][:6].ljust(6, "0"), text)
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def _absent(_: Any, actual: Any, at: str) -> None:
    raise Mismatch(f"{at}: $absent stands for a field of an object, got {actual!r}")


_MATCHERS: dict[str, Callable[[Any, Any, str], None]] = {
    "$absent": _absent,
    "$all": _all,
    "$at_least": _at_least,
    "$contains": _contains,
    "$exact": _exact,
    "$len": _len,
    "$match": _match,
    "$not": _not,
    "$time": _time,
    "$type": _type,
    "$unordered": _unordered,
}
