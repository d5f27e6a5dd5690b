"""The local half from Python, beside the stores that other agent libraries ship.

One JSON measurement a line on standard output, words for a person on standard error. Data lies
below `$OPENCODE_SESSIONS_BENCH_DIR`. `--quick` tries everything on small sizes.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agents import SQLiteSession
from langchain_community.chat_message_histories import FileChatMessageHistory
from langchain_core.messages import HumanMessage

from measure import QUICK, report
from opencode.sessions import SessionManager, SessionStorage

if TYPE_CHECKING:
    from agents.items import TResponseInputItem

ROOT = Path(os.environ.get("OPENCODE_SESSIONS_BENCH_DIR", tempfile.gettempdir())) / "python"
TEXT = "Help me refactor the API client, please. " * 28


def p50(run: Callable[[], object], times: int) -> float:
    """The middle of so many runs, in microseconds."""
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        run()
        taken.append((time.perf_counter() - start) * 1e6)
    return statistics.median(taken)


def fresh(name: str) -> Path:
    path = ROOT / name
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir(parents=True)
    return path


def sqlite_session(times: int) -> float:
    session = SQLiteSession("bench", fresh("agents") / "sessions.db")
    item: TResponseInputItem = {"role": "user", "content": TEXT}

    async def add() -> float:
        taken = []
        for _ in range(times):
            start = time.perf_counter()
            await session.add_items([item])
            taken.append((time.perf_counter() - start) * 1e6)
        return statistics.median(taken)

    median = asyncio.run(add())
    session.close()
    return median


def file_history(times: int) -> float:
    history = FileChatMessageHistory(str(fresh("langchain") / "history.json"))
    message = HumanMessage(TEXT)
    return p50(lambda: history.add_message(message), times)


def ours(durability: Any, times: int) -> float:
    storage = SessionStorage(fresh(f"ours-{durability}"), durability=durability)
    manager = SessionManager(storage)
    manager.create()
    median = p50(lambda: manager.add_message("user", TEXT), times)
    manager.close()
    return median


def append() -> None:
    times = 100 if QUICK else 1000
    agents = sqlite_session(times)
    langchain = file_history(times)
    disk, os_ = ours("disk", times), ours("os", times)
    beside = ("openai-agents SQLiteSession.add_items", agents)
    what = "manager.add_message, durability"
    report("append", f"{what} disk, p50", disk, "µs", beside, "≥ 2x faster", lambda r: r >= 2)
    report("append", f"{what} os, p50", os_, "µs", beside, "≥ 20x faster", lambda r: r >= 20)
    beside = (f"LangChain FileChatMessageHistory.add_message, up to {times} messages", langchain)
    report("append", f"{what} os, p50", os_, "µs", beside, "", None)


def import_time() -> None:
    def start(code: str) -> float:
        command = [sys.executable, "-c", code]
        return p50(lambda: subprocess.run(command, check=True), 3 if QUICK else 15) / 1000

    bare = start("pass")
    own = start("import opencode.sessions") - bare
    goal = "≤ 30 ms over a bare interpreter"
    agents = start("import agents") - bare
    what = "import opencode.sessions, over a bare interpreter"
    report("import", what, own, "ms", ("import agents", agents), goal, lambda _: own <= 30)


def read() -> None:
    messages = 200 if QUICK else 10_000
    storage = SessionStorage(fresh("read"), durability="os")
    manager = SessionManager(storage)
    session = manager.create()
    for _ in range(messages):
        manager.add_message("user", TEXT)
    manager.close()
    path = storage.get_path(session.id)
    parsed = p50(lambda: json.loads(path.read_bytes()), 5)
    loaded = p50(lambda: storage.load(session.id), 5)
    beside = ("json.loads of the same file", parsed / 1000)
    what = f"storage.load of {messages} messages"
    report("load", what, loaded / 1000, "ms", beside, "", None)


if __name__ == "__main__":
    append()
    import_time()
    read()
