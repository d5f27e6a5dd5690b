"""Conversations with a model that answers over HTTP, as they are kept, given away and taken."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from opencode.conversation import Conversation
from opencode.errors import SessionConflictError
from opencode.sessions import SessionStorage
from tests.conversation.conftest import Service


def stored(folder: Path) -> str:
    """Everything that is written below a directory."""
    return "".join(
        path.read_text("utf-8", "replace") for path in folder.rglob("*") if path.is_file()
    )


def test_session_persistence(service: Service, storage: SessionStorage, tmp_path: Path) -> None:
    """What is said is on the disk when its turn is over: with the session open, nothing saved."""
    service.answers("Which way is north?", "Up, on most maps.")
    conversation = service.create(session_id="abc123")
    conversation.message("Which way is north?").text()
    kept = storage.load("abc123")
    assert [(message.role, message.content) for message in kept.messages] == [
        ("user", "Which way is north?"),
        ("assistant", "Up, on most maps."),
    ]
    assert kept.model == "claude-3-sonnet"
    assert kept.total_tokens == 25
    written = stored(tmp_path / "store")
    assert "Up, on most maps." in written
    assert "key-of-a-test" not in written


def test_what_was_asked_is_on_the_disk_before_the_model_hears_it(
    service: Service, storage: SessionStorage
) -> None:
    service.calls("Look around", ("look", {}), then="Nothing.")
    seen: list[list[str]] = []

    def look() -> None:
        seen.append([message.role for message in storage.load("abc123").messages])

    service.create(session_id="abc123", tools=[look]).message("Look around").text()
    assert seen == [["user", "assistant"]]


def test_the_default_store_is_in_the_home(
    service: Service, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("OPENCODE_SESSIONS_DIR")
    service.answers("Hello", "Hello, world!")
    service.create(session_id="abc123", storage=None).message("Hello").text()
    sessions = tmp_path / "home" / ".opencode" / "sessions"
    assert (sessions / "abc123.json").exists()
    assert "Hello, world!" in stored(sessions)


def test_manual_save_and_load(service: Service, storage: SessionStorage) -> None:
    service.answers("Hello", "Hello, world!")
    service.answers("And now?", "Still here.")
    with service.create(session_id="abc123", auto_save=False) as conversation:
        conversation.message("Hello").text()
        assert not storage.exists("abc123")
        conversation.save()
    loaded = service.closes(Conversation.load("abc123", **service.options))
    assert [message.content for message in loaded.get_messages()] == ["Hello", "Hello, world!"]
    assert loaded.message("And now?").text() == "Still here."
    assert len(service.form.said(service.asked[-1])) == 3


def test_export_and_import(service: Service, tmp_path: Path) -> None:
    service.calls("Which files?", ("glob", {"pattern": "*.none"}), then="None.")
    service.answers("Are you sure?", "Yes.")
    with service.create(tools=["glob"], working_dir=tmp_path) as conversation:
        conversation.message("Which files?").text()
        exported = json.dumps(conversation.export(), indent=2)
        messages = conversation.get_messages()
    with pytest.raises(SessionConflictError):
        Conversation.import_(json.loads(exported), **service.options)

    elsewhere = SessionStorage(tmp_path / "elsewhere")
    options = {**service.options, "storage": elsewhere}
    imported = service.closes(Conversation.import_(json.loads(exported), **options))
    assert imported.id == conversation.id
    assert imported.get_messages() == messages
    assert imported.message("Are you sure?").text() == "Yes."
    roles = [role for role, _ in service.form.said(service.asked[-1])]
    assert roles == ["user", "assistant", "tool", "assistant", "user"]
