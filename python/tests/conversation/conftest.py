"""Conversations with a scripted model, in a store of the test's own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple, TypeAlias

import pytest

from opencode.conversation import Conversation, Reply, ScriptedModel
from opencode.sessions import SessionStorage


class Talk(NamedTuple):
    conversation: Conversation
    model: ScriptedModel


Begin: TypeAlias = Callable[..., Talk]


@pytest.fixture
def begin(storage: SessionStorage) -> Iterator[Begin]:
    """Begins conversations with a script, and closes them."""
    begun: list[Conversation] = []

    def begin(replies: Iterable[str | Reply], **options: Any) -> Talk:
        model = ScriptedModel(replies)
        options = {"provider": model, "storage": storage, **options}
        begun.append(Conversation.create("m1", **options))
        return Talk(begun[-1], model)

    yield begin
    for conversation in begun:
        conversation.close()
