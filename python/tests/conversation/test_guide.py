"""The examples of the guide run as they stand there, with a server that speaks Anthropic's way."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

PAGE = Path(__file__).parents[3] / "docs" / "conversation-python.md"
EXAMPLES = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text("utf-8"), re.M | re.S)
#: What each example prints.
PRINTS = [
    r"Session ID: [\w-]+\n",
    r"Answer 1\.",
    r"Answer 1\.\nAnswer 2\.\nAnswer 3\. 14 stop\n",
    r"Answer 1\.Answer 2\.\n",
    r"Response started\n(Text: .+\n)+Done\. Tokens: 14\n",
    r"Answer 2\.\nabc123: 4 messages\nCreated: 20.+\nLast message: Answer 2\.\n",
    r"Hello!\n",
    r"Answer 1\.\n",
    r"It is sunny\.\n",
    r"\('read', 'grep', 'glob', 'custom_tool'\)\n",
    r"Answer 1\.\n",
    r"Answer 1\.\nAnswer in French\.\n",
    r"Answer 1\.\n",
    r"New message: user\nTokens used: 14\nNew message: assistant\nSession saved\n",
    r"Using \d+ / 200000 tokens\nAnswer 2\.\n",
    r"You said: Hello\?\n",
]


class Model(BaseHTTPRequestHandler):
    """Answers with the number of the request."""

    asked: list[dict[str, Any]]

    def do_POST(self) -> None:
        assert self.path == "/v1/messages"
        body = self.rfile.read(int(self.headers["content-length"]))
        self.asked.append(json.loads(body))
        usage = {"input_tokens": 10, "output_tokens": 4}
        events: list[dict[str, Any]] = [
            {"type": "message_start", "message": {"id": "1", "content": [], "usage": usage}},
            {"type": "content_block_start", "index": 0, "content_block": _text("")},
            *(
                {
                    "type": "content_block_delta",
                    "index": 0,
                    "delta": {"type": "text_delta", "text": text},
                }
                for text in ("Answer ", f"{len(self.asked)}.")
            ),
            {"type": "content_block_stop", "index": 0},
            {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": usage},
            {"type": "message_stop"},
        ]
        lines = (f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in events)
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.end_headers()
        self.wfile.write("".join(lines).encode())

    def log_message(self, *_: object) -> None:
        pass


def _text(text: str) -> dict[str, str]:
    return {"type": "text", "text": text}


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[dict[str, Any]]]:
    """What a model was asked that answers on this machine."""
    requests: list[dict[str, Any]] = []
    handler = type("Handler", (Model,), {"asked": requests})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        monkeypatch.setenv("ANTHROPIC_BASE_URL", f"http://127.0.0.1:{server.server_port}")
        monkeypatch.setenv("ANTHROPIC_API_KEY", "key-of-a-test")
        yield requests
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(("example", "prints"), list(zip(EXAMPLES, PRINTS, strict=True)))
def test_the_examples_of_the_guide_do_what_they_say(
    example: str,
    prints: str,
    asked: list[dict[str, Any]],
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    exec(compile(example, str(PAGE), "exec"), {"__name__": "example"})
    assert re.fullmatch(prints, capsys.readouterr().out), example
    assert all("key-of-a-test" not in path.read_text("utf-8") for path in stored(tmp_path))


def stored(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*.json*") if path.is_file()]


def test_options_reach_the_model(asked: list[dict[str, Any]]) -> None:
    exec(compile(EXAMPLES[3], str(PAGE), "exec"), {"__name__": "example"})
    assert [message["role"] for message in asked[-1]["messages"]] == ["user", "assistant", "user"]
    assert asked[-1]["model"] == "claude-3-sonnet"
