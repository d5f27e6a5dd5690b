"""What goes into the operations and what comes out, between Python's forms and the cases'."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import Any

from opencode.client import (
    Event,
    Message,
    MessageInfo,
    Part,
    PermissionRequest,
    QuestionRequest,
    SessionInfo,
)
from opencode.client._view import View
from opencode.errors import OpencodeError
from opencode.sessions import CleanupResult, RecoveryReport, SearchResults, SessionList
from tests.conformance.cases import API, FIXTURES

_FIELDS: dict[str, list[str]] = {
    record["python"]: record["fields"] for record in API["records"].values()
}


class Names:
    """The folder of one case and what its steps have named."""

    def __init__(self, folder: Path, loop: asyncio.AbstractEventLoop | None = None) -> None:
        self.folder = folder
        self.named: dict[str, Any] = {}
        #: Where clients are those of asyncio: their loop.
        self.loop = loop
        #: What ends with the case, before what is named is closed.
        self.ending = ExitStack()
        #: What a runner keeps of what is named, by the object.
        self.kept: dict[Any, Any] = {}

    def path(self, below: str) -> Path:
        return self.folder / below

    def resolve(self, given: Any) -> Any:
        """``given`` with each ``$ref``, ``$path``, ``$text`` and ``$json`` replaced."""
        if isinstance(given, list):
            return [self.resolve(one) for one in given]
        if not isinstance(given, dict):
            return given
        if "$ref" in given:
            return self._referred(given["$ref"])
        if "$path" in given:
            return str(self.path(given["$path"]))
        if "$text" in given:
            return (FIXTURES / given["$text"]).read_text(encoding="utf-8")
        if "$json" in given:
            data = json.loads((FIXTURES / given["$json"]).read_text(encoding="utf-8"))
            return at(data, given.get("at", ""))
        return {key: self.resolve(value) for key, value in given.items()}

    def _referred(self, reference: str) -> Any:
        name, _, below = reference.partition(".")
        value = self.named[name]
        return at(canonical(value), below) if below else value


def at(data: Any, path: str) -> Any:
    """What is at ``a.0.b`` in plain data."""
    for key in filter(None, path.split(".")):
        data = data[int(key)] if isinstance(data, list) else data[key]
    return data


def canonical(value: Any) -> Any:
    """A result as plain data, the same in every language."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, SessionList):
        page = {"next_cursor": value.next_cursor, "total": value.total}
        return {"items": [canonical(one) for one in value], **page}
    if isinstance(value, SearchResults):
        read = {"sessions_indexed": value.sessions_indexed, "sessions_total": value.sessions_total}
        return {"items": [canonical(one) for one in value], **read}
    if isinstance(value, CleanupResult):
        skipped = [{"session_id": id, "reason": reason} for id, reason in value.skipped]
        return {"removed": list(value), "skipped": skipped}
    if isinstance(value, RecoveryReport):
        return [{"kind": finding.kind, "text": finding.text} for finding in value]
    if callable(getattr(value, "to_dict", None)) and not _has_fields(value):
        return canonical(value.to_dict())
    if isinstance(value, Mapping):
        return {key: canonical(one) for key, one in value.items()}
    kind = type(value)
    # What the compiled half makes is public under another module's name.
    own = (
        ("client",) if isinstance(value, View) else ("sessions", "hooks", "conversation", "client")
    )
    for module in own:
        fields = _FIELDS.get(f"opencode.{module}.{kind.__name__}")
        if fields is not None and kind.__module__.startswith("opencode."):
            return {field: canonical(getattr(value, field)) for field in fields}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [canonical(one) for one in value]
    return {"object": kind.__name__}


def _has_fields(value: Any) -> bool:
    """Whether it is one of the client's own records, and not the server's to the letter."""
    wire = (Event, Message, MessageInfo, Part, PermissionRequest, QuestionRequest, SessionInfo)
    return isinstance(value, View) and not isinstance(value, wire)


def canonical_error(error: OpencodeError) -> dict[str, Any]:
    names = ("code", "message", "hint", "session_id", "status", "retryable")
    return {name: getattr(error, name) for name in names}
