"""What a docstring says, also of each parameter: by ``Args:`` or by ``:param``."""

from __future__ import annotations

import dataclasses
import inspect
import re
from typing import Any

__all__ = ["docstring"]

_SECTION = re.compile(r"^(Args|Arguments|Parameters|Params|Attributes):\s*$")
_ANY_SECTION = re.compile(r"^[A-Z][\w ]*:\s*$")
_ENTRY = re.compile(r"^\*{0,2}(\w+)\s*(?:\([^)]*\))?\s*:\s*(.*)$")
_SPHINX = re.compile(r"^:param\s+(?:[^:]*\s)?(\w+)\s*:\s*(.*)$")
_FIELD = re.compile(r"^:\w+[^:]*:")


def docstring(thing: Any) -> tuple[str, dict[str, str]]:
    """What a docstring says, and what it says of each parameter."""
    text = inspect.getdoc(thing) or ""
    if dataclasses.is_dataclass(thing) and text.startswith(f"{getattr(thing, '__name__', '')}("):
        # What ``dataclass`` wrote itself.
        text = ""
    said: list[str] = []
    entries: dict[str, str] = {}
    entry: str | None = None
    depth: int | None = None
    is_inside = is_over = False
    for line in text.splitlines():
        stripped = line.strip()
        indent = len(line) - len(line.lstrip())
        if indent == 0 and _SECTION.match(stripped):
            is_inside, entry, depth = True, None, None
        elif found := _SPHINX.match(stripped):
            entry, is_over = found[1], True
            entries[entry] = found[2]
        elif indent == 0 and (_ANY_SECTION.match(stripped) or _FIELD.match(stripped)):
            is_inside, is_over, entry = False, True, None
        elif is_inside and indent > 0:
            depth = indent if depth is None else depth
            if indent <= depth and (found := _ENTRY.match(stripped)):
                entry = found[1]
                entries[entry] = found[2]
            elif entry is not None:
                entries[entry] = f"{entries[entry]} {stripped}".strip()
        elif indent == 0 and stripped and is_inside:
            is_inside, entry = False, None
            said.append(line)
        elif entry is not None and indent > 0:
            entries[entry] = f"{entries[entry]} {stripped}".strip()
        elif not is_over and not is_inside:
            said.append(line)
    return "\n".join(said).strip(), {name: text for name, text in entries.items() if text}
