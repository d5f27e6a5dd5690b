"""The main job on a real OpenCode server, from a turn that calls a tool to a session kept at home.

Starts the server, a scripted model and a stand-in for the share service (``tests/servers``, which
needs Node); nothing leaves this machine. Run by ``cargo xtask demo``.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from opencode.client import Client
from opencode.sessions import SessionManager, SessionStorage

RIG = Path(__file__).parents[2] / "tests" / "servers" / "rig.mjs"


@contextmanager
def running_server() -> Iterator[dict[str, Any]]:
    """The addresses of a server of its own, which ends with the block."""
    with subprocess.Popen(
        ["node", str(RIG)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as rig:
        assert rig.stdin is not None and rig.stdout is not None
        try:
            yield json.loads(rig.stdout.readline())
        finally:
            rig.stdin.close()
            rig.wait()


def show_turn(client: Client, session_id: str, prompt: str) -> None:
    """Says something and prints the answer as it arrives, tools included."""
    print(f"  > {prompt}")
    with client.subscribe(session_id) as events:
        client.messages.prompt_async(session_id, prompt)
        for event in events:
            if event.type == "message.part.delta":
                print(f"    chunk: {event.delta!r}")
            elif event.type == "tool.state.completed":
                print(f"    tool {event.tool} finished: {event.title}")
            elif event.type == "session.idle":
                return


def main() -> None:
    with running_server() as server:
        client = Client(
            base_url=server["url"],
            username=server["username"],
            password=server["password"],
            directory=server["directory"],
        )
        print(f"OpenCode {client.version()} at {server['url']}")

        with client, client.session_scope(description="Notes for the release") as scope:
            session = scope.session
            print(f"session {session.id} in {session.directory}")
            show_turn(client, session.id, "create notes")
            show_turn(client, session.id, "change notes")

            for change in client.sessions.diff(session.id).file_diffs:
                added, removed = change.lines_added, change.lines_removed
                print(f"diff: {change.path} {change.status}, +{added} -{removed}")

            fork = client.sessions.fork(session.id)
            print(f"fork: {fork.id}, {fork.description}")

            reverted = client.sessions.revert(fork.id, message="shown in the demo")
            print(f"reverted in the fork: {', '.join(reverted.reverted_files)}")
            client.sessions.unrevert(fork.id)
            client.sessions.delete(fork.id)

            share = client.sessions.share(session.id)
            print(f"shared: {share!r}; the token has {len(share.shared_token)} characters")

            summary = client.sessions.summarize(session.id)
            print(f"summary: {' '.join(summary.summary.split())}")

            exported = client.sessions.export(session.id)
            with tempfile.TemporaryDirectory() as home:
                manager = SessionManager(SessionStorage(home))
                kept = manager.import_session(exported)
                print(f"kept in the local store: {kept.title}, {len(kept.messages)} messages")
                manager.close()

        with Client(base_url=server["url"], password=server["password"]) as after:
            left = [listed.id for listed in after.sessions.list(all_projects=True)]
            print(f"deleted by its scope: {session.id not in left}")


if __name__ == "__main__":
    main()
