"""What no case can show, because it belongs to the process or to Python alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from opencode.sessions import SessionManager, SessionStorage


def test_the_default_store_is_where_the_environment_says_else_below_the_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENCODE_SESSIONS_DIR", str(tmp_path / "said"))
    assert SessionStorage.get_default_dir() == tmp_path / "said"
    monkeypatch.delenv("OPENCODE_SESSIONS_DIR")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert SessionStorage.get_default_dir() == tmp_path / ".opencode" / "sessions"


def test_a_hit_of_a_search_is_plain_data(manager: SessionManager) -> None:
    session = manager.create(title="Tokens")
    message = manager.add_message("user", "refresh")
    hit = manager.search_messages("refresh")[0]
    assert hit.to_dict() == {
        "session_id": session.id,
        "title": "Tokens",
        "message_id": message.id,
        "role": "user",
        "snippet": hit.snippet,
        "rank": hit.rank,
    }
