"""The shared cases of ``tests/conformance``, one test each, named by the case."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from opencode.errors import OpencodeError
from tests.conformance.cases import API, FIXTURES, Case, all_cases
from tests.conformance.matching import match
from tests.conformance.operations import call
from tests.conformance.values import Names, canonical, canonical_error


def _parameters() -> list[Any]:
    marks = {"remote": [pytest.mark.real_server], "aimock": [pytest.mark.real_server]}
    return [
        pytest.param(
            case,
            id=case.id,
            marks=[mark for need in case.requires for mark in marks.get(need, [])],
        )
        for case in all_cases()
    ]


@pytest.mark.parametrize("case", _parameters())
def test_case(case: Case, tmp_path: Path) -> None:
    if why := case.not_applicable():
        pytest.skip(why)
    names = Names(tmp_path)
    if case.fixture is not None:
        shutil.copytree(FIXTURES / "stores" / case.fixture / "store", tmp_path / "store")
    try:
        for number, step in enumerate(case.steps, 1):
            _run(names, step, f"step {number}, {step['op']}")
    finally:
        for named in reversed(names.named.values()):
            if callable(getattr(named, "close", None)):
                named.close()


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
