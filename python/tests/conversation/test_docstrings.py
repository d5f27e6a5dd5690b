"""What the model is told of a tool: its docstring, without what is for who reads the code."""

from __future__ import annotations

import pytest

from opencode.conversation import tool

GOOGLE = """Finds things.

    All of them.

    Args:
        path (str): Where to look,
            and below.
        limit: How many.

    Returns:
        The things.
    """
SPHINX = """Finds things.

    All of them.

    :param path: Where to look,
        and below.
    :param int limit: How many.
    :returns: The things.
        All of them, really.
    """


def find(path: str, limit: int = 5) -> list[str]:
    return [path] * limit


@pytest.mark.parametrize("text", [GOOGLE, SPHINX])
def test_a_docstring_describes_the_tool_and_its_parameters(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(find, "__doc__", text)
    made = tool(find)
    assert made.description == "Finds things.\n\nAll of them."
    properties = made.parameters["properties"]
    assert properties["path"]["description"] == "Where to look, and below."
    assert properties["limit"]["description"] == "How many."
    assert made("a", limit=2) == ["a", "a"]
    assert made.__name__ == "find"


def test_a_line_with_a_colon_is_text_unless_it_is_a_known_section() -> None:
    @tool
    def query(text: str) -> None:
        """Runs a query.

        Use this syntax:
            field = value
            NOT field

        Important:

        Never use wildcards.
        """

    assert query.description == (
        "Runs a query.\n\nUse this syntax:\n    field = value\n    NOT field\n\n"
        "Important:\n\nNever use wildcards."
    )


@pytest.mark.parametrize(
    "section",
    [
        "Args:\n    text: What.",
        "Returns:\n    It.",
        "Examples:\n    >>> query('')",
        ":returns: It.",
    ],
)
def test_what_follows_a_section_is_said_too(section: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(find, "__doc__", f"Runs a query.\n\n{section}\n\nNever use wildcards.")
    assert tool(find).description == "Runs a query.\n\nNever use wildcards."
