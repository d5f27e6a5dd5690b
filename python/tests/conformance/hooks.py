"""Hooks: callbacks that note what they hear, and shell commands given as data."""

from __future__ import annotations

from typing import Any

from opencode.hooks import Hook, HookEvent, HookRegistry
from opencode.sessions import Session, SessionManager
from tests.conformance.values import Names, canonical


class Heard:
    """A callback: it notes what it is told, and then raises if it was told to."""

    def __init__(self, event: str, fails: str | None) -> None:
        self.event = event
        self.notes: list[dict[str, Any]] = []
        self._fails = fails

    def __call__(self, about: Session | HookEvent, more: Any = None) -> None:
        if isinstance(about, HookEvent):
            self.notes.append({"event": about.name, "session_id": about.session_id})
        else:
            note: dict[str, Any] = {"event": self.event, "session_id": about.id}
            if isinstance(more, Exception):
                note["error"] = {"code": getattr(more, "code", None)}
            elif more is not None:
                note[self.event.removeprefix("session:")] = canonical(more)
            self.notes.append(note)
        if self._fails is not None:
            raise RuntimeError(self._fails)


def register_hook(manager: SessionManager, event: str, fails: str | None = None) -> Heard:
    heard = Heard(event, fails)
    manager.register_hook(event, heard)
    return heard


def unregister_hook(manager: SessionManager, hook: Heard) -> bool:
    return manager.unregister_hook(hook.event, hook)


def notes(_: Names, of: Heard) -> list[dict[str, Any]]:
    return list(of.notes)


def register(registry: HookRegistry, hook: dict[str, Any]) -> int:
    return registry.register(Hook(**hook))


OPERATIONS: dict[str, Any] = {
    "hooks.register": register,
    "manager.register_hook": register_hook,
    "manager.unregister_hook": unregister_hook,
}

OWN: dict[str, Any] = {"heard.notes": notes}
