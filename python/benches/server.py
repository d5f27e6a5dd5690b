"""The client from Python, beside PyPI's ``opencode-ai``, on the same server.

The server is this program once more, which answers every request at once with the same two
messages. What is compared is the client's own time: the processor time of this process.

One JSON measurement a line on standard output, words for a person on standard error. `--quick`
tries everything on small sizes.
"""

from __future__ import annotations

import socketserver
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from opencode_ai import Opencode

from measure import QUICK, report
from opencode.client import Client

SESSION = "ses_e018004c4ffeueQQlZcGL7EPZ0"
ANSWER = Path(__file__).parents[2] / "core/benches/server/two-messages.json"


class Answering(socketserver.StreamRequestHandler):
    disable_nagle_algorithm = True

    def handle(self) -> None:
        body = ANSWER.read_bytes()
        head = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(body)}"
        answer = head.encode() + b"\r\n\r\n" + body
        while line := self.rfile.readline():
            if line == b"\r\n":
                self.wfile.write(answer)


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True


def serve() -> None:
    with Server(("127.0.0.1", 0), Answering) as server:
        print(f"http://127.0.0.1:{server.server_address[1]}", flush=True)
        server.serve_forever()


def own_time(calls: int, call: Callable[[], object]) -> tuple[float, float]:
    """Microseconds a call takes of this process's processors, and by the clock."""
    clock, own = time.perf_counter(), time.process_time()
    for _ in range(calls):
        call()
    own, clock = time.process_time() - own, time.perf_counter() - clock
    return own / calls * 1e6, clock / calls * 1e6


def main() -> None:
    calls = 100 if QUICK else 1_000
    with subprocess.Popen([sys.executable, __file__, "--serve"], stdout=subprocess.PIPE) as server:
        assert server.stdout is not None
        url = server.stdout.readline().decode().strip()
        client = Client(base_url=url)
        peer = Opencode(base_url=url)

        def ours() -> None:
            messages = client.messages.list(SESSION)
            assert [message.role for message in messages] == ["user", "assistant"]

        def theirs() -> None:
            messages = peer.session.messages(SESSION)
            assert [message.info.role for message in messages] == ["user", "assistant"]

        own_time(calls // 10, ours)
        own_time(calls // 10, theirs)
        # In turns, so that a busy moment of the machine meets both.
        rounds = [(own_time(calls // 5, ours), own_time(calls // 5, theirs)) for _ in range(5)]
        rounds.sort()
        (own, clock), (their_own, their_clock) = rounds[len(rounds) // 2]
        name = "PyPI `opencode-ai` 0.1.0a36"
        what = "list the 2 messages of a session"
        report(
            "client, Python",
            f"{what}, the client's own time",
            own,
            "µs",
            (name, their_own),
            "≥ 2 x less",
            lambda ratio: ratio >= 2,
        )
        report("client, Python", f"{what}, whole call", clock, "µs", (name, their_clock), "", None)
        client.close()
        server.terminate()


if __name__ == "__main__":
    serve() if "--serve" in sys.argv else main()
