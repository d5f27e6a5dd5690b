"""The Python of the pages and of the docstrings runs as it stands there."""

from __future__ import annotations

import doctest
import inspect
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import opencode.client
from opencode.sessions import SessionManager

if TYPE_CHECKING:
    from opencode.client import Client
    from tests.conftest import Server

ROOT = Path(__file__).parents[3]
#: What each example prints, as far as it can be known.
SERVER_PAGE = [
    r"Hi there!\nWritten\.\nwritten\.txt: \+1 -0\n(ses_\w+ idle .+\n)+",
    r"Read it\.\n",
    r"",
    r"\[bash [\w-]+\]\nWritten\.",
    r"\{'info': .+Hi there!.+\}\n",
]
README = [r"Session ID: [\w-]+\n", r"A scripted answer\.", r"A scripted answer\."]
PACKAGE_README = [r"", r"A scripted answer\.\n", r"A scripted answer\.\n"]

pytestmark = pytest.mark.usefixtures("environment")


def examples(page: str) -> list[str]:
    return re.findall(r"^```python\n(.*?)^```$", (ROOT / page).read_text("utf-8"), re.M | re.S)


@pytest.mark.parametrize(
    ("page", "prints"),
    [("docs/server.md", SERVER_PAGE), ("README.md", README), ("python/README.md", PACKAGE_README)],
)
def test_the_examples_of_a_page_do_what_they_say(
    page: str,
    prints: list[str],
    server: Server,
    client: Client,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", f"{server.model_url}/v1")
    monkeypatch.setenv("OPENAI_API_KEY", "key-of-a-test")
    project = str(server.project(f"page {page.replace('/', ' ')}"))
    found = examples(page)
    assert len(found) == len(prints)
    for example, expected in zip(found, prints, strict=True):
        # The one thing that a reader has to fill in.
        example = example.replace("/home/user/project", project)
        exec(compile(example, page, "exec"), {"project": project})
        assert re.fullmatch(expected, capsys.readouterr().out), example
        SessionManager.reset_instance()
    left = [session.description for session in client.sessions.list(all_projects=True)]
    assert "Throw-away" not in left


def test_the_examples_of_docstrings_run() -> None:
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
    finder = doctest.DocTestFinder(exclude_empty=True)
    for test in finder.find(opencode.client, "opencode.client"):
        runner.run(test)
    assert runner.tries
    assert runner.failures == 0


def test_every_public_thing_is_documented() -> None:
    for name in opencode.client.__all__:
        thing: Any = getattr(opencode.client, name)
        assert inspect.isclass(thing), name
        assert thing.__doc__, name
        for member, value in vars(thing).items():
            if not member.startswith("_") and (callable(value) or isinstance(value, property)):
                assert value.__doc__, f"{name}.{member}"
