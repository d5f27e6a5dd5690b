"""The examples of the guide run as they stand there, the agent's with a scripted model."""

import re
from pathlib import Path

import pytest
from agents import MultiProvider
from agents.testing import ScriptedModel, assistant_message

from opencode.sessions import SessionStorage

PAGE = Path(__file__).parents[3] / "docs" / "adapters-python.md"
AGENTS, LANGCHAIN = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text("utf-8"), re.M | re.S)


def run(example: str) -> None:
    exec(compile(example, str(PAGE), "exec"), {})


def test_the_agent_has_a_session(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    answers = ["In client.py.", "Only fetch()."]
    model = ScriptedModel([[assistant_message(text, item_id=text)] for text in answers])
    monkeypatch.setattr(MultiProvider, "get_model", lambda *_: model)
    run(AGENTS)
    roles = ["user", "assistant", "user", "assistant"]
    assert capsys.readouterr().out == f"In client.py.\nOnly fetch().\n{roles}\n"
    assert SessionStorage().load("support-4711").title == "Where is the retry logic?"


# LangChain would rather see LangGraph used.
@pytest.mark.filterwarnings("ignore:RunnableWithMessageHistory is deprecated")
def test_the_chain_has_a_history(capsys: pytest.CaptureFixture[str]) -> None:
    run(LANGCHAIN)
    types = ["human", "ai", "human", "ai"]
    assert capsys.readouterr().out == f"In client.py.\nOnly fetch().\n{types}\n"
    assert SessionStorage().load("support-4712").message_count == 4
