"""Tools and approvals given as data: what they answer, and notes of what they were asked."""

from __future__ import annotations

import asyncio
from typing import Any

from opencode.conversation import ApprovalRequest, Tool
from tests.conformance.values import Names, canonical


class Told(Tool[..., Any]):
    """It ``returns`` something, ``raises`` with a text, or ``hangs`` until it is ended."""

    def __init__(
        self, name: str, description: str, parameters: dict[str, Any], does: dict[str, Any]
    ) -> None:
        self.notes: list[Any] = []
        self._does = does
        handler = self._hang if does.get("hangs") else self._answer
        super().__init__(name, description, parameters, handler)

    def _answer(self, params: dict[str, Any]) -> Any:
        self.notes.append(canonical(params))
        if "raises" in self._does:
            raise RuntimeError(self._does["raises"])
        return self._does.get("returns")

    async def _hang(self, params: dict[str, Any]) -> None:
        self.notes.append(canonical(params))
        await asyncio.Event().wait()


def new(
    _: Names,
    name: str,
    description: str = "A tool.",
    parameters: dict[str, Any] | None = None,
    **does: Any,
) -> Told:
    return Told(name, description, parameters or {"type": "object"}, does)


class Approver:
    """Agrees to all it is asked, or to nothing."""

    def __init__(self, says: bool, fails: str | None = None) -> None:
        self.notes: list[Any] = []
        self._says = says
        self._fails = fails

    def __call__(self, request: ApprovalRequest) -> bool:
        self.notes.append(canonical(request))
        if self._fails is not None:
            raise RuntimeError(self._fails)
        return self._says


def approver(_: Names, says: bool = True, fails: str | None = None) -> Approver:
    return Approver(says, fails)
