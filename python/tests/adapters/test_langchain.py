"""A session of ours as the message history of LangChain."""

import asyncio
import gc
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import pytest
from langchain_core.language_models import GenericFakeChatModel
from langchain_core.messages import (
    AIMessage,
    AIMessageChunk,
    BaseMessage,
    ChatMessage,
    FunctionMessage,
    HumanMessage,
    RemoveMessage,
    SystemMessage,
    ToolMessage,
)
from langchain_core.messages.tool import invalid_tool_call, tool_call
from langchain_core.runnables import Runnable
from langchain_core.runnables.history import RunnableWithMessageHistory

from opencode.adapters.langchain import OpencodeChatMessageHistory
from opencode.sessions import (
    InvalidArgumentError,
    InvalidSessionIdError,
    SessionLockedError,
    SessionManager,
    SessionMessage,
    SessionStorage,
)

PNG = "data:image/png;base64,AAAA"
CALLS = [tool_call(name="f", args={"a": 1}, id="1"), tool_call(name="g", args={}, id="2")]
KINDS: dict[str, BaseMessage] = {
    "a question": HumanMessage("Hello"),
    "a question with all it can have": HumanMessage(
        "Hello", id="1", name="bob", additional_kwargs={"a": [1, {"b": None}]}
    ),
    "an image": HumanMessage(
        [{"type": "text", "text": "?"}, {"type": "image_url", "image_url": {"url": PNG}}]
    ),
    "an image as LangChain has it": HumanMessage(
        [{"type": "image", "base64": "AAAA", "mime_type": "image/png"}, {"type": "zork", "x": 1}]
    ),
    "an image it cannot read itself": HumanMessage([{"type": "image", "base64": "AAAA"}]),
    "texts": HumanMessage(["a", "b"]),
    "an answer": AIMessage("Hello"),
    "calls and usage": AIMessage(
        "",
        id="run-1",
        tool_calls=CALLS,
        usage_metadata={
            "input_tokens": 1,
            "output_tokens": 2,
            "total_tokens": 3,
            "input_token_details": {"cache_read": 1},
        },
        response_metadata={"model_name": "m", "logprobs": None},
    ),
    "thoughts": AIMessage(
        [
            {"type": "thinking", "thinking": "Hm.", "signature": "s"},
            {"type": "text", "text": "Yes."},
            {"type": "tool_use", "id": "1", "name": "f", "input": {"a": 1}},
        ],
        tool_calls=CALLS[:1],
    ),
    "a call that is no JSON": AIMessage(
        "", invalid_tool_calls=[invalid_tool_call(name="f", args="{a", id="1", error="no")]
    ),
    "an empty answer": AIMessage([]),
    "a piece of an answer": AIMessageChunk(
        content="He", tool_call_chunks=[{"name": "f", "args": "{", "id": "1", "index": 0}]
    ),
    "a result": ToolMessage("42", tool_call_id="1"),
    "a failure with its data": ToolMessage(
        "42", tool_call_id="1", name="f", status="error", artifact={"rows": [1, 2]}
    ),
    "a system message": SystemMessage("Be brief."),
    "a developer message": SystemMessage(
        "Be brief.", additional_kwargs={"__openai_role__": "developer"}
    ),
    "another role": ChatMessage(content="Bad.", role="critic"),
    "a known role in another class": ChatMessage(content="Hello", role="user"),
    "a function's result": FunctionMessage(content="42", name="f"),
}


@pytest.fixture
def history(storage: SessionStorage) -> OpencodeChatMessageHistory:
    return OpencodeChatMessageHistory("chat", storage)


@pytest.mark.parametrize("message", KINDS.values(), ids=KINDS)
def test_a_message_comes_back_as_it_was(storage: SessionStorage, message: BaseMessage) -> None:
    with OpencodeChatMessageHistory("one", storage) as history:
        history.add_message(message)
    with OpencodeChatMessageHistory("one", storage) as history:
        (back,) = history.messages
    assert type(back) is type(message)
    assert back == message


def with_history(model: Runnable[Any, Any], storage: SessionStorage) -> Runnable[Any, Any]:
    with warnings.catch_warnings():
        # LangChain would rather see LangGraph used.
        warnings.simplefilter("ignore")
        return RunnableWithMessageHistory(
            model, lambda session_id: OpencodeChatMessageHistory(session_id, storage)
        )


class Model(GenericFakeChatModel):
    """Says what it is given to say, and keeps what it was asked."""

    asked: list[list[BaseMessage]]

    def _generate(self, messages: list[BaseMessage], *rest: Any, **named: Any) -> Any:
        self.asked.append(messages)
        return super()._generate(messages, *rest, **named)


def test_a_chain_remembers_what_was_said(storage: SessionStorage) -> None:
    said = [AIMessage("Hello, Bob.", id="1"), AIMessage("You are Bob.", id="2")]
    model = Model(messages=iter(said), asked=[])
    chat: Any = {"configurable": {"session_id": "chat"}}
    with_history(model, storage).invoke([HumanMessage("I am Bob.")], chat)
    with_history(model, storage).invoke([HumanMessage("Who am I?")], chat)
    told = [HumanMessage("I am Bob."), said[0], HumanMessage("Who am I?")]
    assert model.asked[1] == told
    with OpencodeChatMessageHistory("chat", storage) as history:
        assert history.messages == [*told, said[1]]
    assert storage.load("chat").title == "I am Bob."


async def test_a_chain_on_a_loop_remembers_too(storage: SessionStorage) -> None:
    model = GenericFakeChatModel(messages=iter([AIMessage("Hello, Bob.", id="1")]))
    chain = with_history(model, storage)
    chat: Any = {"configurable": {"session_id": "chat"}}
    pieces = [piece.content async for piece in chain.astream([HumanMessage("I am Bob.")], chat)]
    assert "".join(pieces) == "Hello, Bob."
    async with OpencodeChatMessageHistory("chat", storage) as history:
        asked, answer = await history.aget_messages()
    assert (asked.content, answer.content) == ("I am Bob.", "Hello, Bob.")


def test_it_reads_well_as_a_session(history: OpencodeChatMessageHistory) -> None:
    asked = [HumanMessage("How many?"), KINDS["thoughts"], ToolMessage("42", tool_call_id="1")]
    history.add_messages([*asked, AIMessage("42, then.")])
    question, said, result, answer = history.session.messages
    assert (question.role, question.content, question.metadata) == ("user", "How many?", None)
    assert (said.role, said.content, said.parts) == ("assistant", "Yes.", None)
    assert said.reasoning == [{"text": "Hm.", "signature": "s"}]
    function = {"name": "f", "arguments": '{"a": 1}'}
    assert said.tool_calls == [{"id": "1", "type": "function", "function": function}]
    assert (result.role, result.tool_call_id, result.content) == ("tool", "1", "42")
    assert (answer.role, answer.content, answer.metadata) == ("assistant", "42, then.", None)
    history.close()


def test_what_others_say_in_the_session_comes_out_in_the_classes(manager: SessionManager) -> None:
    ours = manager.create(id="shared")
    image = {"type": "image_url", "image_url": {"url": PNG}}
    calls = [
        {"id": "1", "type": "function", "function": {"name": "f", "arguments": '{"a": 1}'}},
        {"id": "2", "type": "function", "function": {"name": "g", "arguments": "{a"}},
    ]
    for message in (
        SessionMessage("user", "?", parts=[image]),
        SessionMessage("assistant", "", tool_calls=calls),
        SessionMessage("tool", "42", tool_call_id="1"),
        SessionMessage("tool", "of no call"),
        SessionMessage("assistant", "Yes.", reasoning=[{"text": "Hm."}]),
        SessionMessage.from_dict({"role": "reviewer", "content": "Fine."}),
        SessionMessage("user", "Hello", metadata={"langchain": {"type": "unheard of"}}),
    ):
        ours.add_message(message)
    with OpencodeChatMessageHistory("shared", manager.storage) as history:
        assert history.messages == [
            HumanMessage([{"type": "text", "text": "?"}, image]),
            AIMessage(
                "",
                tool_calls=CALLS[:1],
                invalid_tool_calls=[invalid_tool_call(name="g", args="{a", id="2")],
            ),
            ToolMessage("42", tool_call_id="1"),
            ChatMessage(content="of no call", role="tool"),
            AIMessage("Yes."),
            ChatMessage(content="Fine.", role="reviewer"),
            HumanMessage("Hello"),
        ]


def test_an_edited_message_says_what_it_was_edited_to(history: OpencodeChatMessageHistory) -> None:
    history.add_messages([HumanMessage("Wrong.", id="1"), AIMessage("Kept.", id="2")])
    history.session.edit_message(history.session.messages[0].id, content="Right.")
    assert history.messages == [HumanMessage("Right."), AIMessage("Kept.", id="2")]
    history.close()


@pytest.mark.parametrize(
    "message",
    [
        "Hello",
        None,
        RemoveMessage(id="1"),
        HumanMessage("Hello", additional_kwargs={"a": object()}),
        ToolMessage("42", tool_call_id="1", artifact=b"42"),
    ],
    ids=["text", "nothing", "a removal", "an object", "bytes"],
)
async def test_what_cannot_be_kept_is_refused_and_nothing_is_stored(
    history: OpencodeChatMessageHistory, message: Any
) -> None:
    with pytest.raises(InvalidArgumentError):
        history.add_messages([HumanMessage("Hello"), message])
    with pytest.raises(InvalidArgumentError):
        await history.aadd_messages([HumanMessage("Hello"), message])
    assert history.messages == []
    history.close()


async def test_what_is_added_at_once_is_kept_together_and_in_order(
    history: OpencodeChatMessageHistory,
) -> None:
    batches = [[HumanMessage(f"{batch}.{n}") for n in range(5)] for batch in range(20)]
    await asyncio.gather(*map(history.aadd_messages, batches))
    assert await history.aget_messages() == [message for batch in batches for message in batch]
    await history.aclose()


async def test_clearing_takes_the_messages_and_leaves_the_session(
    history: OpencodeChatMessageHistory, storage: SessionStorage
) -> None:
    history.session.title = "Chat"
    history.add_user_message("Hello")
    history.clear()
    assert history.messages == []
    history.add_messages([KINDS["calls and usage"], ToolMessage("42", tool_call_id="1")])
    await history.aclear()
    assert (str(history), history.messages) == ("", [])
    history.add_ai_message("Hello again")
    history.close()
    stored = storage.load("chat")
    assert (stored.title, [m.content for m in stored.messages]) == ("Chat", ["Hello again"])


def test_a_session_that_another_process_holds_is_locked(
    history: OpencodeChatMessageHistory, storage: SessionStorage, tmp_path: Path
) -> None:
    history.add_user_message("Hello")
    program = """if True:
        import sys
        from opencode.adapters.langchain import OpencodeChatMessageHistory
        try:
            OpencodeChatMessageHistory("chat", sys.argv[1]).add_user_message("Hello from here")
        except Exception as error:
            print(type(error).__name__)
    """
    command = [sys.executable, "-c", program, str(storage.path)]
    told = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert told.stdout == f"{SessionLockedError.__name__}\n"
    history.close()
    told = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (told.stdout, told.stderr) == ("", "")
    assert history.messages == [HumanMessage("Hello"), HumanMessage("Hello from here")]
    history.close()


def test_a_history_that_nobody_has_any_more_is_closed(storage: SessionStorage) -> None:
    OpencodeChatMessageHistory("gone", storage).add_user_message("Hello")
    gc.collect()
    # What is open cannot be cleaned up.
    assert storage.cleanup_old_sessions(0, keep_minimum=0) == ["gone"]


def test_a_history_can_be_read_and_closed_while_the_interpreter_ends(tmp_path: Path) -> None:
    program = """if True:
        import atexit, sys
        from opencode.adapters.langchain import OpencodeChatMessageHistory
        history = OpencodeChatMessageHistory("chat", sys.argv[1])
        history.add_user_message("Hello")
        atexit.register(history.close)
        atexit.register(lambda: print(history))
    """
    command = [sys.executable, "-c", program, str(tmp_path)]
    told = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (told.returncode, told.stdout, told.stderr) == (0, "Human: Hello\n", "")


def test_an_id_that_is_none_is_refused_at_once(storage: SessionStorage) -> None:
    with pytest.raises(InvalidSessionIdError):
        OpencodeChatMessageHistory("user:1", storage)


def test_without_langchain_the_import_says_what_to_install() -> None:
    program = """if True:
        import sys
        sys.modules["langchain_core"] = None
        try:
            import opencode.adapters.langchain
        except ImportError as error:
            print(error)
    """
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert "pip install 'opencode-sessions[langchain]'" in told.stdout
