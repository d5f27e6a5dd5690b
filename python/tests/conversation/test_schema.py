"""From a function's signature to a JSON Schema, and back to its arguments."""

from __future__ import annotations

import enum
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timezone
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal, NewType, Optional, TypedDict, Union

import pytest
from typing_extensions import NotRequired

from opencode.conversation import Reply, tool
from opencode.errors import InvalidArgumentError
from tests.conversation.conftest import Begin


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


@dataclass
class Point:
    """A place.

    Attributes:
        x: To the right.
    """

    x: float
    y: float = 0.0
    tags: list[str] = field(default_factory=list)


UserId = NewType("UserId", str)


class Options(TypedDict):
    deep: bool
    limit: NotRequired[int]


@dataclass
class Node:
    next: Node | None


STRING, INTEGER = {"type": "string"}, {"type": "integer"}
CASES: list[tuple[Any, dict[str, Any], Any, Any]] = [
    (int, INTEGER, 3, 3),
    (float, {"type": "number"}, 3, 3.0),
    (str, STRING, "a", "a"),
    (bool, {"type": "boolean"}, True, True),
    (None, {"type": "null"}, None, None),
    (Any, {}, [1], [1]),
    (list, {"type": "array", "items": {}}, [1, "a"], [1, "a"]),
    (list[int], {"type": "array", "items": INTEGER}, [1], [1]),
    (Sequence[str], {"type": "array", "items": STRING}, ["a"], ["a"]),
    (set[int], {"type": "array", "items": INTEGER, "uniqueItems": True}, [1, 2], {1, 2}),
    (tuple[int, ...], {"type": "array", "items": INTEGER}, [1, 2], (1, 2)),
    (dict[str, int], {"type": "object", "additionalProperties": INTEGER}, {"a": 1}, {"a": 1}),
    (dict, {"type": "object", "additionalProperties": True}, {"a": 1}, {"a": 1}),
    (Optional[int], {"anyOf": [INTEGER, {"type": "null"}]}, None, None),  # noqa: UP045
    (Union[int, str], {"anyOf": [INTEGER, STRING]}, "a", "a"),  # noqa: UP007
    (int | None, {"anyOf": [INTEGER, {"type": "null"}]}, 1, 1),
    (Literal["a", "b"], {"type": "string", "enum": ["a", "b"]}, "b", "b"),
    (Literal["a", 1], {"enum": ["a", 1]}, 1, 1),
    (Colour, {"type": "string", "enum": ["red", "blue"]}, "red", Colour.RED),
    (Annotated[int, "how many"], {**INTEGER, "description": "how many"}, 1, 1),
    (date, {**STRING, "format": "date"}, "2026-01-02", date(2026, 1, 2)),
    (
        datetime,
        {**STRING, "format": "date-time"},
        "2026-01-02T03:04:05Z",
        datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc),
    ),
    (Path, STRING, "a/b", Path("a/b")),
    (UserId, STRING, "u1", "u1"),
    (
        tuple[Path, int],
        {"type": "array", "prefixItems": [STRING, INTEGER], "minItems": 2, "maxItems": 2},
        ["a", 1],
        (Path("a"), 1),
    ),
    (Literal[Colour.RED], {**STRING, "enum": ["red"]}, "red", Colour.RED),
    (Decimal, STRING, "1.5", Decimal("1.5")),
    (
        Options,
        {
            "type": "object",
            "properties": {"deep": {"type": "boolean"}, "limit": INTEGER},
            "required": ["deep"],
            "additionalProperties": False,
        },
        {"deep": True},
        {"deep": True},
    ),
    (
        Point,
        {
            "type": "object",
            "properties": {
                "x": {"type": "number", "description": "To the right."},
                "y": {"type": "number"},
                "tags": {"type": "array", "items": STRING},
            },
            "required": ["x"],
            "additionalProperties": False,
        },
        {"x": 1, "tags": ["a"]},
        Point(1.0, tags=["a"]),
    ),
]


@pytest.mark.parametrize(("hint", "schema", "given", "got"), CASES, ids=[str(c[0]) for c in CASES])
def test_a_hint_makes_a_schema_and_its_values_arrive_as_hinted(
    begin: Begin, hint: Any, schema: dict[str, Any], given: Any, got: Any
) -> None:
    seen: list[Any] = []

    def take(value):  # type: ignore[no-untyped-def]
        seen.append(value)

    take.__annotations__ = {"value": hint}
    made = tool(take)
    assert made.parameters["properties"]["value"] == schema
    talk = begin([Reply(calls=[("take", {"value": given})]), "Done."], tools=[made])
    talk.conversation.message("Go.").text()
    assert talk.conversation.session.tool_history[0].error is None
    assert seen == [got]
    assert type(seen[0]) is type(got)


def test_defaults_keywords_and_positional_parameters(begin: Begin) -> None:
    seen: list[Any] = []

    def take(
        a: int, b: str = "x", /, c: Colour = Colour.BLUE, *, d: object = print, **more: int
    ) -> None:
        seen.append((a, b, c, more))

    made = tool(take)
    assert made.parameters["required"] == ["a"]
    properties = made.parameters["properties"]
    assert (properties["b"]["default"], properties["c"]["default"]) == ("x", "blue")
    assert "default" not in properties["d"]
    assert made.parameters["additionalProperties"] is True
    calls = [("take", {"a": 1}), ("take", {"a": 1, "b": "y", "c": "red", "e": 5})]
    talk = begin([Reply(calls=calls), "Done."], tools=[made])
    talk.conversation.message("Go.").text()
    assert sorted(seen, key=str) == [
        (1, "x", Colour.BLUE, {}),
        (1, "y", Colour.RED, {"e": 5}),
    ]


def test_methods_and_partials_and_callables_are_tools() -> None:
    class Shop:
        def price(self, item: str) -> int:
            """Tells a price."""
            return len(item)

        async def __call__(self, item: str) -> int:
            return len(item)

    assert list(tool(Shop().price).parameters["properties"]) == ["item"]
    bought = tool(name="buy")(Shop())
    assert (bought.name, list(bought.parameters["properties"])) == ("buy", ["item"])


def search(query: str, limit: int = 3, *, api_key: str) -> str:
    """Searches.

    Args:
        query: What for.
    """
    return f"{query} {limit} {api_key}"


def test_what_a_partial_has_bound_is_no_models_to_see_or_to_set(begin: Begin) -> None:
    def anything(first: str, **more: str) -> str:
        return f"{first} {sorted(more.items())}"

    made = tool(partial(partial(search, api_key="SECRET"), limit=5))
    assert (made.name, made.description) == ("search", "Searches.")
    assert made.parameters["properties"] == {"query": {**STRING, "description": "What for."}}
    calls = [
        ("search", {"query": "x"}),
        ("anything", {"api_key": "mine", "b": "c"}),
    ]
    tools = [made, partial(anything, "a", api_key="SECRET")]
    talk = begin([Reply(calls=calls), "Done."], tools=tools)
    talk.conversation.message("Go.").text()
    said = {one.tool_name: one.result for one in talk.conversation.session.tool_history}
    assert said["search"] == "x 5 SECRET"
    assert said["anything"] == "a [('api_key', 'SECRET'), ('b', 'c')]"
    assert "SECRET" not in str(talk.model.asked[0])


def test_a_partial_that_is_refused_keeps_its_secret() -> None:
    def odd(value: bytes, *, api_key: str) -> None: ...
    def many(*values: int, api_key: str) -> None: ...

    for function in (odd, many):
        with pytest.raises(InvalidArgumentError) as caught:
            tool(partial(function, api_key="SECRET"))
        assert "SECRET" not in str(caught.value)


def test_a_partial_may_say_itself_what_it_is() -> None:
    mine = partial(search, api_key="SECRET")
    mine.__doc__ = "Searches my things."
    assert tool(name="mine")(mine).description == "Searches my things."
    assert tool(partial(search, "cats")).parameters["required"] == ["api_key"]


def test_what_no_schema_is_made_of_is_refused_by_name() -> None:
    def odd(value: bytes) -> None: ...
    def inner(values: list[complex]) -> None: ...
    def keys(values: dict[int, str]) -> None: ...
    def recursive(value: Node) -> None: ...
    def unknown(value: Nowhere) -> None: ...  # type: ignore[name-defined]  # noqa: F821
    def many(*values: int) -> None: ...

    refused: list[tuple[Callable[..., None], str]] = [
        (odd, "'value'.*bytes"),
        (inner, "'values'.*complex"),
        (keys, "'values'"),
        (recursive, "Node holds itself"),
        (unknown, "Nowhere"),
        (many, r"\*arguments"),
    ]
    for function, named in refused:
        with pytest.raises(InvalidArgumentError, match=named):
            tool(function)
    made = tool(parameters={"type": "object", "properties": {"value": {}}})(unknown)
    assert made.parameters["properties"] == {"value": {}}
    with pytest.raises(InvalidArgumentError):
        tool(5)  # type: ignore[call-overload]
