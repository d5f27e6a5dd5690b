"""The shared cases and the table of operations, as ``tests/conformance`` has them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[3]
SHARED = ROOT / "tests" / "conformance"
FIXTURES = ROOT / "tests" / "fixtures"
RESULTS = ROOT / "target" / "conformance" / "python.json"

API: dict[str, Any] = json.loads((SHARED / "api.json").read_text(encoding="utf-8"))


@dataclass(frozen=True)
class Case:
    id: str
    name: str
    requires: list[str]
    steps: list[dict[str, Any]]
    fixture: str | None = None
    server: dict[str, Any] | None = None
    model: dict[str, Any] | None = None

    @property
    def needs_node(self) -> bool:
        """Whether it needs what `tests/servers` starts."""
        return "aimock" in self.requires or "opencode" in (self.server or {})

    def not_applicable(self) -> str | None:
        """Why Python has no such case, if it has none."""
        for step in self.steps:
            name = API["operations"].get(step["op"], {}).get("python")
            if isinstance(name, dict):
                return f"{step['op']}: {name['not_applicable']}"
        return None


def all_cases() -> list[Case]:
    """The cases of every file, in the order of the files' names."""
    files = sorted((SHARED / "cases").glob("*.json"))
    return [Case(**case) for file in files for case in json.loads(file.read_text("utf-8"))]


def python_names(operation: str) -> list[str]:
    """The names an operation has in Python; none where it is not applicable."""
    name = API["operations"][operation]["python"]
    if isinstance(name, dict):
        return []
    return name if isinstance(name, list) else [name]
