"""What turns ask for."""

from __future__ import annotations

from collections.abc import Sequence

from opencode.client._records import PermissionRequest, QuestionRequest
from opencode.client._transport import Transport

TYPE_CHECKING = False
if TYPE_CHECKING:
    from opencode.client._handlers import _Reply

__all__ = ["Permissions", "Questions"]


class Permissions:
    """What turns ask leave for; ``client.permissions``."""

    __slots__ = ("_call",)

    def __init__(self, transport: Transport) -> None:
        self._call = transport.call

    def list(self) -> list[PermissionRequest]:
        """The outstanding requests of the client's directory, those of aborted turns too."""
        return [PermissionRequest(request) for request in self._call("permissions.list")]

    def reply(self, request_id: str, reply: _Reply, *, message: str | None = None) -> None:
        """Answers a request; ``message`` tells the model why it was rejected.

        ``NotFoundError`` when it is answered already.
        """
        self._call("permissions.reply", request_id=request_id, reply=reply, message=message)


class Questions:
    """What turns ask the user; ``client.questions``."""

    __slots__ = ("_call",)

    def __init__(self, transport: Transport) -> None:
        self._call = transport.call

    def list(self) -> list[QuestionRequest]:
        """The outstanding questions of the client's directory."""
        return [QuestionRequest(request) for request in self._call("questions.list")]

    def reply(self, request_id: str, answers: Sequence[Sequence[str]]) -> None:
        """Answers: for each question the labels chosen, or free text.

        ``NotFoundError`` when it is answered already.
        """
        self._call("questions.reply", request_id=request_id, answers=answers)

    def reject(self, request_id: str) -> None:
        """Gives no answer."""
        self._call("questions.reject", request_id=request_id)
