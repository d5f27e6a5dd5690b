"""Writes what became of each case, for the parity table of ``cargo xtask test``."""

from __future__ import annotations

import json
from collections.abc import Generator

import pytest

from tests.conformance.cases import RESULTS

_outcomes: dict[str, str] = {}


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    case = getattr(item, "callspec", None)
    if case is not None and "case" in case.params:
        passed_so_far = _outcomes.get(case.id, "passed") == "passed"
        if passed_so_far and (report.when == "call" or not report.passed):
            _outcomes[case.id] = report.outcome
    return report


def pytest_sessionfinish() -> None:
    if not _outcomes:
        return
    # The tests that need the real server are a run of their own.
    before = json.loads(RESULTS.read_text())["cases"] if RESULTS.exists() else {}
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    results = {"language": "python", "cases": {**before, **_outcomes}}
    RESULTS.write_text(json.dumps(results, indent=2) + "\n")
