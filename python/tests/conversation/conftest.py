"""Conversations with a scripted model, in a store of the test's own."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias, TypeVar

import pytest

from opencode.client import Client
from opencode.conversation import Conversation, Reply, ScriptedModel
from opencode.sessions import SessionStorage
from tests.conversation.forms import FORMS, Form
from tests.conversation.front import Answer, Front, in_turn, passed_on

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Model, Server

T = TypeVar("T")


class Talk(NamedTuple):
    conversation: Conversation
    model: ScriptedModel


Begin: TypeAlias = Callable[..., Talk]
Options: TypeAlias = dict[str, Any]
Speak: TypeAlias = Callable[..., Conversation]


def within(work: Callable[[], T], seconds: float = 30) -> T:
    """Gives what work gives, and fails where it would take for ever."""
    given: Future[T] = Future()

    def run() -> None:
        try:
            given.set_result(work())
        except BaseException as error:
            given.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return given.result(seconds)


@pytest.fixture
def begin(storage: SessionStorage) -> Iterator[Begin]:
    """Begins conversations with a script, and closes them."""
    begun: list[Conversation] = []

    def begin(replies: Iterable[str | Reply], **options: Any) -> Talk:
        model = ScriptedModel(replies)
        options = {"provider": model, "storage": storage, **options}
        begun.append(Conversation.create("m1", **options))
        return Talk(begun[-1], model)

    yield begin
    for conversation in begun:
        conversation.close()


#: What the model tells that a request used, unless it is told otherwise.
USED = {"prompt_tokens": 20, "completion_tokens": 5}


class Service:
    """A model that answers over HTTP, as services do. ``asked`` is what it got over the wire."""

    def __init__(self, form: Form, model: Model, front: Front, storage: SessionStorage) -> None:
        self.form = form
        self.front = front
        #: Of a conversation with it.
        self.options: dict[str, Any] = {**form.options(front.url), "storage": storage}
        self._model = model
        self._begun: list[Conversation] = []

    def create(self, model: str = "claude-3-sonnet", **options: Any) -> Conversation:
        """Begins a conversation, which is closed with the test."""
        return self.closes(Conversation.create(model, **{**self.options, **options}))

    def closes(self, conversation: Conversation) -> Conversation:
        """Has a conversation closed with the test."""
        self._begun.append(conversation)
        return conversation

    def close(self) -> None:
        for conversation in self._begun:
            conversation.close()

    def answers(self, said: str, text: str, **more: Any) -> None:
        """Whoever says this is answered by a text."""
        self._add({"userMessage": said}, {"content": text}, more)

    def calls(self, said: str, *calls: tuple[str, Any], then: str, **more: Any) -> None:
        """Whoever says this has tools called, and is then answered by a text."""
        made = [{"name": name, "arguments": params} for name, params in calls]
        self._add({"userMessage": said, "hasToolResult": True}, {"content": then}, more)
        self._add({"userMessage": said, "hasToolResult": False}, {"toolCalls": made}, more)

    def refuses(self, said: str, status: int, kind: str, message: str, **more: Any) -> None:
        """Whoever says this is answered by an error."""
        error = {"message": message, "type": kind, "code": kind}
        response = {"error": error, "status": status, **more}
        self._model.add_fixture({"match": {"userMessage": said}, "response": response})

    def add(self, fixture: dict[str, Any]) -> None:
        """Adds an entry as in ``fixtures.json``, before all others."""
        self._model.add_fixture(fixture)

    def _add(self, match: dict[str, Any], response: dict[str, Any], more: dict[str, Any]) -> None:
        used = more.pop("usage", USED)
        if used is not None:
            response["usage"] = used
        self._model.add_fixture({"match": match, "response": response, **more})

    @property
    def asked(self) -> list[dict[str, Any]]:
        """The bodies of the requests, oldest first; all of them are such as services take."""
        for body in self.front.bodies:
            self.form.check(body)
        return self.front.bodies


@pytest.fixture(params=FORMS, ids=lambda form: form.name)
def form(request: pytest.FixtureRequest) -> Form:
    """Each of the forms in turn."""
    form: Form = request.param
    return form


@pytest.fixture
def service(form: Form, scripted_model: Model, storage: SessionStorage) -> Iterator[Service]:
    """A model that speaks each of the forms in turn."""
    with Front(passed_on(scripted_model.url)) as front:
        service = Service(form, scripted_model, front, storage)
        yield service
        service.close()


class Line:
    """A conversation with a server that gives answers as they are written in a test."""

    def __init__(self, form: Form, front: Front, storage: SessionStorage) -> None:
        self.form = form
        self.front = front
        self._options = {**form.options(front.url), "storage": storage}
        self._begun: list[Conversation] = []

    def answers(self, *answers: Answer, **options: Any) -> Conversation:
        """Begins a conversation in which these are the answers; the last one goes on for ever."""
        self.front.answers = in_turn(*answers)
        self._begun.append(Conversation.create("m1", **{**self._options, **options}))
        return self._begun[-1]

    def says(self, *words: str) -> Answer:
        """A whole answer."""
        form = self.form
        return Answer(form.written([*form.begin(), *form.text(*words), *form.end()]))

    def calls(self, name: str, arguments: str) -> Answer:
        """A call of a tool."""
        form = self.form
        call = form.call("call_1", name, arguments)
        return Answer(form.written([*form.begin(), *call, *form.end(calls=True)]))

    def close(self) -> None:
        for conversation in self._begun:
            conversation.close()

    @property
    def asked(self) -> list[dict[str, Any]]:
        """The bodies of the requests, oldest first; all of them are such as services take."""
        for body in self.front.bodies:
            self.form.check(body)
        return self.front.bodies


@pytest.fixture
def line(form: Form, storage: SessionStorage) -> Iterator[Line]:
    """A line to a server that fails as it is told to."""
    with Front(in_turn()) as front:
        line = Line(form, front, storage)
        yield line
        line.close()


@pytest.fixture(scope="module")
def place(server: Server, request: pytest.FixtureRequest) -> Path:
    """A project of a file's tests."""
    return server.project(f"conversations {request.node.name.replace('/', ' ')}")


@pytest.fixture
def options(server: Server, place: Path, storage: SessionStorage) -> Options:
    """Those of a conversation whose other side is the real server."""
    return {
        "provider": "opencode",
        "base_url": server.url,
        "api_key": server.password,
        "working_dir": place,
        "storage": storage,
    }


@pytest.fixture
def speak(options: Options) -> Iterator[Speak]:
    """Begins such conversations, and closes them."""
    begun: list[Conversation] = []

    def speak(model: str = "default", **more: Any) -> Conversation:
        begun.append(Conversation.create(model, **{**options, **more}))
        return begun[-1]

    yield speak
    for conversation in begun:
        conversation.close()


@pytest.fixture
def client(server: Server, place: Path) -> Iterator[Client]:
    """The server itself, to see what became of it there."""
    with Client(
        server.url, username=server.username, password=server.password, directory=place
    ) as client:
        yield client


def server_session(conversation: Conversation) -> str:
    known: str = conversation.session.metadata["opencode_session_id"]
    return known
