"""``process.*``: another process that has a session of a store open."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

from tests.conformance.values import Names

HOLD = """
import sys
from opencode.sessions import SessionManager, SessionStorage
manager = SessionManager(SessionStorage(sys.argv[1]), auto_save_interval=0)
session = manager.resume(sys.argv[2])
for content in sys.argv[3:]:
    manager.add_message("user", content)
print("held", flush=True)
sys.stdin.read()
manager.close()
"""


class Holder:
    """The process; it lets go of the session when its standard input ends."""

    def __init__(self, store: str, session_id: str, says: list[str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", HOLD, store, session_id, *says],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "held\n"

    def release(self) -> None:
        """Has it close the session and end. Again, it does nothing."""
        self._process.communicate(timeout=60)

    def kill(self) -> None:
        """Ends it in the middle of what it does."""
        self._process.kill()
        self.release()

    def close(self) -> None:
        if self._process.poll() is None:
            self.kill()


def hold(names: Names, store: str, session_id: str, says: list[str] | None = None) -> Holder:
    return Holder(store, session_id, says or [])


def release(_: Names, process: Holder) -> None:
    process.release()


def kill(_: Names, process: Holder) -> None:
    process.kill()


OPERATIONS: dict[str, Any] = {
    "process.hold": hold,
    "process.kill": kill,
    "process.release": release,
}
