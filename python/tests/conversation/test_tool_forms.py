"""Tools in the forms in which programs have them: methods, odd hints and defaults, other words."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Optional

import pytest

from opencode.conversation import Conversation, Reply, Tool, ToolContext, ToolResultChunk, tool
from opencode.errors import InvalidArgumentError
from tests.conversation.conftest import Begin

if TYPE_CHECKING:
    from nowhere import Frame  # type: ignore[import-not-found]


def results(conversation: Conversation) -> list[ToolResultChunk]:
    chunks = list(conversation.message("Go."))
    return [chunk for chunk in chunks if isinstance(chunk, ToolResultChunk)]


class Till:
    def __init__(self, total: int) -> None:
        self.total = total

    @tool
    def add(self, amount: int, times: int = 1) -> int:
        """Adds to the total.

        Args:
            amount: How much.
        """
        self.total += amount * times
        return self.total

    @tool(name="drop", description="Empties it.", parameters={"type": "object"})
    async def clear(self) -> int:
        self.total = 0
        return self.total

    @staticmethod
    @tool
    def currency() -> str:
        return "EUR"

    @classmethod
    @tool
    def kind(cls, loud: bool = False) -> str:
        return cls.__name__.upper() if loud else cls.__name__

    by_hand = Tool("by_hand", "", {"type": "object"}, lambda params: len(params))


def test_a_method_is_a_tool_of_its_object(begin: Begin) -> None:
    till, other = Till(5), Till(100)
    assert list(till.add.parameters["properties"]) == ["amount", "times"]
    assert till.add.parameters["properties"]["amount"]["description"] == "How much."
    assert till.add.parameters["required"] == ["amount"]
    assert (till.add(1), other.add(1), Till.add(till, 1)) == (6, 101, 7)
    assert (till.clear.name, till.clear.description) == ("drop", "Empties it.")
    calls = [("add", {"amount": 2, "times": 3}), ("currency", {}), ("kind", {"loud": True})]
    tools = [till.add, till.currency, till.kind, till.clear, till.by_hand]
    talk = begin([Reply(calls=calls), Reply(calls=[("drop", {})]), "Done."], tools=tools)
    said = {one.tool: (one.result, one.error) for one in results(talk.conversation)}
    assert said == {
        "add": (13, None),
        "currency": ("EUR", None),
        "kind": ("TILL", None),
        "drop": (0, None),
    }
    assert other.total == 101


def test_a_registered_function_is_described_in_the_words_given_with_it(begin: Begin) -> None:
    def greet(name: str) -> str:
        """Greets."""
        return f"Hello, {name}."

    schema = {"type": "object", "properties": {"name": {"enum": ["Ann"]}}, "required": ["name"]}
    talk = begin([Reply(calls=[("greet", {"name": "Ann"}), ("greet", {"name": "Bo"})]), "Done."])
    made = talk.conversation.register_tool(greet, "Greets somebody.", schema)
    assert (made.description, made.parameters) == ("Greets somebody.", schema)
    assert {one.result for one in results(talk.conversation)} == {"Hello, Ann.", None}
    (spec,) = talk.model.asked[0]["tools"]
    assert (spec["description"], spec["parameters"]) == ("Greets somebody.", schema)

    known = tool(greet)
    assert talk.conversation.register_tool(known, "Says hello.").description == "Says hello."
    assert known.description == "Greets."
    assert talk.conversation.register_tool(known) is known
    with pytest.raises(InvalidArgumentError, match="handler"):
        talk.conversation.register_tool(greet, handler=lambda _: None)


class Shown:
    """Shown as itself, as an odd default may be."""


def finite(value: float = float("inf"), low: float = float("nan")) -> None: ...
def small(value: int = 2**70) -> None: ...
def clean(value: str = "\ud800") -> None: ...
def nested(value: dict[str, float] = {"a": float("inf")}) -> None: ...  # noqa: B006
def odd(value: Any = Shown()) -> None: ...  # noqa: B008


@pytest.mark.parametrize("function", [finite, small, clean, nested, odd])
def test_a_default_that_is_no_json_is_left_out(begin: Begin, function: Callable[..., None]) -> None:
    talk = begin(["Done."], tools=[function])
    talk.conversation.message("Go.").text()
    ((spec,),) = (asked["tools"] for asked in talk.model.asked)
    assert "default" not in spec["parameters"]["properties"]["value"]
    assert spec["parameters"]["required"] == []


def test_what_a_tool_gives_need_not_be_readable(begin: Begin) -> None:
    def table(rows: int) -> Frame:
        return [rows]

    assert list(tool(table).parameters["properties"]) == ["rows"]
    (one,) = results(begin([Reply(calls=[("table", {"rows": 2})]), "Done."], tools=[table])[0])
    assert one.result == [2]


def test_a_tool_may_do_without_its_context(begin: Begin) -> None:
    def plain(context: ToolContext | None = None) -> str:
        return context.session_id if context else "alone"

    def old(context: Optional[ToolContext] = None) -> str:  # noqa: UP045
        return context.session_id if context else "alone"

    @tool(parameters={"type": "object"})
    def odd(frame: Frame, context: ToolContext) -> str:
        return context.session_id

    assert plain() == "alone"
    assert tool(plain).parameters["properties"] == tool(old).parameters["properties"] == {}
    calls = [("plain", {}), ("old", {}), ("odd", {"frame": 1})]
    talk = begin([Reply(calls=calls), "Done."], tools=[plain, old, odd])
    assert {one.result for one in results(talk.conversation)} == {talk.conversation.id}


def test_a_parameter_that_is_missing_is_told_to_the_model(begin: Begin) -> None:
    @tool(parameters={"type": "object"})
    def show(value: Any, /) -> str:
        return repr(value)

    (one,) = results(begin([Reply(calls=[("show", {})]), "Done."], tools=[show]).conversation)
    assert one.error is not None
    assert "'value'" in one.error


def test_a_decorated_function_is_read_where_it_was_written() -> None:
    assert list(tool(functools.lru_cache(finite)).parameters["properties"]) == ["value", "low"]
    assert tool(functools.lru_cache(finite)).name == "finite"
