"""What was found wrong with a session's files, and what was done about it."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

__all__ = ["RecoveryFinding", "RecoveryReport"]


class RecoveryFinding:
    """One finding: its ``kind`` in a word, its ``details``, and as ``str()`` a sentence."""

    __slots__ = ("details", "kind", "text")

    def __init__(self, kind: str, details: dict[str, Any], text: str) -> None:
        self.kind = kind
        self.details = details
        self.text = text

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"<RecoveryFinding {self.kind}: {self.text}>"


class RecoveryReport(tuple[RecoveryFinding, ...]):
    """The findings, in the order they were made; empty, and so false, when all was well.

    >>> from opencode.sessions import Session
    >>> report = Session().recovery_report
    >>> bool(report), str(report)
    (False, 'nothing to report')
    """

    __slots__ = ()

    @classmethod
    def _of(cls, findings: Iterable[tuple[str, dict[str, Any]]]) -> RecoveryReport:
        return cls(
            RecoveryFinding(details.pop("kind"), details, text) for text, details in findings
        )

    def __str__(self) -> str:
        return "; ".join(map(str, self)) or "nothing to report"
