"""What a turn adds to each streamed chunk in Python, beside the bytes read by ``http.client``.

The model is this program once more. One JSON measurement a line on standard output, words for a
person on standard error. `--quick` tries everything on small sizes.
"""

from __future__ import annotations

import http.client
import json
import socketserver
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from urllib.parse import urlsplit

from measure import QUICK, report
from opencode.conversation import Conversation, TextChunk
from opencode.sessions import SessionStorage

CHUNKS = 1_000 if QUICK else 20_000
WORD = " conversation"


def piece(delta: dict[str, str], finish: str | None) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    data = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "choices": [choice]}
    return framed(f"data: {json.dumps(data)}\n\n")


def framed(text: str) -> bytes:
    return f"{len(text):x}\r\n{text}\r\n".encode()


class Answering(socketserver.StreamRequestHandler):
    disable_nagle_algorithm = True

    def handle(self) -> None:
        said = [piece({"content": WORD}, None)] * CHUNKS
        said += [piece({}, "stop"), framed("data: [DONE]\n\n"), b"0\r\n\r\n"]
        # A few at a time: the server is not what is measured.
        answer = [b"".join(said[at : at + 8]) for at in range(0, len(said), 8)]
        head = (
            b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n"
            b"transfer-encoding: chunked\r\n\r\n"
        )
        length = 0
        while line := self.rfile.readline():
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
            if line == b"\r\n":
                self.rfile.read(length)
                self.wfile.write(head)
                for part in answer:
                    self.wfile.write(part)


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True


def serve() -> None:
    with Server(("127.0.0.1", 0), Answering) as server:
        print(f"http://127.0.0.1:{server.server_address[1]}", flush=True)
        server.serve_forever()


def each(work: Callable[[], object]) -> float:
    """Microseconds for each chunk."""
    begun = time.perf_counter()
    work()
    return (time.perf_counter() - begun) / CHUNKS * 1e6


def main() -> None:
    with (
        tempfile.TemporaryDirectory() as folder,
        subprocess.Popen([sys.executable, __file__, *sys.argv[1:], "--serve"], stdout=-1) as server,
    ):
        assert server.stdout is not None
        url = server.stdout.readline().decode().strip()
        conversation = Conversation.create(
            "openai/m", base_url=url, api_key="key", storage=SessionStorage(folder)
        )
        bare = http.client.HTTPConnection(urlsplit(url).netloc)

        def ours() -> None:
            read = 0
            for chunk in conversation.message("Go on."):
                if isinstance(chunk, TextChunk):
                    read += len(chunk.content)
            assert read == CHUNKS * len(WORD)
            # So that no request is larger than the one before.
            conversation.clear_history()

        def theirs() -> None:
            bare.request("POST", "/chat/completions", b"{}")
            with bare.getresponse() as answer:
                lines = sum(1 for line in answer if line.startswith(b"data: "))
            assert lines == CHUNKS + 2

        ours()
        theirs()
        # In turns, so that a busy moment of the machine meets both.
        rounds = [(each(ours), each(theirs)) for _ in range(3 if QUICK else 9)]
        rounds.sort(key=lambda times: times[0] - times[1])
        mine, bytes_alone = rounds[len(rounds) // 2]
        report(
            "conversation, Python",
            f"a turn, for each of {CHUNKS} streamed chunks",
            mine,
            "µs",
            ("the same stream's lines, by `http.client`", bytes_alone),
            "",
            None,
        )
        conversation.close()
        server.terminate()


if __name__ == "__main__":
    serve() if "--serve" in sys.argv else main()
