"""What runs on a session's events: callables of the program, and shell commands."""

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import pytest

from opencode.hooks import Hook, HookEvent, HookRegistry, fire_event, fire_event_sync
from opencode.sessions import (
    InvalidArgumentError,
    Session,
    SessionManager,
    SessionMessage,
    SessionStorageError,
    ToolInvocation,
)


def test_each_event_tells_its_callback_what_it_is_about(manager: SessionManager) -> None:
    told: list[tuple[Any, ...]] = []
    events = ("start", "end", "save", "message", "tool", "error")

    def teller(event: str) -> Callable[..., None]:
        return lambda *args: told.append((event, *args))

    for event in events:
        manager.register_hook(f"session:{event}", teller(event))
    session = manager.create()
    message = manager.add_message("user", "hi")
    tool = manager.record_tool_call("bash", {"command": "ls"})
    manager.save()
    manager.storage.delete(session.id)
    with pytest.raises(SessionStorageError) as caught:
        manager.add_message("user", "too late")
    manager.close()

    assert [event for event, *_ in told] == ["start", "message", "tool", "save", "error"]
    assert all(isinstance(args[1], Session) and args[1].id == session.id for args in told)
    assert told[1][2] == message
    assert isinstance(message, SessionMessage)
    assert told[2][2] == tool
    assert isinstance(tool, ToolInvocation)
    error = told[4][2]
    assert type(error) is type(caught.value)
    assert (error.code, error.message, error.session_id) == (
        caught.value.code,
        caught.value.message,
        session.id,
    )


def test_a_glob_is_told_the_event(manager: SessionManager) -> None:
    told: list[HookEvent] = []
    manager.register_hook("session:*", told.append)
    session = manager.create(title="T", working_dir="/w")
    message = manager.add_message("user", "hi")
    manager.close()
    assert [event.name for event in told] == ["session:start", "session:message", "session:end"]
    assert {event.session_id for event in told} == {session.id}
    assert told[1].data == {
        "message_id": message.id,
        "message_role": "user",
        "session_title": "T",
        "working_dir": "/w",
    }


def test_a_callback_that_raises_is_logged_and_the_others_run(
    manager: SessionManager, caplog: pytest.LogCaptureFixture
) -> None:
    ran: list[str] = []

    def broken(_session: Session) -> None:
        raise RuntimeError("my own fault")

    manager.register_hook("session:start", broken)
    manager.register_hook("session:start", lambda _session: ran.append("second"))
    with caplog.at_level(logging.ERROR, logger="opencode.sessions"):
        manager.create()
    assert ran == ["second"]
    (record,) = caplog.records
    assert record.getMessage() == "a callback on session:start failed"
    assert record.exc_info is not None
    assert isinstance(record.exc_info[1], RuntimeError)
    assert manager.has_current


def test_ctrl_c_in_a_callback_ends_the_call_and_loses_nothing(manager: SessionManager) -> None:
    def interrupted(_session: Session, _message: SessionMessage) -> None:
        raise KeyboardInterrupt

    session = manager.create()
    manager.register_hook("session:message", interrupted)
    with pytest.raises(KeyboardInterrupt):
        manager.add_message("user", "stored all the same")
    assert manager.storage.load(session.id).message_count == 1
    assert manager.unregister_hook("session:message", interrupted)
    manager.add_message("user", "no trace of it is left")


def test_callbacks_are_taken_out_by_event_and_callable(manager: SessionManager) -> None:
    class Listener:
        heard = 0

        def hear(self, _session: Session) -> None:
            self.heard += 1

    listener = Listener()
    manager.register_hook("session:start", listener.hear)
    manager.register_hook("session:end", listener.hear)
    assert not manager.unregister_hook("session:save", listener.hear)
    assert not manager.unregister_hook("session:start", print)
    assert manager.unregister_hook("session:start", listener.hear)
    assert not manager.unregister_hook("session:start", listener.hear)
    manager.create()
    manager.close()
    assert listener.heard == 1


def test_events_there_are_not_and_what_cannot_be_called_are_refused(
    manager: SessionManager,
) -> None:
    with pytest.raises(InvalidArgumentError, match="session:message"):
        manager.register_hook("session:begin", print)
    with pytest.raises(InvalidArgumentError):
        manager.register_hook("session:start", "print")  # type: ignore[call-overload]
    with pytest.raises(InvalidArgumentError):
        Hook("session:begin", "true")
    with pytest.raises(InvalidArgumentError):
        Hook("session:start", " ")
    with pytest.raises(InvalidArgumentError):
        Hook("session:start", "true", timeout=-1)
    with pytest.raises(InvalidArgumentError):
        HookEvent("session:begin", "s")


def test_a_callback_may_use_the_manager(manager: SessionManager) -> None:
    def reply(session: Session, message: SessionMessage) -> None:
        if message.role == "user":
            manager.add_message("assistant", f"{session.message_count}: {message.content}")
            manager.unregister_hook("session:message", reply)

    manager.register_hook("session:message", reply)
    session = manager.create()
    manager.add_message("user", "one")
    manager.add_message("user", "two")
    assert [m.content for m in session.messages] == ["one", "1: one", "two"]


def test_shell_hooks_run_in_order_and_say_what_became_of_them() -> None:
    registry = HookRegistry()
    registry.register(Hook("session:*", 'echo "$OPENCODE_EVENT of $OPENCODE_SESSION_ID"'))
    failing = registry.register(Hook("session:start", "echo no >&2; exit 3", env={"A": "b"}))
    registry.register(Hook("session:start", "true", enabled=False))
    slow = Hook("session:start", "sleep 60", timeout=0.05)
    registry.register(slow)
    first, second, third = registry.fire(HookEvent.session_start("s"))
    assert (first.stdout, first.exit_code, first.success) == ("session:start of s\n", 0, True)
    assert (second.stderr, second.exit_code, second.success) == ("no\n", 3, False)
    assert second.hook_id == failing
    assert third.timed_out
    assert third.duration < 30
    assert [hook.command for hook in registry.list()][3] == "sleep 60"
    assert registry.unregister(slow)
    assert not registry.unregister(slow)
    assert registry.unregister(failing)
    registry.clear()
    assert registry.list() == []


def test_a_title_is_data_and_never_a_command() -> None:
    registry = HookRegistry()
    registry.register(Hook("*", 'printf %s "$OPENCODE_SESSION_TITLE"'))
    title = "$(touch /tmp/evil); `id` \"'"
    (result,) = registry.fire(HookEvent.session_save("s").with_title(title))
    assert result.stdout == title


def test_events_are_fired_with_and_without_an_event_loop() -> None:
    assert HookRegistry.get_instance() is HookRegistry.get_instance()
    HookRegistry.get_instance().register(Hook("session:tool", 'printf %s "$OPENCODE_TOOL_NAME"'))
    event = HookEvent.session_tool("s", "bash")
    assert [result.stdout for result in fire_event_sync(event)] == ["bash"]

    async def fire() -> list[str]:
        return [result.stdout for result in await fire_event(event)]

    assert asyncio.run(fire()) == ["bash"]


def test_a_registry_attached_to_a_manager_follows_it(manager: SessionManager) -> None:
    registry = HookRegistry()
    log = manager.storage.path.parent / "log"
    registry.register(Hook("session:message", f'echo "$OPENCODE_MESSAGE_ROLE" >> {log}'))
    registry.attach(manager)
    manager.create()
    manager.add_message("user", "x")
    assert registry.detach(manager)
    assert not registry.detach(manager)
    manager.add_message("assistant", "y")
    assert log.read_text() == "user\n"
