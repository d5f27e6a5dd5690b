"""The examples in the docstrings run."""

import doctest
import importlib

import pytest

MODULES = [
    "opencode.conversation",
    "opencode.conversation._conversation",
    "opencode.conversation._pool",
    "opencode.conversation._providers",
    "opencode.conversation._stream",
    "opencode.conversation._tools",
    "opencode.errors",
    "opencode.hooks",
    "opencode.sessions",
    "opencode.sessions._frozen",
    "opencode.sessions._lists",
    "opencode.sessions._native",
    "opencode.sessions._recovery",
    "opencode.sessions._views",
    "opencode.sessions.repl",
]
FLAGS = doctest.ELLIPSIS | doctest.IGNORE_EXCEPTION_DETAIL


@pytest.mark.parametrize("name", MODULES)
def test_examples_run(name: str) -> None:
    module = importlib.import_module(name)
    finder = doctest.DocTestFinder()
    runner = doctest.DocTestRunner(optionflags=FLAGS)
    examples = 0
    for test in finder.find(module, name):
        runner.run(test)
        examples += len(test.examples)
    assert runner.failures == 0
    assert examples or name == "opencode.sessions._native"


def test_every_public_thing_is_documented() -> None:
    for name in (
        "opencode.sessions",
        "opencode.conversation",
        "opencode.hooks",
        "opencode.errors",
        "opencode.adapters.langchain",
        "opencode.adapters.openai_agents",
    ):
        module = importlib.import_module(name)
        for public in module.__all__:
            thing = getattr(module, public)
            if public.startswith("__"):
                continue
            assert thing.__doc__, f"{name}.{public}"
            for method, value in vars(thing).items() if isinstance(thing, type) else ():
                if not method.startswith("_") and callable(value):
                    assert value.__doc__, f"{name}.{public}.{method}"


def test_every_public_class_of_sessions_has_an_example_that_runs() -> None:
    module = importlib.import_module("opencode.sessions")
    finder = doctest.DocTestFinder(recurse=False)
    runner = doctest.DocTestRunner(optionflags=FLAGS)
    for public in (
        "Session",
        "SessionMessage",
        "ToolInvocation",
        "SessionManager",
        "SessionStorage",
        "SessionIndex",
        "SessionSummary",
        "SearchHit",
        "SessionList",
        "generate_title",
    ):
        (test,) = finder.find(getattr(module, public), public, module=False, globs={})
        assert test.examples, public
        assert runner.run(test).failed == 0, public
