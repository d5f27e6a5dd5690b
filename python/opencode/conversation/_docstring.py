"""What a docstring says, also of each parameter: by ``Args:`` or by ``:param``."""

from __future__ import annotations

import dataclasses
import inspect
import re
from typing import Any

__all__ = ["docstring"]

_PARAMETERS = re.compile(
    r"^(?:(?:Keyword |Other )?(?:Args|Arguments|Parameters|Params)|Attributes):\s*$", re.IGNORECASE
)
#: Sections that are for who reads the code. Any other line with a colon is part of the text.
_OTHERS = re.compile(
    r"^(?:Returns?|Yields?|Receives?|Raises?|Exceptions?|Warns?|Examples?|Notes?|References?|"
    r"See also|Todo|Methods):\s*$",
    re.IGNORECASE,
)
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
    #: How far the entries of the section are indented, once that is known.
    depth: int | None = None
    is_text, has_entries = True, False
    for line in text.splitlines():
        stripped = line.strip()
        indent = len(line) - len(line.lstrip())
        if found := _SPHINX.match(stripped):
            is_text, has_entries, entry = False, False, found[1]
            entries[entry] = found[2]
        elif indent == 0 and stripped:
            has_entries = _PARAMETERS.match(stripped) is not None
            is_text = not (has_entries or _OTHERS.match(stripped) or _FIELD.match(stripped))
            entry = depth = None
            if is_text:
                said.append(line)
        elif is_text:
            said.append(line)
        elif stripped:
            depth = indent if depth is None else depth
            if has_entries and indent <= depth and (found := _ENTRY.match(stripped)):
                entry = found[1]
                entries[entry] = found[2]
            elif entry is not None:
                entries[entry] = f"{entries[entry]} {stripped}".strip()
    return "\n".join(said).strip(), {name: text for name, text in entries.items() if text}
