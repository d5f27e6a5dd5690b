"""Bounds: keys stay out of logs, one process writes, turns end, results are cut."""

from __future__ import annotations

import logging
import subprocess
from collections.abc import Iterator

import pytest

from opencode.conversation import Conversation, Reply, ScriptedModel
from opencode.errors import ProviderAuthError, SessionLockedError
from opencode.sessions import SessionStorage
from tests.conversation.conftest import Begin, Line
from tests.conversation.front import in_turn
from tests.conversation.test_processes import ended, program

KEY = "sk-a-key-that-nobody-else-may-see"


def test_a_key_is_in_no_log(
    line: Line, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    locked_out = line.form.refused(401, "authentication_error", "Wrong key")
    with caplog.at_level(1):
        conversation = line.answers(locked_out, api_key=KEY)
        with pytest.raises(ProviderAuthError) as caught:
            conversation.message("Hello?").text()
        line.front.answers = in_turn(line.says("Hi!"))
        assert conversation.message("Hello?").text() == "Hi!"
        conversation.close()
        logging.getLogger("opencode.sessions").debug("Logs are heard.")
    assert [line.form.key(asked) for asked in line.front.asked] == [KEY, KEY]
    logged = [f"{record.getMessage()} {record.__dict__}" for record in caplog.records]
    assert any("Logs are heard." in one for one in logged)
    told = [*logged, caplog.text, *capfd.readouterr(), str(caught.value), repr(conversation)]
    assert not any(KEY in one for one in told)


def test_a_key_that_a_service_says_again_is_in_no_log(
    line: Line, caplog: pytest.LogCaptureFixture
) -> None:
    refused = line.form.refused(401, "authentication_error", f"Wrong key: {KEY}")
    with caplog.at_level(1):
        conversation = line.answers(refused, api_key=KEY)
        with pytest.raises(ProviderAuthError) as caught:
            conversation.message("Hello?").text()
    assert KEY not in str(caught.value)
    assert not any(KEY in f"{record.getMessage()} {record.__dict__}" for record in caplog.records)


@pytest.fixture
def opened_elsewhere(storage: SessionStorage) -> Iterator[subprocess.Popen[str]]:
    """Another process that has the session ``mine`` open."""
    process = program(
        """
        import sys, time
        conversation = Conversation.create(
            "m1",
            session_id="mine",
            provider=ScriptedModel(["One.", "Two."]),
            storage=SessionStorage(sys.argv[1]),
        )
        conversation.message("1").text()
        conversation.save()
        print("open", flush=True)
        time.sleep(1000)
        """,
        str(storage.path),
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "open\n"
        yield process
    finally:
        process.kill()
        ended(process)


def test_a_loaded_conversation_cannot_speak_while_another_process_has_it_open(
    storage: SessionStorage, opened_elsewhere: subprocess.Popen[str]
) -> None:
    model = ScriptedModel(["Three."])
    with Conversation.load("mine", provider=model, storage=storage) as loaded:
        assert [message.content for message in loaded.get_messages()] == ["1", "One."]
        with pytest.raises(SessionLockedError) as caught:
            loaded.message("3").text()
        assert caught.value.code == "SESSION_LOCKED"
        assert model.asked == []
        with pytest.raises(SessionLockedError):
            Conversation.resume("mine", provider=model, storage=storage)
        opened_elsewhere.kill()
        ended(opened_elsewhere)
        assert loaded.message("3").text() == "Three."
    contents = [message.content for message in storage.load("mine").messages]
    assert contents == ["1", "One.", "3", "Three."]


def test_a_model_that_calls_tools_for_ever_is_stopped(line: Line) -> None:
    ran: list[int] = []

    def again(n: int) -> str:
        ran.append(n)
        return "again"

    conversation = line.answers(line.calls("again", '{"n": 1}'), tools=[again], max_turns=3)
    answer = conversation.message("Go.").result()
    assert (answer.finish, answer.summary.turns) == ("max_turns", 3)
    assert len(line.asked) == 3
    line.front.answers = in_turn(line.says("Enough."))
    assert conversation.message("Stop.").text() == "Enough."
    assert len(line.asked) == 4
    assert conversation.state.status == "idle"
    assert ran


def test_an_empty_answer_is_one(line: Line) -> None:
    conversation = line.answers(line.says())
    answer = conversation.message("Say nothing.").result()
    assert (answer.text, answer.finish, answer.tool_calls) == ("", "stop", ())
    assert len(line.asked) == 1
    line.front.answers = in_turn(line.says("Here I am."))
    assert conversation.message("Are you there?").text() == "Here I am."
    # An empty text would be refused.
    assert len(line.asked) == 2


def test_a_huge_result_is_cut(begin: Begin) -> None:
    def read_all() -> str:
        return "x" * 100_000_000

    talk = begin([Reply(calls=[("read_all", {})]), "That was long."], tools=[read_all])
    assert talk.conversation.message("Read it.").text() == "That was long."
    (told,) = talk.conversation.get_messages()[2].tool_results
    # Both ends are there, and what the model is told says how much is not.
    assert told.result.startswith("xxx")
    assert told.result.endswith("xxx")
    assert "left out of 100000000" in told.result
    assert 20_000 < len(told.result) <= 30_000
    assert len(talk.conversation.session.tool_history[-1].result) <= 30_000
    assert talk.model.asked[-1]["messages"][-1]["content"] == told.result
