"""The shared cases of ``tests/conformance``, one test each, named by the case."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from opencode.errors import OpencodeError
from tests.conformance import models, servers
from tests.conformance.cases import API, FIXTURES, Case, all_cases
from tests.conformance.matching import match
from tests.conformance.operations import call
from tests.conformance.values import Names, canonical, canonical_error


def _parameters() -> list[Any]:
    return [
        pytest.param(
            case,
            is_async,
            id=f"{case.id}+async" if is_async else case.id,
            marks=[pytest.mark.real_server] if case.needs_node else [],
        )
        for case in all_cases()
        # On the real server tests/client has every operation with both clients.
        for is_async in ((False, True) if "answers" in (case.server or {}) else (False,))
    ]


@pytest.fixture
def names(
    case: Case, is_async: bool, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Names]:
    """The case's folder, server and model; what is still open at the end is closed."""
    names = Names(tmp_path, asyncio.new_event_loop() if is_async else None)
    if case.fixture is not None:
        shutil.copytree(FIXTURES / "stores" / case.fixture / "store", tmp_path / "store")
    try:
        if case.server is not None:
            names.named["server"] = servers.begin(case.server, request)
        if case.model is not None:
            names.named["model"] = models.begin(names, case.model, request)
        yield names
    finally:
        names.ending.close()
        for named in reversed(names.named.values()):
            if callable(getattr(named, "close", None)):
                named.close()
        if names.loop is not None:
            names.loop.close()


@pytest.mark.parametrize(("case", "is_async"), _parameters())
def test_case(case: Case, names: Names) -> None:
    if why := case.not_applicable():
        pytest.skip(why)
    for number, step in enumerate(case.steps, 1):
        _run(names, step, f"step {number}, {step['op']}")


def _run(names: Names, step: dict[str, Any], at: str) -> None:
    if "expect_error" in step:
        with pytest.raises(OpencodeError) as caught:
            call(names, step)
        match(names.resolve(step["expect_error"]), canonical_error(caught.value), at)
        kind = type(caught.value)
        public = API["errors"][caught.value.code]["python"]
        assert f"{kind.__module__}.{kind.__qualname__}" == public
        return
    result = call(names, step)
    if "as" in step:
        names.named[step["as"]] = result
    if "expect" in step:
        match(canonical(names.resolve(step["expect"])), canonical(result), at)
