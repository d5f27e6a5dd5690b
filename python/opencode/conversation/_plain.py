"""What a tool gives, as plain data."""

from __future__ import annotations

import dataclasses
import enum
import os
from collections import abc
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

__all__ = ["plain"]


def plain(value: Any) -> Any:
    """A result as plain data: dataclasses, enums, sets and the like are written out."""
    if isinstance(value, enum.Enum):
        return plain(value.value)
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, abc.Mapping):
        return {_key(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(item) for item in value]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {
            field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)
        }
    if isinstance(value, (date, datetime, time)):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, (UUID, Decimal)):
        return str(value)
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if callable(dump := getattr(value, "model_dump", None)):
        return plain(dump(mode="json"))
    raise TypeError(f"a tool's result is plain data, and not a {type(value).__name__}")


def _key(key: Any) -> Any:
    key = key.value if isinstance(key, enum.Enum) else key
    return str(key) if isinstance(key, (int, float)) and not isinstance(key, bool) else key
