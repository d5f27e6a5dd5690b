"""``conversation.*``, ``stream.*``, ``pool.*``, ``template.*`` and who answers a conversation."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from opencode.conversation import (
    Conversation,
    PromptTemplate,
    ResponseStream,
    SessionPool,
)
from opencode.sessions import SessionMessage, SessionStorage
from tests.conformance import models, tools
from tests.conformance.values import Names, canonical


def _storage(names: Names) -> SessionStorage:
    if "storage" not in names.named:
        names.named["storage"] = SessionStorage(names.path("store"))
    storage: SessionStorage = names.named["storage"]
    return storage


def _options(names: Names, args: dict[str, Any]) -> dict[str, Any]:
    """Those of a step, over the case's model and store, with tools and answers made of data."""
    options = {"storage": _storage(names), **args}
    if "provider" not in options:
        options = {**models.options(names), **options}
    if isinstance(options.get("tools"), list):
        options["tools"] = [
            tools.new(names, **tool) if isinstance(tool, dict) else tool
            for tool in options["tools"]
        ]
    if isinstance(options.get("approve"), bool):
        options["approve"] = tools.approver(names, options["approve"])
    return options


def create(names: Names, model: str = "m1", **args: Any) -> Conversation:
    return Conversation.create(model, **_options(names, args))


def resume(names: Names, session_id: str, **args: Any) -> Conversation:
    return Conversation.resume(session_id, **_options(names, args))


def load(names: Names, session_id: str, **args: Any) -> Conversation:
    return Conversation.load(session_id, **_options(names, args))


def import_(names: Names, data: Any, on_conflict: Any = "error", **args: Any) -> Conversation:
    return Conversation.import_(data, on_conflict, **_options(names, args))


def _of_store(method: Callable[..., Any]) -> Callable[..., Any]:
    def call(names: Names, **args: Any) -> Any:
        return method(**{"storage": _storage(names), **args})

    return call


def message(conversation: Conversation, said: Any) -> ResponseStream:
    return conversation.message(SessionMessage.from_dict(said) if isinstance(said, dict) else said)


def register_tool(names: Names, conversation: Conversation, tool: Any) -> None:
    conversation.register_tool(tools.new(names, **tool) if isinstance(tool, dict) else tool)


class Listener:
    """A callback of a conversation or a turn."""

    def __init__(self, event: str) -> None:
        self.event = event
        self.notes: list[Any] = []

    def __call__(self, *told: Any) -> None:
        (about,) = told or (None,)
        is_error = isinstance(about, Exception)
        self.notes.append({"code": getattr(about, "code", None)} if is_error else canonical(about))


def on(of: Any, event: Any) -> Listener:
    listener = Listener(event)
    of.on(event, listener)
    return listener


def off(conversation: Conversation, listener: Listener) -> bool:
    event: Any = listener.event
    return conversation.off(event, listener)


def following(names: Names, stream: ResponseStream) -> Any:
    """The next chunk of one loop over the turn, ``None`` at its end."""
    if stream not in names.kept:
        # One that is dropped ends the turn.
        names.kept[stream] = iter(stream)
    loop: Iterator[Any] = names.kept[stream]
    return next(loop, None)


def chunks(names: Names, stream: ResponseStream | None = None) -> list[Any]:
    """All chunks; texts that follow one another are one."""
    merged: list[Any] = []
    for chunk in map(canonical, stream or names.named["stream"]):
        before = merged[-1] if merged else {"type": None}
        if chunk["type"] == before["type"] and chunk["type"] in ("text", "reasoning"):
            before["content"] += chunk["content"]
        else:
            merged.append(chunk)
    return merged


def new_pool(names: Names, capacity: int, idle_seconds: float = 300.0, **args: Any) -> SessionPool:
    options = {"model": "m1", **_options(names, args)}
    return SessionPool(capacity, idle_seconds, **options)


def take(names: Names, pool: SessionPool, session_id: str) -> Conversation:
    lending = pool.acquire(session_id)
    conversation = lending.__enter__()
    names.kept[conversation] = lending
    names.ending.callback(give_back, names, pool, conversation)
    return conversation


def give_back(names: Names, _: SessionPool, conversation: Conversation) -> None:
    if conversation in names.kept:
        names.kept.pop(conversation).__exit__(None, None, None)
        for name in [name for name, one in names.named.items() if one is conversation]:
            del names.named[name]


def new_template(_: Names, text: str, fields: dict[str, str] | None = None) -> PromptTemplate:
    return PromptTemplate(text, **fields or {})


def create_template(_: Names, **args: Any) -> PromptTemplate:
    return PromptTemplate.create(**args)


def render(template: PromptTemplate, fields: dict[str, str] | None = None) -> str:
    return template.render(**fields or {})


#: Called with the object and the arguments.
OPERATIONS: dict[str, Any] = {
    "conversation.message": message,
    "conversation.off": off,
    "conversation.on": on,
    "pool.size": len,
    "stream.on": on,
    "template.render": render,
}
#: Called with the case's names, the object and the arguments.
OF_CASE: dict[str, Any] = {
    "conversation.register_tool": register_tool,
    "pool.give_back": give_back,
    "pool.take": take,
    "stream.next": following,
}
#: Called with the case's names and the arguments.
MADE: dict[str, Any] = {
    "conversation.create": create,
    "conversation.delete": _of_store(Conversation.delete),
    "conversation.delete_all": _of_store(Conversation.delete_all),
    "conversation.import": import_,
    "conversation.info": _of_store(Conversation.info),
    "conversation.list": _of_store(Conversation.list),
    "conversation.load": load,
    "conversation.resume": resume,
    "model.new": models.new,
    "pool.new": new_pool,
    "provider.stream": models.own,
    "template.create": create_template,
    "template.new": new_template,
    "tool.new": tools.new,
}
OWN: dict[str, Any] = {
    "approver.new": tools.approver,
    "model.requests": models.requests,
    "stream.chunks": chunks,
}
