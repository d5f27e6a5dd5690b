"""Answers that break off or cannot be read: what was said is kept, and nothing is asked twice."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, TypeAlias

import pytest

from opencode.conversation import Conversation, ToolCallChunk
from opencode.errors import (
    ConnectionFailedError,
    DecodeError,
    OpencodeError,
    ProviderError,
    RateLimitError,
)
from tests.conversation.conftest import Line
from tests.conversation.forms import Form
from tests.conversation.front import Answer

#: Makes an answer that fails, whose whole words are "Once upon ".
Failing: TypeAlias = Callable[[Form], Answer]


def begun(form: Form) -> list[dict[str, Any]]:
    """An answer that has begun to speak."""
    words = form.text("Once ", "upon ")
    return [*form.begin(), *(words if form.name == "openai" else words[:-1])]


def cut_in_the_text(form: Form) -> Answer:
    return Answer(form.written(begun(form)), is_cut=True)


def cut_in_the_middle_of_a_line(form: Form) -> Answer:
    *_, last = form.written([*begun(form), *form.text("a time")])
    return Answer([*form.written(begun(form)), last[: len(last) // 2]], is_cut=True)


def ended_without_a_reason(form: Form) -> Answer:
    return Answer(form.written(begun(form)))


def cut_in_a_call(form: Form) -> Answer:
    call = form.call("call_1", "count", ends=False)
    return Answer(form.written([*form.begin(), *form.text("Once ", "upon "), *call]), is_cut=True)


def cut_in_the_arguments(form: Form) -> Answer:
    call = form.call("call_1", "count", '{"from": 1, ', '"t', ends=False)
    return Answer(form.written([*form.begin(), *form.text("Once ", "upon "), *call]), is_cut=True)


def cut_behind_the_arguments(form: Form) -> Answer:
    call = form.call("call_1", "count", '{"from": 1}')
    return Answer(form.written([*form.begin(), *form.text("Once ", "upon "), *call]), is_cut=True)


def garbled(form: Form) -> Answer:
    return Answer([*form.written(begun(form)), b'data: {"type": "content_block_del\n\n'])


def no_text(form: Form) -> Answer:
    return Answer([*form.written(begun(form)), b"data: \xff\xfe\n\n"])


def failed(kind: str) -> Failing:
    def answer(form: Form) -> Answer:
        error = {"type": "error", "error": {"type": kind, "message": "Something broke"}}
        return Answer(form.written([*begun(form), error]))

    return answer


FAILING: dict[str, tuple[Failing, type[OpencodeError]]] = {
    "cut in the text": (cut_in_the_text, ConnectionFailedError),
    "cut in the middle of a line": (cut_in_the_middle_of_a_line, ConnectionFailedError),
    "ended without a reason": (ended_without_a_reason, ConnectionFailedError),
    "cut in a call": (cut_in_a_call, ConnectionFailedError),
    "cut in the arguments": (cut_in_the_arguments, ConnectionFailedError),
    "cut behind the arguments": (cut_behind_the_arguments, ConnectionFailedError),
    "garbled": (garbled, DecodeError),
    "no text": (no_text, DecodeError),
    "overloaded": (failed("overloaded_error"), ProviderError),
    "too much": (failed("rate_limit_error"), RateLimitError),
}


def count(_: dict[str, Any]) -> int:
    raise AssertionError("it was run")


@pytest.fixture(params=list(FAILING.values()), ids=list(FAILING))
def breaks(request: pytest.FixtureRequest) -> tuple[Failing, type[OpencodeError]]:
    given: tuple[Failing, type[OpencodeError]] = request.param
    return given


def begin(line: Line, *answers: Answer) -> Conversation:
    conversation = line.answers(*answers)
    conversation.register_tool("count", "Counts", {"type": "object"}, count)
    return conversation


def goes_on(line: Line, conversation: Conversation) -> None:
    """What was said before is sent along, in a way that is accepted."""
    before = len(line.asked)
    line.front.answers = lambda *_: line.says("a time.")
    assert conversation.message("Go on.").text() == "a time."
    assert len(line.asked) == before + 1
    assert conversation.state.status == "idle"
    role, text = line.form.said(line.asked[-1])[-1]
    assert (role, text.endswith("Go on.")) == ("user", True)


def test_an_answer_that_breaks_off_is_kept_and_not_asked_for_again(
    line: Line, breaks: tuple[Failing, type[OpencodeError]]
) -> None:
    answer, raised = breaks
    conversation = begin(line, answer(line.form))
    stream = conversation.message("A story!")
    words: list[str] = []
    with pytest.raises(raised) as caught:
        words.extend(chunk.content for chunk in stream if chunk.type == "text")
    assert type(caught.value) is raised
    assert caught.value.session_id == conversation.id
    assert "".join(words) == "Once upon "
    assert len(line.asked) == 1
    kept = conversation.get_messages()[1]
    assert (kept.role, kept.content, kept.interrupted) == ("assistant", "Once upon ", True)
    assert kept.tool_calls == ()
    assert conversation.state.status == "error"
    stored = conversation.session.messages[1]
    assert stored.error["code"] == caught.value.code
    goes_on(line, conversation)
    assert ("assistant", "Once upon ") in line.form.said(line.asked[-1])


async def test_an_answer_that_breaks_off_is_so_on_an_event_loop_too(line: Line) -> None:
    conversation = begin(line, cut_in_the_text(line.form))
    words: list[str] = []

    async def read() -> None:
        async for chunk in conversation.message("A story!"):
            assert chunk.type == "text"
            words.append(chunk.content)

    with pytest.raises(ConnectionFailedError):
        await read()
    assert "".join(words) == "Once upon "
    with pytest.raises(ConnectionFailedError):
        await conversation.message("Again!")
    assert [message.interrupted for message in conversation.get_messages()] == [False, True] * 2


def test_what_broke_off_is_there_after_a_restart(line: Line) -> None:
    conversation = begin(line, cut_in_the_text(line.form))
    with pytest.raises(ConnectionFailedError):
        conversation.message("A story!").text()
    conversation.close()
    again = line.answers(line.says("a time."), session_id=conversation.id)
    assert again.message("Go on.").text() == "a time."
    assert ("assistant", "Once upon ") in line.form.said(line.asked[-1])


@pytest.mark.parametrize("piece", [b"data: {nonsense\n\n", b"data: \xff\n\n"])
def test_what_cannot_be_read_from_the_beginning_is_not_asked_for_again(
    line: Line, piece: bytes
) -> None:
    conversation = begin(line, Answer([piece]))
    with pytest.raises(DecodeError):
        conversation.message("A story!").text()
    assert len(line.asked) == 1
    assert len(conversation.get_messages()) == 1
    goes_on(line, conversation)


def test_an_answer_that_is_cut_before_its_first_word_is_asked_for_again(line: Line) -> None:
    beginning = Answer(line.form.written(line.form.begin()), is_cut=True)
    conversation = begin(line, beginning, line.says("Once upon a time."))
    assert conversation.message("A story!").text() == "Once upon a time."
    assert len(line.asked) == 2
    assert len(conversation.get_messages()) == 2


def test_a_cut_after_the_reason_to_stop_takes_nothing_away(line: Line) -> None:
    """All that was to be said was said, with one tool called."""
    form = line.form
    ran: list[dict[str, Any]] = []
    call = form.call("call_1", "note", '{"from": 1}')
    events = [*form.begin(), *form.text("Let me see. "), *call, *form.end(calls=True)[:1]]
    conversation = line.answers(Answer(form.written(events), is_cut=True), line.says("Noted."))
    conversation.register_tool("note", "Notes", {"type": "object"}, ran.append)
    assert conversation.message("Note it.").text() == "Noted."
    assert ran == [{"from": 1}]
    assert len(line.asked) == 2
    assert not any(message.interrupted for message in conversation.get_messages())


@pytest.mark.parametrize("arguments", ['{"from": ', "nonsense", "[1]", '"text"', "5"])
def test_arguments_that_are_no_object_are_told_to_the_model(line: Line, arguments: str) -> None:
    conversation = begin(line, line.calls("count", arguments), line.says("I see."))
    chunks = list(conversation.message("Count."))
    (call,) = [chunk for chunk in chunks if isinstance(chunk, ToolCallChunk)]
    assert call.tool == "count"
    (told,) = [chunk for chunk in chunks if chunk.type == "tool_result"]
    assert told.error
    assert "it was run" not in told.error
    role, text = line.form.said(line.asked[-1])[-1]
    assert (role, told.error in text) == ("tool", True)


def test_a_cut_in_the_answer_to_a_result_runs_no_tool_again(line: Line) -> None:
    ran: list[dict[str, Any]] = []
    conversation = line.answers(line.calls("note", "{}"), cut_in_the_text(line.form))
    conversation.register_tool("note", "Notes", {"type": "object"}, ran.append)
    with pytest.raises(ConnectionFailedError):
        conversation.message("Note it.").text()
    roles = [message.role for message in conversation.get_messages()]
    assert roles == ["user", "assistant", "tool", "assistant"]
    assert conversation.get_messages()[-1].interrupted
    assert len(line.asked) == 2
    goes_on(line, conversation)
    assert len(ran) == 1
    assert ("tool", "null") in line.form.said(line.asked[-1])


def test_a_thought_that_is_cut_is_kept_and_not_sent(line: Line) -> None:
    """A service takes back no thought that is not whole."""
    form = line.form
    events = [*form.begin(), *form.thought("What is ", "six times")]
    conversation = begin(line, Answer(form.written(events), is_cut=True))
    stream = conversation.message("Six times seven?")
    thoughts: list[str] = []
    with pytest.raises(ConnectionFailedError):
        thoughts.extend(chunk.content for chunk in stream if chunk.type == "reasoning")
    assert "".join(thoughts) == "What is six times"
    assert len(line.asked) == 1
    kept = conversation.get_messages()[1]
    assert (kept.content, kept.interrupted) == ("", True)
    goes_on(line, conversation)
    assert "six times" not in json.dumps(line.asked[-1]["messages"])


def test_a_call_that_the_answers_length_ends_is_none(line: Line) -> None:
    form = line.form
    events = [*form.begin(), *form.text("Let me see.")]
    events += [*form.call("call_1", "count", '{"from": 1, "t'), *form.end(is_full=True)]
    conversation = begin(line, Answer(form.written(events)))
    answer = conversation.message("Count.").result()
    assert (answer.text, answer.finish, answer.tool_calls) == ("Let me see.", "length", ())
    assert len(line.asked) == 1
    goes_on(line, conversation)


def test_a_model_that_gives_the_same_id_again_is_understood(line: Line) -> None:
    noted: list[dict[str, Any]] = []
    calls = [line.calls("note", '{"n": 1}'), line.calls("note", '{"n": 2}')]
    conversation = line.answers(*calls, line.says("Noted."))
    conversation.register_tool("note", "Notes", {"type": "object"}, noted.append)
    assert conversation.message("Note 1 and 2.").text() == "Noted."
    assert noted == [{"n": 1}, {"n": 2}]
    ids = [call.id for message in conversation.get_messages() for call in message.tool_calls]
    assert len(set(ids)) == len(ids) == 2
    assert len(line.asked) == 3


@pytest.mark.parametrize("arguments", ["", '{"from": 1, "t', '{"from": 1}'])
def test_a_call_that_is_cut_without_a_word_before_is_not_asked_for_again(
    line: Line, arguments: str
) -> None:
    """An answer had begun, and was paid for."""
    form = line.form
    call = form.call("call_1", "count", arguments, ends=arguments.endswith("}"))
    answer = Answer(form.written([*form.begin(), *call]), is_cut=True)
    conversation = begin(line, answer, line.says("Never said."))
    with pytest.raises(ConnectionFailedError):
        conversation.message("Count.").text()
    assert len(line.asked) == 1
    goes_on(line, conversation)
