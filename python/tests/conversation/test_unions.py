"""Of a union, the member that fits is what the function gets."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal, Optional, TypedDict, Union

import pytest

from opencode.conversation import Reply, ToolResultChunk, tool
from tests.conversation.conftest import Begin


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


@dataclass
class Point:
    x: float
    y: float = 0.0


@dataclass
class Cat:
    kind: Literal["cat"]
    name: str


@dataclass
class Dog:
    kind: Literal["dog"]
    name: str


@dataclass
class Counted:
    x: int


@dataclass
class Named:
    x: str


@dataclass
class Even:
    n: int

    def __post_init__(self) -> None:
        if self.n % 2:
            raise ValueError("it is odd")


@dataclass
class Odd:
    n: int


@dataclass
class Owner:
    pets: list[Cat | Dog] = field(default_factory=list)


class Deep(TypedDict):
    where: Path


class Flat(TypedDict):
    where: int


CASES: list[tuple[Any, Any, Any]] = [
    (Colour | Point | date | int | str, "red", Colour.RED),
    (Colour | Point | date | int | str, {"x": 1}, Point(1.0)),
    (Colour | Point | date | int | str, "2026-01-02", date(2026, 1, 2)),
    (Colour | Point | date | int | str, 5, 5),
    (Colour | Point | date | int | str, "other", "other"),
    (Cat | Dog, {"kind": "dog", "name": "Rex"}, Dog("dog", "Rex")),
    (list[Cat | Dog], [{"kind": "dog", "name": "Rex"}], [Dog("dog", "Rex")]),
    (Owner | None, {"pets": [{"kind": "dog", "name": "R"}]}, Owner([Dog("dog", "R")])),
    (Counted | Named, {"x": "t"}, Named("t")),
    (Even | Odd, {"n": 3}, Odd(3)),
    (Flat | Deep, {"where": "a"}, {"where": Path("a")}),
    (Optional[tuple[int, str]], [1, "a"], (1, "a")),  # noqa: UP045
    (tuple[int, str] | tuple[str, int], ["a", 1], ("a", 1)),
    (tuple[int, int] | tuple[int, ...], [1, 2, 3], (1, 2, 3)),
    (Union[Annotated[list[Path], "files"], None], ["a"], [Path("a")]),  # noqa: UP007
    (set[Path] | None, ["a"], {Path("a")}),
    (dict[str, int] | dict[str, Path], {"a": "b"}, {"a": Path("b")}),
    (Literal[Colour.RED] | int, "red", Colour.RED),
    (Literal[1, "a"] | bool, True, True),
    (bool | int, 1, 1),
    (int | float, 3.5, 3.5),
    (float | int, 3, 3),
    (float | None, 3, 3.0),
]


@pytest.mark.parametrize(("hint", "given", "got"), CASES)
def test_the_member_that_fits_is_made(begin: Begin, hint: Any, given: Any, got: Any) -> None:
    seen: list[Any] = []

    def take(value):  # type: ignore[no-untyped-def]
        seen.append(value)

    take.__annotations__ = {"value": hint}
    talk = begin([Reply(calls=[("take", {"value": given})]), "Done."], tools=[take])
    talk.conversation.message("Go.").text()
    assert seen == [got]
    assert type(seen[0]) is type(got)


def test_what_fits_no_member_is_told_to_the_model(begin: Begin) -> None:
    ran: list[Any] = []

    def take(when: date | int) -> None:
        ran.append(when)

    talk = begin([Reply(calls=[("take", {"when": "some day"})]), "Done."], tools=[take])
    chunks = list(talk.conversation.message("Go."))
    (result,) = [chunk for chunk in chunks if isinstance(chunk, ToolResultChunk)]
    assert "'some day'" in (result.error or "")
    assert ran == []


def test_with_a_schema_by_hand_what_does_not_fit_a_hint_arrives_as_it_is(begin: Begin) -> None:
    seen: list[Any] = []

    @tool(parameters={"type": "object"})
    def take(when: date, count: int) -> None:
        seen.extend([when, count])

    calls = [("take", {"when": "2026-01-02", "count": "many"})]
    talk = begin([Reply(calls=calls), "Done."], tools=[take])
    talk.conversation.message("Go.").text()
    assert seen == [date(2026, 1, 2), "many"]
