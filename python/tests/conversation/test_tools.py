"""Tools of the program: called, refused, failing, hanging, agreed to."""

from __future__ import annotations

import asyncio
import contextvars
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from opencode.conversation import (
    ApprovalRequest,
    Conversation,
    Reply,
    Tool,
    ToolContext,
    ToolResultChunk,
    _work,
    tool,
)
from opencode.errors import InvalidArgumentError, ToolError
from tests.conversation.conftest import Begin


def called(*calls: tuple[str, Any]) -> list[str | Reply]:
    return [Reply(calls=calls), "Well."]


def results(conversation: Conversation, said: str = "Go.") -> list[ToolResultChunk]:
    chunks = list(conversation.message(said))
    return [chunk for chunk in chunks if isinstance(chunk, ToolResultChunk)]


def result(conversation: Conversation) -> ToolResultChunk:
    (only,) = results(conversation)
    return only


def test_a_plain_function_is_a_tool(begin: Begin) -> None:
    def greet(name: str, loudly: bool = False) -> str:
        """Greets somebody."""
        return f"Hello, {name}{'!' if loudly else '.'}"

    talk = begin(called(("greet", {"name": "Ann", "loudly": True})), tools=[greet])
    assert result(talk.conversation).result == "Hello, Ann!"
    (spec,) = talk.model.asked[0]["tools"]
    assert (spec["name"], spec["description"]) == ("greet", "Greets somebody.")
    assert talk.model.asked[1]["messages"][-1]["content"] == "Hello, Ann!"
    assert talk.conversation.session.tool_history[0].tool_name == "greet"


def test_what_a_model_does_wrong_is_told_to_it_and_runs_nothing(begin: Begin) -> None:
    ran = []

    def add(a: int, b: int) -> int:
        ran.append((a, b))
        return a + b

    wrong = [("nope", {}), ("add", {"a": "one", "b": 2}), ("add", {"a": 1}), ("add", '{"a": 1,')]
    talk = begin(called(*wrong, ("add", {"a": 1, "b": 2, "c": 3})), tools=[add])
    errors = [one.error or "" for one in results(talk.conversation)]
    assert len(errors) == 5
    assert all(errors)
    assert any("there are: add" in error for error in errors)
    assert ran == []


def test_a_tool_that_raises_is_told_to_the_model(begin: Begin) -> None:
    def fail() -> None:
        raise LookupError("no such thing: \ud800")

    async def fail_too() -> None:
        raise ValueError

    talk = begin(called(("fail", {}), ("fail_too", {})), tools=[fail, fail_too])
    errors = sorted(one.error or "" for one in results(talk.conversation))
    assert errors == ["LookupError: no such thing: ?", "ValueError"]


def test_a_failing_tool_ends_the_turn_when_that_is_wanted(begin: Begin) -> None:
    def fail() -> None:
        raise LookupError("no such thing")

    talk = begin([*called(("fail", {}))], tools=[fail], tool_errors="raise")
    with pytest.raises(ToolError, match="no such thing") as caught:
        talk.conversation.message("Go.").text()
    assert caught.value.code == "TOOL_ERROR"
    assert talk.conversation.message("Go on.").text() == "Well."


def test_functions_run_side_by_side_on_threads_of_their_own(begin: Begin) -> None:
    meet = threading.Barrier(2)

    def wait_for_the_other() -> bool:
        meet.wait(10)
        return threading.current_thread() is not threading.main_thread()

    calls: list[tuple[str, Any]] = [("wait_for_the_other", {})] * 2
    talk = begin(called(*calls), tools=[wait_for_the_other])
    assert [one.result for one in results(talk.conversation)] == [True, True]


async def test_coroutines_run_on_the_loop_that_speaks_and_see_its_context(begin: Begin) -> None:
    who = contextvars.ContextVar("who", default="nobody")

    async def ask() -> list[Any]:
        await asyncio.sleep(0)
        return [asyncio.get_running_loop() is loop, who.get()]

    def ask_too() -> list[Any]:
        return [True, who.get()]

    loop = asyncio.get_running_loop()
    talk = begin(called(("ask", {}), ("ask_too", {})), tools=[ask, ask_too])
    who.set("Ann")
    chunks = [chunk async for chunk in talk.conversation.message("Go.")]
    results = [one.result for one in chunks if isinstance(one, ToolResultChunk)]
    assert results == [[True, "Ann"]] * 2


def test_coroutines_run_without_a_loop(begin: Begin) -> None:
    async def ask() -> str:
        await asyncio.sleep(0)
        return "answer"

    assert result(begin(called(("ask", {})), tools=[ask]).conversation).result == "answer"


async def test_waiting_on_the_loops_own_thread_does_not_hang(begin: Begin) -> None:
    """As a notebook does it."""

    async def ask() -> str:
        await asyncio.sleep(0)
        return "answer"

    talk = begin([*called(("ask", {})), *called(("ask", {}))], tools=[ask])
    assert result(talk.conversation).result == "answer"
    stream = talk.conversation.message("Again, and too late for the loop.")
    while asyncio.get_running_loop() not in _work._unbegun:
        time.sleep(0.001)
    assert stream.text() == "Well."


def test_a_hanging_tool_is_given_up(begin: Begin) -> None:
    gone = threading.Event()
    released = threading.Event()

    async def hang() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            gone.set()

    def hang_too(context: ToolContext) -> None:
        assert context.cancelled.wait(10)
        released.set()

    talk = begin(called(("hang", {}), ("hang_too", {})), tools=[hang, hang_too], tool_timeout=0.05)
    errors = [one.error or "" for one in results(talk.conversation)]
    assert all("took longer than" in error for error in errors), errors
    assert gone.wait(10)
    assert released.wait(10)


def test_ending_a_turn_stops_its_tools(begin: Begin) -> None:
    begun, gone = threading.Event(), threading.Event()

    async def hang() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            gone.set()

    talk = begin([*called(("hang", {}))], tools=[hang])
    with talk.conversation.message("Go."):
        assert begun.wait(10)
    assert gone.wait(10)
    closed = talk.conversation.get_messages()[-1]
    assert "ended before this call was finished" in closed.content
    assert talk.conversation.message("Go on.").text() == "Well."


def test_a_tool_knows_where_and_for_whom_it_runs(begin: Begin, tmp_path: Path) -> None:
    seen: list[ToolContext] = []

    @tool
    def look(context: ToolContext, deep: bool = False) -> bool:
        seen.append(context)
        return deep

    assert list(look.parameters["properties"]) == ["deep"]
    talk = begin(called(("look", {"deep": True})), tools=[look], working_dir=tmp_path)
    one = result(talk.conversation)
    assert one.result is True
    assert (seen[0].session_id, seen[0].call_id) == (talk.conversation.id, one.id)
    assert Path(seen[0].working_dir) == tmp_path
    assert not seen[0].cancelled.is_set()


def test_a_tool_can_speak_with_another_conversation(begin: Begin) -> None:
    inner = begin(["42"]).conversation

    def ask_another(question: str) -> str:
        return inner.message(question).text()

    call = ("ask_another", {"question": "What is it?"})
    assert result(begin(called(call), tools=[ask_another]).conversation).result == "42"


@dataclass
class Found:
    path: Path
    line: int


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (None, None),
        ({"a": [1, 2.5, True]}, {"a": [1, 2.5, True]}),
        ((1, 2), [1, 2]),
        ([Found(Path("a/b"), 3)], [{"path": "a/b", "line": 3}]),
        ({1: "one"}, {"1": "one"}),
    ],
)
def test_a_result_is_plain_data(begin: Begin, given: Any, told: Any) -> None:
    def give() -> Any:
        return given

    assert result(begin(called(("give", {})), tools=[give]).conversation).result == told


@pytest.mark.parametrize(
    "given", [object(), "\ud800", float("nan"), b"bytes", {("a",): 1}, 1 << 70]
)
def test_a_result_that_is_no_data_is_an_error(begin: Begin, given: Any) -> None:
    def give() -> Any:
        return given

    one = result(begin(called(("give", {})), tools=[give]).conversation)
    assert one.error


def test_a_tool_is_registered_by_hand(begin: Begin) -> None:
    talk = begin(["None.", *called(("custom_tool", {"param": "x"}))])
    talk.conversation.message("Tools?").text()

    async def handler(params: dict[str, Any]) -> dict[str, Any]:
        return {"result": params["param"]}

    schema = {"type": "object", "properties": {"param": {"type": "string"}}}
    talk.conversation.register_tool("custom_tool", "Does something.", schema, handler)
    assert result(talk.conversation).result == {"result": "x"}
    assert talk.model.asked[0]["tools"] == []
    assert talk.model.asked[1]["tools"][0]["parameters"] == schema
    assert talk.conversation.state.tools == ("custom_tool",)


def test_a_registered_tool_takes_the_place_of_one_of_its_name(begin: Begin) -> None:
    @tool(name="say", description="Says b.")
    def other() -> str:
        return "b"

    talk = begin(called(("say", {})), tools=[Tool("say", "", {"type": "object"}, lambda _: "a")])
    assert talk.conversation.register_tool(other) is other
    assert result(talk.conversation).result == "b"


@pytest.mark.parametrize(
    "wrong",
    [
        [5],
        ["nope"],
        ["read", "read"],
        [Tool("a b", "", {"type": "object"}, print)],
        [Tool("a", "", {"type": "no such"}, print)],
        [Tool("\ud800", "", {"type": "object"}, print)],
    ],
)
def test_what_is_no_tool_is_refused_before_anything_is_stored(begin: Begin, wrong: Any) -> None:
    with pytest.raises((InvalidArgumentError, TypeError)):
        begin([], tools=wrong)
    assert Conversation.list() == []


def test_a_tool_without_a_handler_is_refused(begin: Begin) -> None:
    with pytest.raises(InvalidArgumentError, match="cannot be called"):
        begin([]).conversation.register_tool("a", "", {"type": "object"})


def writes(path: Path) -> list[str | Reply]:
    return called(("write", {"filePath": str(path / "a.txt"), "content": "hello"}))


def test_without_anybody_to_ask_a_dangerous_tool_is_refused(begin: Begin, tmp_path: Path) -> None:
    talk = begin(writes(tmp_path), tools=["write"], working_dir=tmp_path)
    assert "nobody to ask" in (result(talk.conversation).error or "")
    assert not (tmp_path / "a.txt").exists()


def yes(request: ApprovalRequest) -> bool:
    assert (request.tool, request.params["content"]) == ("write", "hello")
    assert request.reason
    return True


async def yes_later(request: ApprovalRequest) -> bool:
    await asyncio.sleep(0)
    return yes(request)


def no(_: ApprovalRequest) -> bool:
    return False


def fails(_: ApprovalRequest) -> bool:
    raise ZeroDivisionError


def says_nothing(_: ApprovalRequest) -> Any:
    return "yes"


@pytest.mark.parametrize("approve", [yes, yes_later])
def test_what_is_agreed_to_is_done(
    begin: Begin, tmp_path: Path, approve: Callable[..., Any]
) -> None:
    talk = begin(writes(tmp_path), tools=["write"], working_dir=tmp_path, approve=approve)
    one = result(talk.conversation)
    assert one.error is None
    assert (tmp_path / "a.txt").read_text() == "hello"


@pytest.mark.parametrize("approve", [no, fails, says_nothing])
def test_what_is_not_agreed_to_is_not_done(
    begin: Begin, tmp_path: Path, approve: Callable[..., Any]
) -> None:
    talk = begin(writes(tmp_path), tools=["write"], working_dir=tmp_path, approve=approve)
    assert "refused" in (result(talk.conversation).error or "")
    assert not (tmp_path / "a.txt").exists()
