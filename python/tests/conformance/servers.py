"""What a case's client speaks to: the real server in a new project, or answers given as data."""

from __future__ import annotations

import json
import threading
from collections import defaultdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.conformance.values import Names

if TYPE_CHECKING:
    from tests.conftest import Server


class Project:
    """A project on the real server, as the options of a client say it."""

    def __init__(
        self,
        server: Server,
        name: str,
        fixtures: list[dict[str, Any]] | None = None,
        project: dict[str, Any] | None = None,
    ) -> None:
        for fixture in reversed(fixtures or []):
            server.add_fixture(fixture)
        self.directory = server.directory
        if project is not None:
            made = server.command("project", name=name, config=project)
            self.directory = Path(made["directory"])
        self.options: dict[str, Any] = {
            "base_url": server.url,
            "username": server.username,
            "password": server.password,
            "directory": self.directory,
        }


class Answers(ThreadingHTTPServer):
    """Gives the answers of a case, in order for each method and path."""

    def __init__(self, answers: list[dict[str, Any]]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.requests: list[dict[str, Any]] = []
        self.over = threading.Event()
        self._left: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
        for answer in answers:
            self._left[answer["method"], answer["path"]].append(answer)
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self.serve_forever, args=(0.01,))
        self._thread.start()
        self.options: dict[str, Any] = {"base_url": f"http://127.0.0.1:{self.server_port}"}

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        with self._lock:
            self.requests.append(request)
            answers = self._left[request["method"], request["path"]]
            if not answers:
                return {"status": 404, "json": {}}
            return answers.pop(0) if len(answers) > 1 else answers[0]

    def close(self) -> None:
        """Nobody answers any more. Again, it does nothing."""
        if not self.over.is_set():
            self.over.set()
            self.shutdown()
            self._thread.join()
            self.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Answers

    def _do(self) -> None:
        self.close_connection = True
        url = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        query = {name: values[-1] for name, values in parse_qs(url.query).items()}
        request = {"method": self.command, "path": url.path, "query": query}
        try:
            answer = self.server.answer({**request, "json": json.loads(body) if body else None})
            self._answer(answer)
        except OSError:
            # The client hung up, as it may.
            return

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = _do

    def _answer(self, answer: dict[str, Any]) -> None:
        is_said = "json" in answer or "text" in answer
        if is_said or not (answer.get("cut") or answer.get("hangs")):
            self._say(answer)
        if answer.get("hangs"):
            self.server.over.wait()

    def _say(self, answer: dict[str, Any]) -> None:
        said = answer.get("text", json.dumps(answer["json"]) if "json" in answer else "").encode()
        headers = {"content-type": "application/json", "connection": "close"}
        self.send_response(answer.get("status", 200))
        if answer.get("cut"):
            headers["content-length"] = str(len(said) + 1)
        elif not answer.get("hangs"):
            headers["content-length"] = str(len(said))
        for name, value in {**headers, **answer.get("headers", {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(said)
        self.wfile.flush()

    def log_message(self, *_: object) -> None:
        pass


def begin(described: dict[str, Any], request: pytest.FixtureRequest) -> Project | Answers:
    """What ``server`` of a case describes."""
    if "answers" in described:
        return Answers(**described)
    server: Server = request.getfixturevalue("server")
    return Project(server, request.node.callspec.id, **described["opencode"])


def requests(
    names: Names, method: str | None = None, path: str | None = None
) -> list[dict[str, Any]]:
    server: Answers = names.named["server"]
    return [
        request
        for request in server.requests
        if method in (None, request["method"]) and path in (None, request["path"])
    ]


def stop(names: Names) -> None:
    names.named["server"].close()


OWN: dict[str, Any] = {"server.requests": requests, "server.stop": stop}
