"""Conversations with a scripted model, in a store of the test's own."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from typing import Any, NamedTuple, TypeAlias, TypeVar

import pytest

from opencode.conversation import Conversation, Reply, ScriptedModel
from opencode.sessions import SessionStorage

T = TypeVar("T")


class Talk(NamedTuple):
    conversation: Conversation
    model: ScriptedModel


Begin: TypeAlias = Callable[..., Talk]


def within(work: Callable[[], T], seconds: float = 30) -> T:
    """Gives what work gives, and fails where it would take for ever."""
    given: Future[T] = Future()

    def run() -> None:
        try:
            given.set_result(work())
        except BaseException as error:
            given.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return given.result(seconds)


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
