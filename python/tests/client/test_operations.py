"""Every operation once, on the real server, with both clients."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest

from opencode.client import (
    FilePart,
    MessagePartDelta,
    PromptFile,
    PromptText,
    ReasoningPart,
    SessionIdle,
    TextPart,
    ToolPart,
)
from opencode.errors import (
    ActionRequiredError,
    ConflictError,
    InvalidArgumentError,
    InvalidRequestError,
    NotFoundError,
    ProviderAuthError,
    ProviderError,
    RequestTimeoutError,
)
from opencode.sessions import SessionManager

if TYPE_CHECKING:
    from tests.client.conftest import Face
    from tests.conftest import Server


def test_a_server_tells_its_health_and_version(face: Face, server: Server) -> None:
    health = face.do(face.client.health())
    assert (health.healthy, health.version) == (True, server.version)
    assert face.do(face.client.version()) == server.version
    assert face.client.base_url.rstrip("/") == server.url
    assert face.client.directory == str(server.directory)


def test_a_session_is_made_found_changed_and_deleted(face: Face, server: Server) -> None:
    sessions = face.client.sessions
    before = datetime.now(timezone.utc) - timedelta(seconds=5)
    made = face.do(
        sessions.create(
            description="To be found",
            model="mock/m1",
            agent="plan",
            tools=["file"],
            system_prompt="Be brief.",
            metadata={"team": {"name": "docs"}, "n": 1},
            permission=[{"permission": "webfetch", "pattern": "*", "action": "ask"}],
        )
    )
    assert made.id.startswith("ses_")
    assert (made.status, made.description, made.agent) == ("idle", "To be found", "plan")
    assert (made.provider, made.model) == ("mock", "m1")
    assert made.directory == str(server.directory)
    assert before < made.created_at <= datetime.now(timezone.utc) + timedelta(seconds=5)
    assert made.info.metadata["team"]["name"] == "docs"
    assert made.info.permission[-1] == {"permission": "webfetch", "pattern": "*", "action": "ask"}
    assert made.info.title == "To be found"

    assert face.do(sessions.get(made.id)) == made
    found = face.do(sessions.list(search="to be FOUND", since=before, limit=5, roots=True))
    assert made.id in [session.id for session in found]
    later = datetime.now(timezone.utc) + timedelta(hours=1)
    assert face.do(sessions.list(since=later)) == []
    assert made.id in [s.id for s in face.do(sessions.list(all_projects=True))]

    changed = face.do(sessions.update(made.id, description="Renamed", metadata={"n": None, "m": 2}))
    assert changed.description == "Renamed"
    assert (changed.info.metadata.get("n"), changed.info.metadata["m"]) == (None, 2)
    assert face.do(sessions.update(made.id, status="archived")).status == "archived"
    assert face.do(sessions.update(made.id, status="active")).status == "idle"
    with pytest.raises(InvalidRequestError) as caught:
        face.do(sessions.update(made.id, status="idle"))
    assert caught.value.field == "status"

    details = face.do(sessions.details(made.id))
    assert (details.status, details.todo_list) == ("created", ())
    child = face.do(sessions.create(parent_id=made.id))
    assert [s.id for s in face.do(sessions.children(made.id))] == [child.id]
    assert face.do(sessions.todo(made.id)) == []

    deleted = face.do(sessions.delete(made.id))
    assert (deleted.aborted, deleted.unshared, deleted.problems) == (False, False, ())
    with pytest.raises(NotFoundError) as gone:
        face.do(sessions.get(made.id))
    assert (gone.value.status, gone.value.session_id) == (404, made.id)


def test_a_prompt_is_answered_and_its_messages_are_there(face: Face) -> None:
    messages = face.client.messages
    session = face.do(face.client.sessions.create())
    answer = face.do(messages.prompt(session.id, "think about it", system="Think."))
    assert (answer.role, answer.text, str(answer)) == ("assistant", "Forty-two.", "Forty-two.")
    assert any(isinstance(part, ReasoningPart) and part.text for part in answer.parts)
    assert (answer.info.provider_id, answer.info.model_id) == ("mock", "m1")
    assert answer.info.finish == "stop"
    assert answer.info.created_at <= answer.info.completed_at
    assert set(answer.to_dict()) == {"info", "parts"}

    listed = face.do(messages.list(session.id))
    assert [message.role for message in listed] == ["user", "assistant"]
    assert listed[-1] == answer == face.do(messages.get(session.id, answer.id))
    assert face.do(messages.list(session.id, limit=1)) == [answer]
    page = face.do(messages.page(session.id, limit=1))
    assert page.messages == (answer,)
    older = face.do(messages.page(session.id, limit=1, before=page.older))
    assert older.messages == (listed[0],)
    assert list(face.items(messages.stream(session.id))) == [answer, listed[0]]

    face.do(messages.delete(session.id, answer.id))
    assert face.do(messages.list(session.id)) == listed[:1]
    with pytest.raises(NotFoundError):
        face.do(messages.get(session.id, answer.id))
    assert face.do(face.client.sessions.details(session.id)).status == "idle"


def test_files_and_texts_are_said_and_parts_are_changed(face: Face) -> None:
    messages = face.client.messages
    session = face.do(face.client.sessions.create())
    said = face.do(
        messages.prompt(
            session.id,
            [PromptText("One."), "Two.", PromptFile("src/é.py", content="x = 1")],
            no_reply=True,
        )
    )
    assert said.text.splitlines()[:2] == ["One.", "Two."]
    (file,) = [part for part in said.parts if isinstance(part, FilePart)]
    assert (file.filename, file.path) == ("é.py", "é.py")
    assert file.url.startswith("data:text/")

    part = next(part for part in said.parts if isinstance(part, TextPart))
    changed = face.do(messages.update_part({**part.to_dict(), "text": "Changed."}))
    assert isinstance(changed, TextPart)
    assert str(changed) == "Changed."
    assert face.do(messages.update_part(changed)) == changed
    face.do(messages.delete_part(session.id, said.id, part.id))
    left = face.do(messages.get(session.id, said.id))
    assert part.id not in [other.id for other in left.parts]


def test_tools_todos_and_changes_are_told(face: Face, server: Server) -> None:
    project = server.project(f"changes {face.name}")
    client = face.client.with_directory(project)
    assert client.directory == str(project)
    session = face.do(client.sessions.create())
    prompt = face.do(client.messages.prompt(session.id, "create notes"))
    messages = face.do(client.messages.list(session.id))
    calls = [part for m in messages for part in m.parts if isinstance(part, ToolPart)]
    assert [(call.tool, call.state.status) for call in calls] == [("write", "completed")]
    assert calls[0].tool_id
    assert calls[0].state.input["filePath"].endswith("notes.txt")
    started, ended = calls[0].state.started_at, calls[0].state.ended_at
    assert started
    assert ended
    assert started <= ended

    face.do(client.messages.prompt(session.id, "change notes"))
    changes = face.do(client.sessions.diff(session.id)).file_diffs
    assert [(c.path, c.status, c.lines_added, c.lines_removed) for c in changes] == [
        ("notes.txt", "added", 4, 2)
    ]
    (first,) = face.do(client.sessions.diff_message(session.id, prompt.info.parent_id))
    assert (first.path, first.additions, first.deletions) == ("notes.txt", 3, 0)

    reverted = face.do(client.sessions.revert(session.id, message="a mistake"))
    assert reverted.reverted_files == ("notes.txt",)
    assert reverted.session.status == "reverted"
    with pytest.raises(ConflictError, match="revert"):
        face.do(client.sessions.summarize(session.id))
    assert face.do(client.sessions.unrevert(session.id)).status == "idle"
    with pytest.raises(NotFoundError):
        face.do(client.sessions.revert(session.id, "msg_nowhere"))

    face.do(client.messages.prompt(session.id, "make a plan"))
    details = face.do(client.sessions.details(session.id))
    assert [todo.status for todo in details.todo_list].count("completed") == 0
    assert len(details.todo_list) == 2
    assert face.do(client.sessions.todo(session.id)) == list(details.todo_list)

    summary = face.do(client.sessions.summarize(session.id, include_file_changes=True))
    assert "A scripted summary" in summary.summary
    assert summary.file_changes == changes
    assert summary.messages == ()


def test_a_session_is_forked_and_exported(face: Face) -> None:
    sessions = face.client.sessions
    session = face.do(sessions.create(description="Whole"))
    answer = face.do(face.client.messages.prompt(session.id, "hello"))
    lengths = []
    for options in ({}, {"message_id": answer.id}, {"message_id": answer.id, "inclusive": True}):
        fork = face.do(sessions.fork(session.id, **options))
        lengths.append(len(face.do(face.client.messages.list(fork.id))))
    assert lengths == [2, 1, 2]
    with pytest.raises(NotFoundError):
        face.do(sessions.fork(session.id, "msg_nowhere"))

    exported = face.do(sessions.export(session.id))
    with SessionManager(auto_save_interval=0) as manager:
        assert [m.content for m in manager.import_session(exported).messages][-1] == "Hi there!"


def test_a_session_is_shared_and_unshared(face: Face, server: Server) -> None:
    sessions = face.client.sessions
    session = face.do(sessions.create())
    assert face.do(sessions.unshare(session.id)) is False
    share = face.do(sessions.share(session.id))
    assert share.share_url.endswith(share.shared_token)
    shared = face.do(sessions.get(session.id))
    assert shared.info.share.url == share.share_url
    for shown in (share, shared, shared.info, shared.info.share):
        assert share.share_url not in repr(shown)
    assert share.shared_token not in repr(share)
    assert share.to_dict()["share_url"] == share.share_url
    assert face.do(sessions.unshare(session.id)) is True
    face.do(sessions.share(session.id))
    assert face.do(sessions.delete(session.id)).unshared


def test_a_running_turn_is_aborted_before_its_session_is_deleted(face: Face) -> None:
    client = face.client
    session = face.do(client.sessions.create())
    events = face.opened(client.subscribe(session.id))
    face.do(client.messages.prompt_async(session.id, "answer slowly"))
    face.until(MessagePartDelta, events)
    assert face.do(client.sessions.get(session.id)).status == "active"
    with pytest.raises(ConflictError, match="still running"):
        face.do(client.sessions.delete(session.id))
    with pytest.raises(RequestTimeoutError, match="idle"):
        face.do(client.wait_idle(session.id, timeout=0.2))
    assert face.do(client.sessions.abort(session.id)) is True
    face.do(client.wait_idle(session.id, timeout=20))
    assert face.do(client.sessions.abort(session.id)) is False
    with pytest.raises(ConflictError, match="not running"):
        face.do(client.sessions.abort_or_err(session.id))
    face.do(client.messages.prompt_async(session.id, "answer slowly"))
    assert face.do(client.sessions.delete(session.id, force=True)).problems == ()


def test_texts_run_in_sessions_of_their_own(face: Face) -> None:
    assert face.do(face.client.run_text("hello")) == "Hi there!"
    session = face.do(face.client.run_simple_text("hello"))
    face.do(face.client.wait_idle(session.id))
    assert face.do(face.client.messages.list(session.id))[-1].text == "Hi there!"


def test_commands_and_shell_calls_are_turns(face: Face, server: Server) -> None:
    client = face.make(directory=server.project(f"commands {face.name}"))
    session = face.do(client.sessions.create())
    shell = face.do(client.messages.shell(session.id, "echo from the $((40 + 2))"))
    (call,) = [part for part in shell.parts if isinstance(part, ToolPart)]
    assert "from the 42" in (call.state.output or "")
    answer = face.do(client.messages.command(session.id, "init", "briefly"))
    assert answer.text == "A scripted answer."
    assert face.do(client.messages.init(session.id)).text == "A scripted answer."


def test_what_turns_ask_is_answered_by_hand(face: Face) -> None:
    client = face.client
    session = face.do(client.sessions.create())
    with pytest.raises(ActionRequiredError) as asked:
        face.do(client.messages.prompt(session.id, "read outside"))
    assert (asked.value.kind, asked.value.session_id) == ("permission", session.id)
    requests = {request.id: request for request in face.do(client.permissions.list())}
    request = requests[asked.value.request_id]
    assert (request.permission, request.session_id) == ("external_directory", session.id)
    with pytest.raises(InvalidArgumentError, match="always"):
        face.do(client.permissions.reply(request.id, "yes"))
    face.do(client.permissions.reply(request.id, "once"))
    face.do(client.wait_idle(session.id, timeout=20))

    with pytest.raises(ActionRequiredError) as asked:
        face.do(client.messages.prompt(session.id, "ask me"))
    assert asked.value.kind == "question"
    found = {request.id: request for request in face.do(client.questions.list())}
    question = found[asked.value.request_id].questions[0]
    assert [option.label for option in question.options] == ["Red", "Blue"]
    face.do(client.questions.reply(asked.value.request_id, [["Blue"]]))
    face.do(client.wait_idle(session.id, timeout=20))
    assert face.do(client.messages.list(session.id))[-1].text == "Thank you."

    with pytest.raises(ActionRequiredError) as asked:
        face.do(client.messages.prompt(session.id, "ask me"))
    face.do(client.questions.reject(asked.value.request_id))
    with pytest.raises(NotFoundError):
        face.do(client.questions.reject(asked.value.request_id))
    face.do(client.wait_idle(session.id, timeout=20))


def test_failures_of_the_model_are_errors_of_their_own(face: Face) -> None:
    client = face.client
    session = face.do(client.sessions.create())
    with pytest.raises(ProviderError) as failed:
        face.do(client.messages.prompt(session.id, "be refused"))
    assert (failed.value.status, failed.value.session_id) == (400, session.id)
    with pytest.raises(ProviderAuthError):
        face.do(client.messages.prompt(session.id, "be locked out"))
    assert face.do(client.messages.list(session.id))[-1].info.error.name == "APIError"
    with pytest.raises(RequestTimeoutError):
        face.do(client.messages.prompt(session.id, "answer slowly", timeout=0.3))
    face.do(client.sessions.delete(session.id, force=True))


def test_a_scope_deletes_its_session_also_when_its_block_raises(face: Face) -> None:
    client = face.client
    for error in (None, ZeroDivisionError()):
        scope = client.session_scope(description="Short", initial_prompt="answer slowly")
        with pytest.raises(RuntimeError):
            _ = scope.session
        assert face.enter(scope) is scope
        assert scope.session.description == "Short"
        face.leave(scope, error)
        with pytest.raises(NotFoundError):
            face.do(client.sessions.get(scope.session.id))
        # Its end is never an error, not even when there is nothing left to delete.
        face.leave(face.scope(client, scope.session))

    kept = client.session_scope()
    face.enter(kept)
    session = kept.keep()
    face.leave(kept)
    over = face.scope(client, face.do(client.sessions.get(session.id)))
    face.enter(over)
    face.leave(over)
    with pytest.raises(NotFoundError):
        face.do(client.sessions.get(session.id))


def test_ephemeral_sessions_go_with_their_client(face: Face) -> None:
    other = face.make()
    session = face.do(other.sessions.create(ephemeral=True))
    assert face.do(face.client.cleanup_ephemeral(older_than=3600)) == []
    assert face.do(face.client.sessions.get(session.id)).id == session.id
    face.close(other)
    assert other.is_closed
    assert not face.client.is_closed
    with pytest.raises(NotFoundError):
        face.do(face.client.sessions.get(session.id))
    with pytest.raises(InvalidArgumentError, match="closed"):
        face.do(other.health())


def test_events_of_a_turn_come_in_order(face: Face) -> None:
    session = face.do(face.client.sessions.create())
    stream = face.opened(face.client.subscribe(session.id))
    face.do(face.client.messages.prompt_async(session.id, "hello"))
    seen = face.until(SessionIdle, stream)
    kinds = [event.type for event in seen]
    assert kinds.index("message.updated") < kinds.index("message.part.delta")
    assert {event.session_id for event in seen} <= {session.id, None}
    stream.end()
    assert list(face.items(stream)) == []
