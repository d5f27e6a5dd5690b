"""What a small call costs in Python, beside the same call in Rust.

One JSON measurement a line on standard output, words for a person on standard error. Data lies
below `$OPENCODE_SESSIONS_BENCH_DIR`; `$OPENCODE_SESSIONS_BENCH_RUST` names the lines that Rust's
program wrote on the same machine just before. `--quick` tries everything on small sizes.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from measure import QUICK, report
from opencode.sessions import SessionManager, SessionStorage

ROOT = Path(os.environ.get("OPENCODE_SESSIONS_BENCH_DIR", tempfile.gettempdir())) / "calls"
TEXT = "Help me refactor the API client, please. " * 25


def in_rust() -> dict[str, float]:
    lines = os.environ.get("OPENCODE_SESSIONS_BENCH_RUST")
    told = map(json.loads, Path(lines).read_text().splitlines()) if lines else ()
    return {line["what"]: line["value"] for line in told if line["group"] == "calls, Rust"}


def p50(run: Callable[[], object], times: int) -> float:
    """The middle of so many runs, in microseconds."""
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        run()
        taken.append((time.perf_counter() - start) * 1e6)
    return statistics.median(taken)


def main() -> None:
    rust = in_rust()
    times = 200 if QUICK else 2_000
    shutil.rmtree(ROOT, ignore_errors=True)
    manager = SessionManager(SessionStorage(ROOT, durability="os"))

    def told(what: str, run: Callable[[], object], n: int) -> None:
        beside = ("in Rust", rust[what]) if what in rust else None
        report("calls, Python", what, p50(run, n), "µs", beside, "", None)

    session = manager.create()
    told("read a session's title", lambda: session.title, times)
    add = "manager.add_message, durability os"
    told(add, lambda: manager.add_message("user", TEXT), times)

    for _ in range(50 if QUICK else 1_000):
        session = manager.create()
        for _ in range(20):
            manager.add_message("user", TEXT)
    manager.close()
    storage = manager.storage
    storage.wait_for_index()
    newest = "manager.list_sessions, the 10 newest of 1,000"
    told(newest, lambda: manager.list_sessions(limit=10), times // 4)
    told("storage.load, 20 messages", lambda: storage.load(session.id), times // 4)


if __name__ == "__main__":
    main()
