"""What an adapter is for is there only if its extra was installed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["needs"]


@contextmanager
def needs(extra: str) -> Iterator[None]:
    """An import within it that fails names the extra."""
    try:
        yield
    except ImportError as error:
        raise ImportError(
            f"this needs an extra of opencode-sessions: pip install 'opencode-sessions[{extra}]'",
            name=error.name,
            path=error.path,
        ) from error
