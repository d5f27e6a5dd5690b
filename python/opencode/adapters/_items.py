"""Items of the OpenAI Agents SDK as messages of ours, and back.

What the model did in one response is one message: its text, reasoning and calls, which are items of
their own there. A message keeps its items in ``metadata`` unless its fields say all of them, and
gives them back as they were until somebody edits what it says: then its fields count.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from opencode.errors import InvalidArgumentError
from opencode.sessions import Session, SessionMessage

__all__ = ["latest", "messages_of", "popped"]

Item = dict[str, Any]

KEY = "openai_agents"
"""Where a message keeps its items."""

SAID = ("content", "tool_calls", "tool_call_id", "reasoning", "parts")


def messages_of(items: object) -> list[SessionMessage]:
    """The messages that hold these items; ``INVALID_ARGUMENT`` if one of them cannot be kept."""
    if not isinstance(items, Sequence) or isinstance(items, str):
        raise InvalidArgumentError(f"items is a list of dicts, not a {type(items).__name__}")
    groups: list[list[Item]] = []
    for number, item in enumerate(items):
        if not isinstance(item, Mapping):
            raise InvalidArgumentError(f"items[{number}] is a {type(item).__name__}, not a dict")
        # A copy, and of what can be stored only.
        item = SessionMessage("user", metadata={KEY: item}).to_dict()["metadata"][KEY]
        if groups and _joins(item, groups[-1]):
            groups[-1].append(item)
        else:
            groups.append([item])
    return [SessionMessage.from_dict(_fields_of(group)) for group in groups]


def latest(session: Session, limit: int | None) -> list[Item]:
    """The items of a session in their order, all of them or the last ones."""
    groups: list[list[Item]] = []
    missing = limit
    for message in reversed(session.messages):
        if missing is not None and missing <= 0:
            break
        items = _items_of(message)
        groups.append(items if missing is None else items[-missing:])
        missing = None if missing is None else missing - len(items)
    return [item for group in reversed(groups) for item in group]


def popped(session: Session) -> Item | None:
    """Takes the last item away."""
    for message in reversed(session.messages):
        if not (items := _items_of(message)):
            continue
        last = items.pop()
        if items:
            kept = {name: value for name, value in (message.metadata or {}).items() if name != KEY}
            fields = _fields_of(items)
            fields["metadata"] = {**kept, **fields.get("metadata", {})} or None
            session.edit_message(message.id, **{**dict.fromkeys(SAID), **fields})
        else:
            # Deleting a call or its result takes the other along; apart, each goes by itself.
            session.edit_message(message.id, tool_calls=None, tool_call_id=None)
            session.delete_message(message.id)
        return last
    return None


def _items_of(message: SessionMessage) -> list[Item]:
    """The items that a message holds, or stands for if it was made or edited by others."""
    kept = message.to_dict().get("metadata", {}).get(KEY)
    if isinstance(kept, list) and kept and all(isinstance(item, dict) for item in kept):
        said = SessionMessage.from_dict(_said(kept))
        if all(getattr(said, name) == getattr(message, name) for name in ("role", *SAID)):
            return kept
    return _stood_for(message)


def _fields_of(items: list[Item]) -> dict[str, Any]:
    """A message's fields for the items of one group."""
    fields = _said(items)
    if _stood_for(SessionMessage.from_dict(fields)) != items:
        fields["metadata"] = {KEY: items}
    return fields


def _is_message(item: Mapping[str, Any]) -> bool:
    return isinstance(item.get("role"), str) and item.get("type", "message") == "message"


def _is_of_model(item: Mapping[str, Any]) -> bool:
    return item["role"] == "assistant" if _is_message(item) else not _is_result(item)


def _is_result(item: Mapping[str, Any]) -> bool:
    return str(item.get("type")).endswith("_output") and isinstance(item.get("call_id"), str)


def _is_call(item: Mapping[str, Any]) -> bool:
    # Calls without a call_id are run where the model is, and have no result of their own.
    return str(item.get("type")).endswith("_call") and isinstance(item.get("call_id"), str)


def _joins(item: Mapping[str, Any], group: list[Item]) -> bool:
    if not (_is_of_model(item) and _is_of_model(group[-1])):
        return False
    return not (_is_message(item) and any(map(_is_message, group)))


def _said(items: list[Item]) -> dict[str, Any]:
    """What the items say in the fields of a message."""
    first = items[0]
    if _is_result(first):
        output = _in_chat(first.get("output"))
        return _fields({"role": "tool", "content": output, "tool_call_id": first["call_id"]})
    if not _is_of_model(first):
        return _fields({"role": first["role"], "content": _in_chat(first.get("content"))})
    texts = [_in_chat(item.get("content")) for item in items if _is_message(item)]
    fields = _fields({"role": "assistant", "content": texts[0] if texts else ""})
    if calls := [_call(item) for item in items if _is_call(item)]:
        fields["tool_calls"] = calls
    if thoughts := [text for item in items if (text := _thought(item))]:
        fields["reasoning"] = [{"text": text} for text in thoughts]
    return fields


def _fields(chat: dict[str, Any]) -> dict[str, Any]:
    fields = SessionMessage.from_llm_message(chat).to_dict()
    return {name: value for name, value in fields.items() if name not in ("id", "timestamp")}


def _call(item: Item) -> dict[str, Any]:
    aside = ("type", "id", "call_id", "status")
    rest = {key: value for key, value in item.items() if key not in aside}
    arguments = item.get("arguments", item.get("input", rest))
    return {
        "id": item["call_id"],
        "type": "function",
        "function": {
            "name": str(item.get("name") or item["type"].removesuffix("_call")),
            "arguments": arguments if isinstance(arguments, str) else json.dumps(arguments),
        },
    }


def _thought(item: Item) -> str:
    if item.get("type") != "reasoning":
        return ""
    told = [item.get("summary"), item.get("content")]
    pieces = [piece for pieces in told if isinstance(pieces, list) for piece in pieces]
    return "\n".join(str(piece.get("text", "")) for piece in pieces if isinstance(piece, dict))


def _in_chat(content: Any) -> Any:
    """Content in the shape of chat APIs, which is that of our messages."""
    if content is None or isinstance(content, str):
        return content or ""
    pieces = content if isinstance(content, list) else [content]
    return [_piece_in_chat(piece) for piece in pieces]


def _piece_in_chat(piece: Any) -> Any:
    match piece:
        case {"type": "input_text" | "output_text" | "text", "text": str(text)}:
            return {"type": "text", "text": text}
        case {"type": "refusal", "refusal": str(text)}:
            return {"type": "text", "text": text}
        case {"type": "input_image" | "computer_screenshot", "image_url": str(url)}:
            return {"type": "image_url", "image_url": {"url": url, **_picked(piece, "detail")}}
        case {"type": "input_file", "file_data": str(data)}:
            return {"type": "file", "file": {"file_data": data, **_picked(piece, "filename")}}
        case _:
            return piece


def _stood_for(message: SessionMessage) -> list[Item]:
    """The items that say what the fields of a message say."""
    chat = message.to_llm_message()
    role, content = chat["role"], _in_items(chat["content"])
    if role == "tool" and message.tool_call_id:
        output = {"call_id": message.tool_call_id, "output": content}
        return [{"type": "function_call_output", **output}]
    if role != "assistant":
        role = role if role in ("system", "developer") else "user"
        return [{"role": role, "content": content}]
    items: list[Item] = [{"role": "assistant", "content": content}] if content else []
    for number, call in enumerate(chat.get("tool_calls", ())):
        function = call.get("function", call)
        arguments = function.get("arguments") or "{}"
        items.append(
            {
                "type": "function_call",
                "call_id": call.get("id") or f"{message.id}_{number}",
                "name": function.get("name") or "unknown",
                "arguments": arguments if isinstance(arguments, str) else json.dumps(arguments),
            }
        )
    return items


def _in_items(content: Any) -> Any:
    return content if isinstance(content, str) else [_piece_in_items(piece) for piece in content]


def _piece_in_items(piece: Any) -> Any:
    match piece:
        case {"type": "text", "text": str(text)}:
            return {"type": "input_text", "text": text}
        case {"type": "image_url", "image_url": {"url": str(url)} as image}:
            return {"type": "input_image", "image_url": url, **_picked(image, "detail")}
        case {"type": "image_url", "image_url": str(url)}:
            return {"type": "input_image", "image_url": url}
        case {"type": "file", "file": {"file_data": str(data)} as file}:
            return {"type": "input_file", "file_data": data, **_picked(file, "filename")}
        case {"type": "refusal", "refusal": str(text)}:
            return {"type": "input_text", "text": text}
        case _:
            return piece


def _picked(given: dict[str, Any], name: str) -> dict[str, Any]:
    return {name: given[name]} if name in given else {}
