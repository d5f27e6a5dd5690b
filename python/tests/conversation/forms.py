"""The forms that models are spoken with in: what requests say, and how answers are written."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any, Protocol, TypeAlias

from tests.conversation.front import Answer, Asked

__all__ = ["FORMS", "Anthropic", "Form", "OpenAi"]

Body: TypeAlias = dict[str, Any]
Event: TypeAlias = dict[str, Any]

KEY = "key-of-a-test"


class Form(Protocol):
    name: str
    #: Where its requests go.
    path: str

    def options(self, url: str) -> dict[str, Any]:
        """Of a conversation with the model at this address."""

    def key(self, asked: Asked) -> str:
        """The key that came along."""

    def system(self, body: Body) -> str | None:
        """The system prompt."""

    def said(self, body: Body) -> list[tuple[str, str]]:
        """Roles and texts, oldest first, without the system prompt. Results are of ``tool``."""

    def tools(self, body: Body) -> dict[str, tuple[str, dict[str, Any]]]:
        """Descriptions and schemas by name."""

    def stops(self, body: Body) -> list[str] | None:
        """Where the model is to stop."""

    def check(self, body: Body) -> None:
        """Fails for what services of this form refuse."""

    def text(self, *words: str) -> list[Event]:
        """A text, word by word."""

    def thought(self, *words: str) -> list[Event]:
        """A thought that is not over, word by word."""

    def call(self, id_: str, name: str, *arguments: str, ends: bool = True) -> list[Event]:
        """A call of a tool; its arguments in pieces. It may be open still."""

    def begin(self) -> list[Event]:
        """The beginning of an answer."""

    def end(self, *, calls: bool = False, is_full: bool = False) -> list[Event]:
        """The end of an answer: 20 tokens sent and 5 answered, which may be all it could be."""

    def written(self, events: Iterable[Event]) -> list[bytes]:
        """Events as they go over the wire."""

    def refused(self, status: int, kind: str, message: str, **headers: str) -> Answer:
        """An answer that is an error."""


def _json(status: int, body: Body, headers: dict[str, str]) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    named = {"content-type": "application/json", **named}
    return Answer([json.dumps(body).encode()], status, named)


class OpenAi:
    """Chat completions."""

    name = "openai"
    path = "/v1/chat/completions"

    def options(self, url: str) -> dict[str, Any]:
        return {"provider": "openai", "base_url": f"{url}/v1", "api_key": KEY}

    def key(self, asked: Asked) -> str:
        return asked.headers["authorization"].removeprefix("Bearer ")

    def system(self, body: Body) -> str | None:
        first = body["messages"][0]
        return first["content"] if first["role"] == "system" else None

    def said(self, body: Body) -> list[tuple[str, str]]:
        messages = [message for message in body["messages"] if message["role"] != "system"]
        return [(message["role"], message["content"]) for message in messages]

    def tools(self, body: Body) -> dict[str, tuple[str, dict[str, Any]]]:
        tools = [tool["function"] for tool in body.get("tools", ())]
        return {tool["name"]: (tool["description"], tool["parameters"]) for tool in tools}

    def stops(self, body: Body) -> list[str] | None:
        return body.get("stop")

    def check(self, body: Body) -> None:
        unanswered: list[str] = []
        roles = [message["role"] for message in body["messages"]]
        assert next(role for role in roles if role != "system") == "user"
        for message in body["messages"]:
            if message["role"] == "tool":
                unanswered.remove(message["tool_call_id"])
                continue
            assert unanswered == [], "a call has no result right behind it"
            calls = message.get("tool_calls", [])
            assert message["content"] or calls, "nothing is said"
            for call in calls:
                assert isinstance(json.loads(call["function"]["arguments"]), dict)
            unanswered = [call["id"] for call in calls]
        assert unanswered == []

    def text(self, *words: str) -> list[Event]:
        return [self._piece({"content": word}) for word in words]

    def thought(self, *words: str) -> list[Event]:
        return [self._piece({"reasoning_content": word}) for word in words]

    def call(self, id_: str, name: str, *arguments: str, ends: bool = True) -> list[Event]:
        begun: Event = {"id": id_, "type": "function", "function": {"name": name, "arguments": ""}}
        pieces = [begun, *({"function": {"arguments": text}} for text in arguments)]
        return [self._piece({"tool_calls": [{"index": 0, **piece}]}) for piece in pieces]

    def begin(self) -> list[Event]:
        return [self._piece({"role": "assistant", "content": ""})]

    def end(self, *, calls: bool = False, is_full: bool = False) -> list[Event]:
        usage = {"prompt_tokens": 20, "completion_tokens": 5, "total_tokens": 25}
        return [
            self._piece({}, "length" if is_full else "tool_calls" if calls else "stop"),
            {"choices": [], "usage": usage},
        ]

    def _piece(self, delta: dict[str, Any], finish: str | None = None) -> Event:
        return {"id": "1", "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}

    def written(self, events: Iterable[Event]) -> list[bytes]:
        lines = [f"data: {json.dumps(event)}\n\n".encode() for event in events]
        is_whole = bool(lines) and b'"usage"' in lines[-1]
        return [*lines, b"data: [DONE]\n\n"] if is_whole else lines

    def refused(self, status: int, kind: str, message: str, **headers: str) -> Answer:
        error = {"message": message, "type": kind, "param": None, "code": kind}
        return _json(status, {"error": error}, headers)


class Anthropic:
    """Messages."""

    name = "anthropic"
    path = "/v1/messages"

    def options(self, url: str) -> dict[str, Any]:
        return {"provider": "anthropic", "base_url": url, "api_key": KEY}

    def key(self, asked: Asked) -> str:
        return asked.headers["x-api-key"]

    def system(self, body: Body) -> str | None:
        if "system" not in body:
            return None
        (block,) = body["system"]
        text: str = block["text"]
        return text

    def said(self, body: Body) -> list[tuple[str, str]]:
        return list(self._said(body))

    def _said(self, body: Body) -> Iterator[tuple[str, str]]:
        for message in body["messages"]:
            texts = [block["text"] for block in message["content"] if block["type"] == "text"]
            results = [block for block in message["content"] if block["type"] == "tool_result"]
            for result in results:
                yield "tool", "".join(block["text"] for block in result["content"])
            if texts or not results:
                yield message["role"], "".join(texts)

    def tools(self, body: Body) -> dict[str, tuple[str, dict[str, Any]]]:
        tools = body.get("tools", ())
        return {tool["name"]: (tool["description"], tool["input_schema"]) for tool in tools}

    def stops(self, body: Body) -> list[str] | None:
        return body.get("stop_sequences")

    def check(self, body: Body) -> None:
        unanswered: set[str] = set()
        for number, message in enumerate(body["messages"]):
            assert message["role"] == ("assistant" if number % 2 else "user"), "no turns are taken"
            assert message["content"], "nothing is said"
            kinds = [block["type"] for block in message["content"]]
            assert kinds == sorted(kinds, key=lambda kind: kind != "tool_result")
            results = [block for block in message["content"] if block["type"] == "tool_result"]
            assert {block["tool_use_id"] for block in results} == unanswered
            assert len(results) == len(unanswered), "a call has two results"
            for block in message["content"]:
                assert block.get("text", "said").strip(), "a text is blank"
            calls = [block for block in message["content"] if block["type"] == "tool_use"]
            assert all(isinstance(call["input"], dict) for call in calls)
            unanswered = {call["id"] for call in calls}
        assert not unanswered

    def text(self, *words: str) -> list[Event]:
        block = {"type": "text", "text": ""}
        return [
            {"type": "content_block_start", "index": 0, "content_block": block},
            *(self._delta(0, {"type": "text_delta", "text": word}) for word in words),
            {"type": "content_block_stop", "index": 0},
        ]

    def thought(self, *words: str) -> list[Event]:
        block = {"type": "thinking", "thinking": "", "signature": ""}
        return [
            {"type": "content_block_start", "index": 0, "content_block": block},
            *(self._delta(0, {"type": "thinking_delta", "thinking": word}) for word in words),
        ]

    def call(self, id_: str, name: str, *arguments: str, ends: bool = True) -> list[Event]:
        block = {"type": "tool_use", "id": id_, "name": name, "input": {}}
        stop: list[Event] = [{"type": "content_block_stop", "index": 1}] if ends else []
        pieces = ({"type": "input_json_delta", "partial_json": text} for text in arguments)
        return [
            {"type": "content_block_start", "index": 1, "content_block": block},
            *(self._delta(1, piece) for piece in pieces),
            *stop,
        ]

    def _delta(self, index: int, delta: dict[str, Any]) -> Event:
        return {"type": "content_block_delta", "index": index, "delta": delta}

    def begin(self) -> list[Event]:
        usage = {"input_tokens": 20, "output_tokens": 1}
        message = {"id": "1", "type": "message", "content": [], "usage": usage}
        return [{"type": "message_start", "message": message}]

    def end(self, *, calls: bool = False, is_full: bool = False) -> list[Event]:
        reason = "max_tokens" if is_full else "tool_use" if calls else "end_turn"
        delta = {"stop_reason": reason}
        return [
            {"type": "message_delta", "delta": delta, "usage": {"output_tokens": 5}},
            {"type": "message_stop"},
        ]

    def written(self, events: Iterable[Event]) -> list[bytes]:
        lines = (f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in events)
        return [line.encode() for line in lines]

    def refused(self, status: int, kind: str, message: str, **headers: str) -> Answer:
        error = {"type": kind, "message": message}
        return _json(status, {"type": "error", "error": error}, headers)


FORMS: list[Form] = [OpenAi(), Anthropic()]
