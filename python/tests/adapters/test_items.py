"""Items of every kind come back equal, and read well as messages of a session."""

from pathlib import Path
from typing import Any

import pytest

from opencode.adapters.openai_agents import OpencodeSession
from opencode.sessions import InvalidArgumentError, SessionManager, SessionMessage, SessionStorage

PNG = "data:image/png;base64,AAAA"
Item = dict[str, Any]


def text(said: str) -> Any:
    part = {"type": "output_text", "text": said, "annotations": [], "logprobs": []}
    message = {"id": f"msg_{said}", "type": "message", "role": "assistant", "status": "completed"}
    return {**message, "content": [part]}


def call(number: str) -> Any:
    name = {"call_id": number, "name": "read", "arguments": '{"path": "a.py"}'}
    return {"id": f"fc_{number}", "type": "function_call", **name, "status": "completed"}


def result(number: str, output: Any = "42") -> Any:
    return {"type": "function_call_output", "call_id": number, "output": output}


THOUGHT: Any = {
    "id": "rs_1",
    "type": "reasoning",
    "summary": [{"type": "summary_text", "text": "The file has it."}],
    "encrypted_content": "gAAA",
}
KINDS: dict[str, Item] = {
    "what a user said": {"role": "user", "content": "Hello"},
    "a message with its type": {"type": "message", "role": "user", "content": "Hello"},
    "a system message": {"role": "system", "content": "Be brief."},
    "a developer message": {"role": "developer", "content": "Be brief."},
    "text and an image": {
        "role": "user",
        "content": [
            {"type": "input_text", "text": "What is this?"},
            {"type": "input_image", "image_url": PNG, "detail": "auto"},
        ],
    },
    "a file and a sound": {
        "role": "user",
        "content": [
            {"type": "input_file", "file_data": "data:text/csv;base64,AAAA", "filename": "a.csv"},
            {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}},
        ],
    },
    "an answer": text("Done."),
    "an answer without an id": {"role": "assistant", "content": "Done."},
    "an empty answer": {"role": "assistant", "content": ""},
    "a refusal": {
        "id": "msg_2",
        "type": "message",
        "role": "assistant",
        "status": "completed",
        "content": [{"type": "refusal", "refusal": "I would rather not."}],
    },
    "reasoning": THOUGHT,
    "reasoning without a summary": {"id": "rs_2", "type": "reasoning", "summary": []},
    "a call": call("1"),
    "a call that is no JSON": {**call("1"), "arguments": "{path"},
    "a result": result("1"),
    "a result with an image": result(
        "1", [{"type": "input_text", "text": "a"}, {"type": "input_image", "image_url": PNG}]
    ),
    "a custom call": {"type": "custom_tool_call", "call_id": "1", "name": "sql", "input": "SELECT"},
    "a custom result": {"type": "custom_tool_call_output", "call_id": "1", "output": "none"},
    "a call of a computer": {
        "id": "cu_1",
        "type": "computer_call",
        "call_id": "1",
        "action": {"type": "click", "x": 1, "y": 2, "button": "left"},
        "pending_safety_checks": [],
        "status": "completed",
    },
    "what a computer shows": {
        "type": "computer_call_output",
        "call_id": "1",
        "output": {"type": "computer_screenshot", "image_url": PNG},
    },
    "a search of the model's own": {"id": "ws_1", "type": "web_search_call", "status": "completed"},
    "a compaction": {"type": "compaction", "encrypted_content": "gAAA"},
    "an item of a later version": {"type": "dream", "of": [1, 2.5, None, True, {"sheep": {}}]},
    "an item of no type": {"odd": 1},
    "odd content": {"role": "user", "content": ["a", None, {"type": "input_text", "text": 4}]},
    "odd reasoning": {"type": "reasoning", "summary": 5, "content": "x"},
}


@pytest.mark.parametrize("item", KINDS.values(), ids=KINDS)
async def test_an_item_comes_back_as_it_was(tmp_path: Path, item: Any) -> None:
    async with OpencodeSession("one", tmp_path) as session:
        await session.add_items([item])
        assert await session.get_items() == [item]
    async with OpencodeSession("one", tmp_path) as session:
        assert await session.get_items() == [item]
        assert await session.pop_item() == item
        assert await session.get_items() == []


async def test_a_long_history_is_read_from_its_end_and_taken_back_one_by_one(
    tmp_path: Path,
) -> None:
    items: list[Any] = [*KINDS.values(), *reversed(KINDS.values())]
    async with OpencodeSession("all", tmp_path) as session:
        await session.add_items(items)
        for limit in (0, 1, 2, 7, len(items), len(items) + 1):
            expected = items[-limit:] if limit else []
            assert await session.get_items(limit) == expected
        for last in range(len(items) - 1, -1, -1):
            assert await session.pop_item() == items[last]
            assert await session.get_items() == items[:last]
        assert await session.pop_item() is None
        assert session.session.message_count == 0


async def test_a_turn_reads_as_a_question_an_answer_with_its_calls_and_their_results(
    tmp_path: Path,
) -> None:
    calls = [call("1"), call("2")]
    turn: list[Any] = [THOUGHT, text("I will look."), *calls, result("1"), result("2", "43")]
    async with OpencodeSession("turn", tmp_path) as session:
        await session.add_items([{"role": "user", "content": "How many?"}])
        await session.add_items(turn)
        await session.add_items([text("42 and 43")])

        asked, said, first, second, answer = session.session.messages
    assert (asked.role, asked.content, asked.metadata) == ("user", "How many?", None)
    assert (said.role, said.content) == ("assistant", "I will look.")
    assert said.reasoning == [{"text": "The file has it."}]
    function = {"name": "read", "arguments": '{"path": "a.py"}'}
    assert said.tool_calls == [
        {"id": number, "type": "function", "function": function} for number in ("1", "2")
    ]
    assert [(m.role, m.tool_call_id, m.content) for m in (first, second)] == [
        ("tool", "1", "42"),
        ("tool", "2", "43"),
    ]
    assert (answer.role, answer.content) == ("assistant", "42 and 43")


async def test_answers_of_their_own_stay_messages_of_their_own(tmp_path: Path) -> None:
    async with OpencodeSession("two", tmp_path) as session:
        await session.add_items([text("One."), text("Two.")])
        assert [m.content for m in session.session.messages] == ["One.", "Two."]


async def test_taking_back_a_result_leaves_its_call(tmp_path: Path) -> None:
    async with OpencodeSession("undo", tmp_path) as session:
        await session.add_items([call("1"), call("2"), result("1")])
        assert await session.pop_item() == result("1")
        assert await session.get_items() == [call("1"), call("2")]
        assert await session.pop_item() == call("2")
        (left,) = session.session.messages
        assert [made["id"] for made in left.tool_calls or ()] == ["1"]


async def test_what_others_say_in_the_session_comes_out_as_items(manager: SessionManager) -> None:
    ours = manager.create(id="shared")
    called = {"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    image = {"type": "image_url", "image_url": {"url": PNG}}
    for message in (
        SessionMessage("system", "Be brief."),
        SessionMessage("user", "What is this?", parts=[image]),
        SessionMessage("assistant", "I will look.", tool_calls=[called], reasoning=[{"text": "?"}]),
        SessionMessage("tool", "a cat", tool_call_id="1"),
        SessionMessage("assistant", ""),
        SessionMessage.from_dict({"role": "reviewer", "content": "Fine."}),
    ):
        ours.add_message(message)
    async with OpencodeSession("shared", manager.storage) as session:
        said: Item = {"type": "input_text", "text": "What is this?"}
        expected: list[Item] = [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": [said, {"type": "input_image", "image_url": PNG}]},
            {"role": "assistant", "content": "I will look."},
            {"type": "function_call", "call_id": "1", "name": "f", "arguments": "{}"},
            {"type": "function_call_output", "call_id": "1", "output": "a cat"},
            {"role": "user", "content": "Fine."},
        ]
        assert await session.get_items() == expected
        for last in reversed(expected):
            assert await session.pop_item() == last


async def test_an_edited_message_says_what_it_was_edited_to(manager: SessionManager) -> None:
    async with OpencodeSession("edited", manager.storage) as session:
        await session.add_items([THOUGHT, text("Wrong."), call("1"), text("Kept.")])
        first = session.session.messages[0]
        session.session.edit_message(first.id, content="Right.")
        assert await session.get_items() == [
            {"role": "assistant", "content": "Right."},
            {key: value for key, value in call("1").items() if key not in ("id", "status")},
            text("Kept."),
        ]


async def test_what_an_agent_said_is_found_by_its_text(storage: SessionStorage) -> None:
    async with OpencodeSession("found", storage) as session:
        await session.add_items([text("The retry logic is in client.py.")])
    hits = SessionManager(storage).search_messages("retry logic")
    assert [(hit.session_id, hit.role) for hit in hits] == [("found", "assistant")]


@pytest.mark.parametrize(
    "items",
    [
        "Hello",
        None,
        {"role": "user", "content": "Hello"},
        ["Hello"],
        [None],
        [{"role": "user", "content": b"Hello"}],
        [{"type": "shell_call", "call_id": "1", "action": object()}],
        [{1: 2}],
        [{"n": float("nan")}],
        [{"n": 2**70}],
        [{"role": "user", "content": "\ud800"}],
    ],
    ids=repr,
)
async def test_what_cannot_be_kept_is_refused_and_nothing_is_stored(
    tmp_path: Path, items: Any
) -> None:
    good: Any = {"role": "user", "content": "Hello"}
    async with OpencodeSession("bad", tmp_path) as session:
        with pytest.raises(InvalidArgumentError):
            await session.add_items([good, *items] if isinstance(items, list) else items)
        assert await session.get_items() == []
