"""A process that is killed in a turn: its session is resumed, and a service takes what it says."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TypeAlias

import pytest

from opencode.conversation import Conversation
from opencode.sessions import SessionStorage
from tests.conversation.forms import Event, Form
from tests.conversation.front import Answer, Front, in_turn
from tests.conversation.test_processes import ended, program

#: Says hello, and then begins a story that it will not see the end of.
CHILD = """
import json, sys, time
path, options = sys.argv[1], json.loads(sys.argv[2])
def quick(n: int) -> str:
    return f"{n} is quick"
def slow(n: int) -> None:
    print("runs", flush=True)
    time.sleep(1000)
conversation = Conversation.create(
    "m1", session_id="mine", storage=SessionStorage(path), tools=[quick, slow], **options
)
conversation.message("Hello?").text()
for chunk in conversation.message("A story!"):
    if chunk.type == "text":
        print(chunk.content, flush=True)
"""


class Place:
    """Where a child is killed: what it is answered, and how is known that it is there."""

    def __init__(self, form: Form) -> None:
        self.form = form
        #: Set when the child asks for what comes behind the answers.
        self.is_asked = threading.Event()
        self.is_dead = threading.Event()

    def whole(self, *events: Event, calls: bool = False) -> Answer:
        form = self.form
        return Answer(form.written([*form.begin(), *events, *form.end(calls=calls)]))

    def hangs(self, events: Iterable[Event] = ()) -> Answer:
        """These events, which come at once, and then nothing more."""
        return Answer(self._pieces([*self.form.begin(), *events]))

    def _pieces(self, events: list[Event]) -> Iterator[bytes]:
        self.is_asked.set()
        yield b"".join(self.form.written(events))
        self.is_dead.wait(60)


#: Gives the answers, and what the child writes when it is there; nothing: when it asks.
Dying: TypeAlias = Callable[[Place], tuple[list[Answer], list[str]]]


def text(form: Form) -> list[Event]:
    """A text that goes on."""
    words = form.text("Once upon")
    return words if form.name == "openai" else words[:-1]


def in_the_text(place: Place) -> tuple[list[Answer], list[str]]:
    return [place.hangs(text(place.form))], ["Once upon"]


def in_the_arguments(place: Place) -> tuple[list[Answer], list[str]]:
    call = place.form.call("call_1", "quick", '{"n": ', ends=False)
    return [place.hangs([*place.form.text("Let me see."), *call])], ["Let me see."]


def in_a_tool(place: Place) -> tuple[list[Answer], list[str]]:
    form = place.form
    events = [*form.text("Let me see."), *form.call("call_1", "slow", '{"n": 1}')]
    return [place.whole(*events, calls=True)], ["Let me see.", "runs"]


def in_a_tool_that_was_called_alone(place: Place) -> tuple[list[Answer], list[str]]:
    call = place.form.call("call_1", "slow", '{"n": 1}')
    return [place.whole(*call, calls=True)], ["runs"]


def behind_a_result(place: Place) -> tuple[list[Answer], list[str]]:
    call = place.form.call("call_1", "quick", '{"n": 1}')
    return [place.whole(*call, calls=True), place.hangs()], []


def in_the_text_behind_a_result(place: Place) -> tuple[list[Answer], list[str]]:
    call = place.form.call("call_1", "quick", '{"n": 1}')
    return [place.whole(*call, calls=True), place.hangs(text(place.form))], ["Once upon"]


def in_a_tool_behind_a_result(place: Place) -> tuple[list[Answer], list[str]]:
    first = place.form.call("call_1", "quick", '{"n": 1}')
    second = place.form.call("call_2", "slow", '{"n": 2}')
    return [place.whole(*first, calls=True), place.whole(*second, calls=True)], ["runs"]


DYING: list[Dying] = [
    in_the_text,
    in_the_arguments,
    in_a_tool,
    in_a_tool_that_was_called_alone,
    behind_a_result,
    in_the_text_behind_a_result,
    in_a_tool_behind_a_result,
]


def killed(place: Place, front: Front, dying: Dying, path: Path) -> None:
    """Has a child speak until it is at a place, and kills it there."""
    answers, written = dying(place)
    front.answers = in_turn(place.whole(*place.form.text("Hi!")), *answers)
    child = program(CHILD, str(path), json.dumps(place.form.options(front.url)))
    try:
        assert child.stdout is not None
        assert [child.stdout.readline() for _ in written] == [f"{line}\n" for line in written]
        assert written or place.is_asked.wait(30)
        assert child.poll() is None
    finally:
        child.kill()
        place.is_dead.set()
        ended(child)


def quick(n: int) -> str:
    return f"{n} is quick"


def slow(n: int) -> None:
    raise AssertionError("it was run again")


@pytest.mark.parametrize("dying", DYING, ids=[dying.__name__ for dying in DYING])
def test_who_resumes_after_a_kill_goes_on(form: Form, tmp_path: Path, dying: Dying) -> None:
    place = Place(form)
    storage = SessionStorage(tmp_path)
    with Front(in_turn()) as front:
        killed(place, front, dying, tmp_path)
        asked = len(front.asked)
        front.answers = in_turn(place.whole(*form.text("Here I am.")))
        options = {**form.options(front.url), "storage": storage, "tools": [quick, slow]}
        with Conversation.resume("mine", **options) as conversation:
            assert conversation.message("Are you there?").text() == "Here I am."
            assert len(front.asked) == asked + 1
            # What the service would refuse fails here.
            form.check(front.bodies[-1])
            said = form.said(front.bodies[-1])
            assert said[:2] == [("user", "Hello?"), ("assistant", "Hi!")]
            assert said[2][0] == "user"
            assert said[2][1].startswith("A story!")
            assert said[-1][0] == "user"
            assert said[-1][1].endswith("Are you there?")
            is_behind = dying.__name__.endswith("behind_a_result") or dying is behind_a_result
            assert (("tool", "1 is quick") in said) is is_behind
            assert conversation.state.status == "idle"
        kept = [one.content for one in storage.load("mine").messages if one.role == "user"]
        assert kept == ["Hello?", "A story!", "Are you there?"]
