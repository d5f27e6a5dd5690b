"""A server on this machine that stands where a model's is, and keeps what it is asked."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple, TypeAlias
from urllib.parse import urlsplit

__all__ = ["Answer", "Answers", "Asked", "Front", "in_turn", "passed_on"]


class Asked(NamedTuple):
    """A request, word for word. Names of headers are in small letters."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]


@dataclass(frozen=True)
class Answer:
    """With ``is_cut`` the connection is closed before the answer is whole."""

    pieces: Iterable[bytes] = ()
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=lambda: {"content-type": EVENTS})
    is_cut: bool = False
    #: The connection is closed without a word.
    is_silent: bool = False


EVENTS = "text/event-stream"

#: Headers of one connection, which are not passed on.
_OWN = (
    *("host", "connection", "keep-alive", "accept-encoding"),
    *("content-length", "transfer-encoding", "date"),
)

#: Gives the answer to the request of a number, from 0.
Answers: TypeAlias = Callable[[int, Asked], Answer]


def in_turn(*answers: Answer) -> Answers:
    """The first answer to the first request, and so on; the last to all that follow."""
    return lambda number, _: answers[min(number, len(answers) - 1)]


def passed_on(url: str) -> Answers:
    """What the model at this address answers, as it comes."""

    def answer(_: int, asked: Asked) -> Answer:
        connection = HTTPConnection(urlsplit(url).netloc)
        kept = {name: value for name, value in asked.headers.items() if name not in _OWN}
        connection.request("POST", asked.path, json.dumps(asked.body).encode(), kept)
        response = connection.getresponse()
        headers = {name.lower(): value for name, value in response.getheaders()}
        told = {name: value for name, value in headers.items() if name not in _OWN}

        def pieces() -> Iterator[bytes]:
            try:
                while piece := response.read1(65536):
                    yield piece
            finally:
                response.close()
                connection.close()

        return Answer(pieces(), response.status, told)

    return answer


class Front(ThreadingHTTPServer):
    """Listens in a ``with`` block."""

    def __init__(self, answers: Answers) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers = answers
        self.asked: list[Asked] = []
        self.lock = threading.Lock()
        self._thread = threading.Thread(target=self.serve_forever, args=(0.01,))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    @property
    def bodies(self) -> list[dict[str, Any]]:
        """What was asked, oldest first."""
        return [asked.body for asked in self.asked]

    def __enter__(self) -> Front:
        self._thread.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self.shutdown()
        self._thread.join()
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Front

    def do_POST(self) -> None:
        self.close_connection = True
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = json.loads(self.rfile.read(int(headers["content-length"])))
        asked = Asked(self.path, headers, body)
        with self.server.lock:
            number = len(self.server.asked)
            self.server.asked.append(asked)
        try:
            self._answer(self.server.answers(number, asked))
        except (OSError, HTTPException):
            # Whoever is before or behind this one hung up: so does this one.
            return

    def _answer(self, answer: Answer) -> None:
        if answer.is_silent:
            return
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("transfer-encoding", "chunked")
        self.send_header("connection", "close")
        self.end_headers()
        for piece in answer.pieces:
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
            self.wfile.flush()
        if not answer.is_cut:
            self.wfile.write(b"0\r\n\r\n")

    def log_message(self, *_: object) -> None:
        pass
