"""What a model is sent, and what of the history is changed, with one that answers over HTTP."""

from __future__ import annotations

from itertools import pairwise

import pytest

from opencode.conversation import DEFAULT_SYSTEM_PROMPT, Conversation, PromptTemplate
from tests.conversation.conftest import Service

DEFAULT_PROMPT = """\
You are an expert coding assistant. You help users write, understand, and debug code.

You have access to tools for:
- Reading and writing files
- Executing shell commands
- Searching code
- Getting diagnostics

Always explain your reasoning and ask for clarification when needed.\
"""


def said(conversation: Conversation) -> list[tuple[str, str]]:
    return [(message.role, message.content) for message in conversation.get_messages()]


def test_context_management(service: Service) -> None:
    service.answers("Long conversation...", "It was long.", usage=None)
    conversation = service.create(context_window=2000, max_tokens=200)
    filled = 0
    for number in range(12):
        conversation.message(f"Long conversation... {number} " + "word " * 200).text()
        usage = conversation.get_context_usage()
        assert usage.max == 2000
        assert 0 < usage.current <= 2000
        assert usage.percent == pytest.approx(100 * usage.current / usage.max)
        filled = max(filled, usage.current)
    assert filled > 1000
    assert len(conversation.get_messages()) == 24, "the history is whole"
    last = service.form.said(service.asked[-1])
    assert len(last) < 23, "the oldest were left out"
    assert last[0][0] == "user"
    assert "Long conversation... 11" in last[-1][1]
    assert service.form.system(service.asked[-1]) == DEFAULT_SYSTEM_PROMPT


def test_the_usage_is_what_the_model_told(service: Service) -> None:
    told = {"prompt_tokens": 1234, "completion_tokens": 56}
    service.answers("Hello", "Hello, world!", usage=told)
    conversation = service.create(context_window=200_000)
    conversation.message("Hello").text()
    usage = conversation.get_context_usage()
    assert usage.current == 1234 + 56
    assert usage.max == 200_000


def test_default_prompt(service: Service) -> None:
    service.answers("Hello", "Hello, world!")
    service.create().message("Hello").text()
    assert service.form.system(service.asked[0]) == DEFAULT_PROMPT


def test_custom_prompts(service: Service) -> None:
    prompt = (
        "You are a Python expert specializing in data science.\n\n"
        "You should:\n"
        "- Prefer pandas and numpy for data manipulation\n"
        "- Use matplotlib for visualizations\n"
        "- Write clean, well-documented code\n"
        "- Suggest best practices"
    )
    service.answers("Hello", "Hello, world!")
    conversation = service.create(system_prompt=prompt)
    conversation.message("Hello").text()
    conversation.close()
    Conversation.resume(conversation.id, **service.options).message("Hello").text()
    assert [service.form.system(body) for body in service.asked] == [prompt, prompt]


def test_prompt_templates(service: Service) -> None:
    template = PromptTemplate.create(
        role="backend developer",
        language="typescript",
        framework="express",
        style="functional",
    )
    service.answers("Hello", "Hello, world!")
    service.create(system_prompt=template.render()).message("Hello").text()
    sent = service.form.system(service.asked[0])
    assert sent == template.render()
    assert sent is not None
    for word in ("backend developer", "typescript", "express", "functional"):
        assert word in sent


def talked(service: Service, turns: int) -> Conversation:
    conversation = service.create(context_window=200_000)
    for number in range(turns):
        service.answers(f"question {number}", f"answer {number}")
        conversation.message(f"question {number}").text()
    return conversation


def test_message_editing(service: Service) -> None:
    conversation = talked(service, 2)
    messages = conversation.get_messages()
    conversation.edit_message(messages[0].id, content="Updated message content")
    assert conversation.delete_message(messages[1].id) == [messages[1].id]
    service.answers("Well?", "Well.")
    conversation.message("Well?").text()
    texts = [text for _, text in service.form.said(service.asked[-1])]
    # One of the forms has what a side says at once in one message.
    assert "|".join(texts).startswith("Updated message content")
    assert "question 0" not in "|".join(texts)
    assert "answer 0" not in "|".join(texts)
    assert texts[-2:] == ["answer 1", "Well?"]


def test_context_pruning(service: Service) -> None:
    conversation = service.create(
        context_window=2000,
        max_tokens=200,
        prune_strategy="sliding-window",
        prune_threshold=0.9,
    )
    service.answers("question", "Noted.", usage=None)
    sent = []
    for number in range(10):
        conversation.message(f"question {number} " + "word " * 200).text()
        sent.append(len(service.form.said(service.asked[-1])))
    assert sent[:3] == [1, 3, 5], "it pruned before it had to"
    assert max(sent) < 19
    assert any(later < earlier for earlier, later in pairwise(sent))
    assert len(conversation.get_messages()) == 20


def test_manual_pruning(service: Service) -> None:
    conversation = talked(service, 15)
    first = conversation.get_messages()[0]
    conversation.mark_important(first.id)
    before = conversation.get_context_usage().current
    pruned = conversation.prune_context(keep_last=20, keep_system=True, keep_important=True)
    assert first.id not in pruned.left_out
    assert 0 < len(pruned.left_out) < 10
    assert pruned.tokens_after < pruned.tokens_before
    assert conversation.get_context_usage().current < before
    service.answers("Well?", "Well.")
    conversation.message("Well?").text()
    last = service.asked[-1]
    texts = [text for _, text in service.form.said(last)]
    assert texts[0].startswith("question 0")
    assert "answer 1" not in texts
    assert texts[-3:] == ["question 14", "answer 14", "Well?"]
    assert service.form.system(last) == DEFAULT_SYSTEM_PROMPT
    assert len(conversation.get_messages()) == 32


def test_session_forking(service: Service) -> None:
    conversation = talked(service, 3)
    message_id = conversation.get_messages()[1].id
    forked = service.closes(
        conversation.fork(from_message=message_id, new_session_id="forked-abc123")
    )
    assert forked.id == "forked-abc123"
    service.answers("Try a different approach", "Here is another one.")
    assert forked.message("Try a different approach").text() == "Here is another one."
    assert service.form.said(service.asked[-1]) == [
        ("user", "question 0"),
        ("assistant", "answer 0"),
        ("user", "Try a different approach"),
    ]
    assert said(conversation)[-1] == ("assistant", "answer 2")
    assert len(conversation.get_messages()) == 6
