"""What matches what is the same in every language: ``matching.json`` says it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.conformance.cases import SHARED
from tests.conformance.matching import matches

PAIRS = json.loads((SHARED / "matching.json").read_text("utf-8"))


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: json.dumps(pair)[:80])
def test_what_matches_is_the_same_in_every_language(pair: dict[str, Any]) -> None:
    assert matches(pair["expected"], pair["actual"]) is pair["matches"]
