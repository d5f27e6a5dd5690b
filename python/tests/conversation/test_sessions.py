"""Conversations and their sessions: made, resumed, listed, edited, forked, pruned."""

from __future__ import annotations

import asyncio
import gc
import threading
import time
import weakref
from datetime import datetime, timezone
from typing import Any

import pytest

from opencode.conversation import (
    DEFAULT_SYSTEM_PROMPT,
    Conversation,
    Message,
    Options,
    PromptTemplate,
    Reply,
    ScriptedModel,
    Usage,
)
from opencode.errors import (
    BusyError,
    ContextLengthExceededError,
    InvalidArgumentError,
    InvalidSessionIdError,
    ProviderError,
    SessionConflictError,
    SessionNotFoundError,
)
from opencode.sessions import SessionMessage, SessionStorage
from tests.conversation.conftest import Begin

USED = Usage(prompt_tokens=10, completion_tokens=4)


def said(conversation: Conversation) -> list[tuple[str, str]]:
    return [(message.role, message.content) for message in conversation.get_messages()]


def test_a_conversation_goes_on_where_it_was(storage: SessionStorage) -> None:
    model = ScriptedModel(["Blue.", "Still blue."])
    with Conversation.create(
        "m1", provider=model, storage=storage, temperature=0.2
    ) as conversation:
        conversation.message("Which colour?").text()
    with Conversation.resume(conversation.id[:8], provider=model, storage=storage) as again:
        assert again.id == conversation.id
        assert again.message("And now?").text() == "Still blue."
    assert len(model.asked[-1]["messages"]) == 3
    assert model.asked[-1]["temperature"] == 0.2


def test_an_id_that_exists_is_resumed_and_another_one_is_made(storage: SessionStorage) -> None:
    model = ScriptedModel(["One.", "Two."])
    for number in ("1", "2"):
        with Conversation.create(
            "m1", session_id="mine", provider=model, storage=storage
        ) as conversation:
            conversation.message(number).text()
    assert conversation.id == "mine"
    assert len(storage.load("mine").messages) == 4


def test_nothing_is_written_until_it_is_saved_when_that_is_wanted(
    begin: Begin, storage: SessionStorage
) -> None:
    heard: list[str] = []
    conversation = begin(["Secret."], auto_save=False).conversation
    conversation.on("save", lambda: heard.append("saved"))
    conversation.message("A secret?").text()
    assert not storage.exists(conversation.id)
    conversation.save()
    assert heard == ["saved"]
    assert len(storage.load(conversation.id).messages) == 2


def test_a_loaded_conversation_is_a_copy_until_it_speaks(
    begin: Begin, storage: SessionStorage
) -> None:
    talk = begin(["One.", "Two.", "Three."])
    talk.conversation.message("1").text()
    copy = Conversation.load(talk.conversation.id, provider=talk.model, storage=storage)
    talk.conversation.message("2").text()
    assert len(copy.get_messages()) == 2
    copy.message("3").text()
    assert len(copy.get_messages()) == 6
    copy.close()


def test_sessions_are_listed_described_and_deleted(storage: SessionStorage, begin: Begin) -> None:
    conversation = begin([Reply("x" * 500, usage=USED)], tools=["read"]).conversation
    assert (conversation.state.message_count, conversation.state.last_message) == (0, None)
    conversation.message("Hi.").text()
    state = conversation.state
    assert (state.message_count, state.model, state.status) == (2, "m1", "idle")
    assert (state.tools, state.token_usage.total) == (("read",), 14)
    assert state.last_message == "x" * 200 + "…"
    assert state.created_at.tzinfo is not None
    assert Conversation.info(conversation.id, storage=storage) == state
    assert Conversation.list(storage=storage) == [state]
    assert Conversation.list(storage=storage, model="other") == []
    conversation.close()
    assert Conversation.delete_all(storage=storage) == [conversation.id]
    storage.restore(conversation.id)
    assert Conversation.delete(conversation.id, storage=storage)
    assert not Conversation.delete(conversation.id, storage=storage)
    with pytest.raises(SessionNotFoundError):
        Conversation.info("nowhere", storage=storage)
    with pytest.raises(SessionNotFoundError):
        Conversation.resume("nowhere", storage=storage)


def test_a_session_is_exported_and_imported(begin: Begin, storage: SessionStorage) -> None:
    talk = begin(["Hello."])
    talk.conversation.message("Hi.").text()
    data = talk.conversation.export()
    talk.conversation.close()
    options: dict[str, Any] = {"provider": talk.model, "storage": storage}
    with pytest.raises(SessionConflictError):
        Conversation.import_(data, **options)
    with Conversation.import_(data, "new_id", **options) as copy:
        assert copy.id != talk.conversation.id
        assert said(copy) == [("user", "Hi."), ("assistant", "Hello.")]
    with Conversation.import_(data, on_conflict="replace", **options) as same:
        assert same.id == talk.conversation.id
    assert "messages" in talk.conversation.export("opencode")


def test_messages_are_read_edited_and_deleted(begin: Begin) -> None:
    talk = begin([Reply(calls=[("read", {"filePath": "nope"})]), "Two.", "Three."], tools=["read"])
    conversation = talk.conversation
    conversation.message("1").text()
    one, call, result, two = conversation.get_messages()
    assert isinstance(one, Message)
    assert (call.tool_calls[0].tool, call.tool_calls[0].params) == ("read", {"filePath": "nope"})
    assert result.tool_results[0].id == call.tool_calls[0].id
    assert result.tool_results[0].error
    assert two.timestamp <= datetime.now(timezone.utc)
    assert conversation.get_messages(limit=1) == [two]
    assert conversation.get_messages(limit=1, before=two.id) == [result]

    conversation.edit_message(one.id, "One?")
    assert conversation.get_messages()[0].content == "One?"
    conversation.mark_important(one.id)
    assert conversation.get_messages()[0].important
    conversation.mark_important(one.id, False)
    assert not conversation.get_messages()[0].important
    assert sorted(conversation.delete_message(result.id)) == sorted([call.id, result.id])
    assert said(conversation) == [("user", "One?"), ("assistant", "Two.")]
    with pytest.raises(InvalidArgumentError):
        conversation.delete_message("nope")
    with pytest.raises(InvalidArgumentError):
        conversation.get_messages(before="nope")
    assert conversation.clear_history(keep_last=1) == 1
    assert said(conversation) == [("assistant", "Two.")]


def test_history_is_not_edited_while_a_turn_writes_it(begin: Begin) -> None:
    conversation = begin([Reply("Hm", hangs=True)]).conversation
    with conversation.message("Think.") as stream:
        begun = threading.Event()
        stream.on("text", lambda _: begun.set())
        assert begun.wait(10)
        first = conversation.get_messages()[0]
        with pytest.raises(BusyError):
            conversation.delete_message(first.id)
        assert conversation.state.status == "active"
    conversation.delete_message(first.id)


def test_a_fork_goes_on_by_itself(begin: Begin) -> None:
    talk = begin(["One.", "Two.", "Another."])
    talk.conversation.message("1").text()
    talk.conversation.message("2").text()
    first = talk.conversation.get_messages()[1]
    with talk.conversation.fork(first.id, "forked-abc123") as forked:
        assert forked.id == "forked-abc123"
        assert forked.message("Try a different approach.").text() == "Another."
        assert len(forked.get_messages()) == 4
        with pytest.raises(SessionConflictError):
            talk.conversation.fork(new_session_id="forked-abc123")
    without = talk.conversation.fork(first.id, inclusive=False)
    assert said(without) == [("user", "1")]
    without.close()
    assert len(talk.conversation.get_messages()) == 4


def test_the_context_is_pruned_by_hand(begin: Begin) -> None:
    talk = begin([f"answer {n}" for n in range(6)])
    for n in range(5):
        talk.conversation.message(f"question {n}").text()
    usage = talk.conversation.get_context_usage()
    assert 0 < usage.current < usage.max
    assert usage.percent == pytest.approx(100 * usage.current / usage.max)
    first = talk.conversation.get_messages()[0].id
    talk.conversation.mark_important(first)
    tried = talk.conversation.prune_context(keep_last=2, dry_run=True)
    assert talk.conversation.get_context_usage() == usage
    pruned = talk.conversation.prune_context(keep_last=2)
    assert pruned == tried
    assert first not in pruned.left_out
    assert pruned.tokens_after < pruned.tokens_before
    assert len(talk.conversation.get_messages()) == 10
    talk.conversation.message("question 5").text()
    assert len(talk.model.asked[-1]["messages"]) < 10


def test_what_does_not_fit_is_an_error_that_can_be_helped(begin: Begin) -> None:
    conversation = begin(["Fine."], context_window=400, max_tokens=100).conversation
    with pytest.raises(ContextLengthExceededError) as caught:
        conversation.message("word " * 2000).text()
    assert caught.value.code == "CONTEXT_LENGTH_EXCEEDED"
    conversation.clear_history()
    assert conversation.message("Hi.").text() == "Fine."


def test_those_who_listen_hear_what_happens_before_who_waits(begin: Begin) -> None:
    heard: list[Any] = []
    conversation = begin(
        [Reply(calls=[("read", {"filePath": "x"})], usage=USED), Reply("Done.", usage=USED)],
        tools=["read"],
        prices={"input": 1_000_000, "output": 2_000_000},
    ).conversation

    def message(message: Message) -> None:
        time.sleep(0.02)
        heard.append(message.role)

    conversation.on("message", message)
    conversation.on("tool_call", lambda call: heard.append(call.tool))
    conversation.on("token_usage", lambda used: heard.append((used.total, used.request.cost)))
    conversation.on("save", lambda: heard.append("save"))
    answer = conversation.message("Go.").result()
    assert heard == ["user", (14, 18.0), "assistant", "read", "tool", (28, 18.0), "assistant"]
    assert answer.summary.cost == 36.0
    conversation.save()
    assert heard[-1] == "save"


async def test_those_who_listen_on_a_loop_hear_it_there(begin: Begin) -> None:
    heard: list[Any] = []

    async def note(message: Message) -> None:
        await asyncio.sleep(0)
        heard.append((message.role, asyncio.get_running_loop() is loop))

    loop = asyncio.get_running_loop()
    conversation = begin(["Hello."]).conversation.on("message", note)
    await conversation.message("Hi.")
    while len(heard) < 2:
        await asyncio.sleep(0)
    assert heard == [("user", True), ("assistant", True)]


def test_a_listener_can_be_taken_out_and_may_speak_itself(begin: Begin) -> None:
    heard: list[str] = []
    other = begin(["Other."]).conversation
    conversation = begin(["One.", "Two."]).conversation

    def listen(message: Message) -> None:
        heard.append(message.content)
        if message.content == "One.":
            heard.append(other.message("And you?").text())

    conversation.on("message", listen)
    conversation.message("1").text()
    assert heard == ["1", "One.", "Other."]
    assert conversation.off("message", listen)
    assert not conversation.off("message", listen)
    conversation.message("2").text()
    assert len(heard) == 3
    with pytest.raises(InvalidArgumentError, match="token_usage"):
        conversation.on("nope", listen)  # type: ignore[arg-type]


def test_a_failure_that_nobody_hears_goes_to_those_who_listen(
    begin: Begin, caplog: pytest.LogCaptureFixture
) -> None:
    told = threading.Event()
    heard: list[ProviderError] = []

    def failed(error: ProviderError) -> None:
        heard.append(error)
        told.set()

    conversation = begin([Reply(error=ProviderError("no")), Reply(error=ProviderError("no"))])[0]
    conversation.on("error", failed)
    conversation.message("Go.").on("text", print)
    assert told.wait(10)
    assert (heard[0].code, heard[0].session_id) == ("PROVIDER_ERROR", conversation.id)
    with pytest.raises(ProviderError):
        conversation.message("Go.").text()
    assert len(heard) == 1


def test_after_the_end_a_conversation_says_so(begin: Begin) -> None:
    conversation = begin(["Hello.", "Hello."]).conversation
    with conversation:
        conversation.message("Hi.").text()
    conversation.close()
    with pytest.raises(InvalidArgumentError, match="closed") as caught:
        conversation.message("Hi?").text()
    assert caught.value.session_id == conversation.id
    with pytest.raises(InvalidArgumentError, match="closed"):
        conversation.clear_history()
    assert len(conversation.get_messages()) == 2


WRONG: list[dict[str, Any]] = [
    {"temperature": 1.5},
    {"temperature": float("nan")},
    {"temperature": "hot"},
    {"max_tokens": 0},
    {"max_tokens": -1},
    {"max_tokens": 1.5},
    {"max_turns": 0},
    {"max_tokens": 1000, "context_window": 1000},
    # Nothing could be said beside such an answer.
    {"max_tokens": 950, "context_window": 1000},
    {"context_window": 0},
    {"parallel_tools": 0},
    {"tool_timeout": 0},
    {"prune_threshold": 0},
    {"prune_threshold": 1.5},
    {"prune_strategy": "fifo"},
    {"stop_sequences": [""]},
    {"stop_sequences": "END"},
    {"stop_sequences": ["1", "2", "3", "4", "5"]},
    {"tool_errors": "never"},
    {"busy": "maybe"},
    {"tool_timeout": -1},
    {"prices": {"in": 1}},
    {"prices": {"input": -1}},
    {"prices": {"output": -0.5}},
    {"system_prompt": "\ud800"},
    {"system_prompt": 5},
    {"modle": "m"},
    {"approve": True},
    {"auto_save": "yes"},
    {"working_dir": 5},
    {"storage": "/tmp"},
    {"tools": 5},
    {"tools": "read"},
]


@pytest.mark.parametrize("wrong", WRONG, ids=[next(iter(one)) for one in WRONG])
def test_wrong_options_are_refused_before_anything_is_stored(
    begin: Begin, storage: SessionStorage, wrong: dict[str, Any]
) -> None:
    with pytest.raises((InvalidArgumentError, TypeError)):
        begin([], **wrong)
    assert storage.list_session_ids() == []


def test_an_answer_that_leaves_no_room_and_a_name_for_a_list_are_explained(begin: Begin) -> None:
    with pytest.raises(InvalidArgumentError, match="no room beside the 950"):
        begin([], context_window=1000, max_tokens=950)
    with pytest.raises(InvalidArgumentError, match="a list, and not one name") as caught:
        begin([], tools="read")
    assert 'tools=["read"]' in str(caught.value)


def test_wrong_values_are_refused(begin: Begin, storage: SessionStorage) -> None:
    conversation = begin(["Hello."]).conversation
    for said in ("\ud800", 5, None, b"Hi.", ["Hi."], [{"type": "text", "text": "Hi."}, "You."]):
        with pytest.raises((InvalidArgumentError, TypeError)):
            conversation.message(said)  # type: ignore[arg-type]
    with pytest.raises(InvalidArgumentError):
        conversation.message(SessionMessage("assistant", "I said so.")).text()
    with pytest.raises(InvalidArgumentError, match="model"):
        Conversation.create(provider=ScriptedModel([]), storage=storage)
    with pytest.raises(InvalidSessionIdError):
        Conversation.create("m", session_id="../x", provider=ScriptedModel([]), storage=storage)
    with pytest.raises(TypeError):
        Conversation()
    assert conversation.get_messages() == []


def test_a_message_may_be_a_record(begin: Begin) -> None:
    conversation = begin(["Hello."]).conversation
    conversation.message(SessionMessage("user", "Hi.", metadata={"from": "me"})).text()
    assert conversation.session.messages[0].metadata == {"from": "me"}


def test_system_prompts(begin: Begin) -> None:
    template = PromptTemplate.create(
        role="backend developer", language="typescript", framework="express", style="functional"
    )
    for given, sent in [
        (None, DEFAULT_SYSTEM_PROMPT),
        (template.render(), template.render()),
        ("", None),
    ]:
        talk = begin(["Hello."], system_prompt=given)
        talk.conversation.message("Hi.").text()
        assert talk.model.asked[0]["system"] == sent
    assert "You use express." in template.render()
    assert DEFAULT_SYSTEM_PROMPT.startswith("You are an expert coding assistant.")
    with pytest.raises(InvalidArgumentError, match="name"):
        PromptTemplate("Hello, {name}!").render()
    assert PromptTemplate("{a}", a="1") == PromptTemplate("{a}", a="1")


def test_a_forgotten_conversation_goes_with_what_knows_it(storage: SessionStorage) -> None:
    class Agent:
        def __init__(self, **options: Any) -> None:
            self.heard: list[str] = []
            self.conversation = Conversation.create(
                "any",
                storage=storage,
                tools=[self.look],
                approve=self.approve,
                **options,
            )
            self.conversation.on("message", self.listen)

        def look(self) -> str:
            return self.conversation.id

        def approve(self, _: object) -> bool:
            return bool(self.conversation)

        def listen(self, message: Message) -> None:
            self.heard.append(message.role)

    agent = Agent(provider=ScriptedModel([Reply(calls=[("look", {})]), "Done."]))
    agent.conversation.message("Look.").text()
    session_id = agent.conversation.id
    gone = weakref.ref(agent)
    del agent
    until = time.monotonic() + 10
    while gone() is not None and time.monotonic() < until:
        gc.collect()
        time.sleep(0.01)
    assert gone() is None
    Conversation.resume(session_id, provider=ScriptedModel([]), storage=storage).close()


def test_a_turn_keeps_its_conversation(storage: SessionStorage) -> None:
    began, goes_on, told = threading.Event(), threading.Event(), threading.Event()

    def look() -> str:
        began.set()
        goes_on.wait(10)
        return "all is well"

    model = ScriptedModel([Reply(calls=[("look", {})]), "Done."])
    Conversation.create("any", provider=model, storage=storage, tools=[look]).on(
        "message", lambda message: told.set() if message.content == "Done." else None
    ).message("Look.")
    assert began.wait(10)
    gc.collect()
    goes_on.set()
    assert told.wait(10)
    assert model.asked[-1]["messages"][-1]["content"] == "all is well"


def test_every_option_is_described_and_taken(begin: Begin) -> None:
    for option in Options.__annotations__:
        assert f"``{option}" in (Options.__doc__ or ""), option
    begin([], **{option: None for option in Options.__annotations__ if option not in GIVEN})


#: By the fixture.
GIVEN = ("provider", "storage")
