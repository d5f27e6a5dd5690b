"""The hints of what is public can be read at run time, as other libraries do it."""

from __future__ import annotations

import inspect
import typing
from typing import Any

import pytest

import opencode.conversation
from opencode.conversation import Conversation, Options, ResponseStream
from tests.conversation.conftest import Begin

PUBLIC = [getattr(opencode.conversation, name) for name in opencode.conversation.__all__]
CLASSES = [one for one in PUBLIC if inspect.isclass(one)]


def functions(of: type) -> list[Any]:
    members = [inspect.unwrap(getattr(of, name)) for name in vars(of) if not name.startswith("_")]
    members = [one.fget if isinstance(one, property) else one for one in members]
    return [one for one in members if inspect.isfunction(one) or inspect.ismethod(one)]


@pytest.mark.parametrize("of", CLASSES)
def test_hints_can_be_read(of: type) -> None:
    typing.get_type_hints(of)
    for function in functions(of):
        typing.get_type_hints(function)


def test_the_options_are_in_the_hints() -> None:
    assert {Conversation.create, Conversation.resume} <= set(functions(Conversation))
    hint = typing.get_type_hints(Conversation.create)["options"]
    assert Options in (hint, *typing.get_args(hint))


def test_every_event_of_the_hints_can_be_listened_to(begin: Begin) -> None:
    conversation = begin(["Hello."]).conversation
    for event in typing.get_args(typing.get_type_hints(Conversation.on)["event"]):
        assert conversation.on(event, print) is conversation
        assert conversation.off(event, print)
    stream = conversation.message("Hi.")
    for event in typing.get_args(typing.get_type_hints(ResponseStream.on)["event"]):
        assert stream.on(event, lambda *_: None) is stream
