"""What is said in sessions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from opencode.client._parts import Message, Part
from opencode.client._prompts import content as pieces
from opencode.client._records import MessagePage
from opencode.client._transport import Transport

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from opencode.client._prompts import Content

__all__ = ["Messages"]

# Inside a class that has a method `list`, the word means that.
_Messages: TypeAlias = list[Message]


class Messages:
    """What is said in sessions; ``client.messages``."""

    __slots__ = ("_call",)

    def __init__(self, transport: Transport) -> None:
        self._call = transport.call

    def list(self, session_id: str, *, limit: int | None = None) -> _Messages:
        """A session's messages, oldest first: all of them, or only the newest so many."""
        found = self._call("messages.list", session_id=session_id, limit=limit)
        return [Message(message) for message in found]

    def page(
        self, session_id: str, *, limit: int | None = None, before: str | None = None
    ) -> MessagePage:
        """Some messages: the newest 100, or ``limit``, or those before a page's ``older``."""
        page = self._call("messages.page", session_id=session_id, limit=limit, before=before)
        return MessagePage(page)

    def stream(self, session_id: str) -> Iterator[Message]:
        """The messages from the newest back to the oldest, asked for in pages as needed."""
        before: str | None = None
        while True:
            page = self.page(session_id, before=before)
            for message in reversed(page.messages):
                yield message
            before = page.older
            if before is None:
                return

    def get(self, session_id: str, message_id: str) -> Message:
        """One message. ``NotFoundError``"""
        found = self._call("messages.get", session_id=session_id, message_id=message_id)
        return Message(found)

    def delete(self, session_id: str, message_id: str) -> None:
        """Takes a message away. ``ConflictError`` while a turn runs."""
        self._call("messages.delete", session_id=session_id, message_id=message_id)

    def update_part(self, part: Part | Mapping[str, Any]) -> Part:
        """Replaces a part by this one, which names its session and message."""
        data = part.to_dict() if isinstance(part, Part) else part
        return Part.of(self._call("messages.update_part", part=data))

    def delete_part(self, session_id: str, message_id: str, part_id: str) -> None:
        """Takes a part away."""
        self._call(
            "messages.delete_part", session_id=session_id, message_id=message_id, part_id=part_id
        )

    def prompt(
        self,
        session_id: str,
        content: Content,
        *,
        agent: str | None = None,
        provider: str | None = None,
        model: str | None = None,
        variant: str | None = None,
        system: str | None = None,
        tools: Mapping[str, bool] | None = None,
        no_reply: bool = False,
        format: Mapping[str, Any] | None = None,
        timeout: float | None = None,
    ) -> Message:
        """Says something and waits for the end of the turn; returns its last message.

        ``content`` is a text, or a list of texts, ``PromptFile``, ``PromptAgent`` and
        ``PromptSubtask``. ``system`` comes in place of the session's own system prompt, ``tools``
        switches tools on or off by name, ``no_reply`` only stores it. ``format`` is what form the
        answer has to have (``{"type": "json_schema", "schema": {…}}``), ``timeout`` how many
        seconds to wait. It is sent once, whatever happens; giving up the wait does not end the
        turn, ``sessions.abort`` does.

        ``ActionRequiredError`` when the turn asks for something that no handler answers: it still
        waits then. When the model fails: ``ProviderError``, ``ContextLengthExceededError``,
        ``ProviderAuthError``, ``RateLimitError``, ``CancelledError``.
        """
        answer = self._call(
            "messages.prompt",
            session_id=session_id,
            content=pieces(content),
            agent=agent,
            provider=provider,
            model=model,
            variant=variant,
            system=system,
            tools=tools,
            no_reply=no_reply,
            format=format,
            timeout=timeout,
        )
        return Message(answer)

    create_prompt = prompt

    def prompt_async(
        self,
        session_id: str,
        content: Content,
        *,
        agent: str | None = None,
        provider: str | None = None,
        model: str | None = None,
        variant: str | None = None,
        system: str | None = None,
        tools: Mapping[str, bool] | None = None,
        no_reply: bool = False,
        format: Mapping[str, Any] | None = None,
        timeout: float | None = None,
    ) -> None:
        """Says something without waiting for the answer.

        What goes wrong later comes as the event ``SessionError``.
        """
        self._call(
            "messages.prompt_async",
            session_id=session_id,
            content=pieces(content),
            agent=agent,
            provider=provider,
            model=model,
            variant=variant,
            system=system,
            tools=tools,
            no_reply=no_reply,
            format=format,
            timeout=timeout,
        )

    def command(
        self,
        session_id: str,
        command: str,
        arguments: str = "",
        *,
        agent: str | None = None,
        model: str | None = None,
        variant: str | None = None,
        timeout: float | None = None,
    ) -> Message:
        """Runs one of the server's commands and waits for its turn; errors as of ``prompt``."""
        answer = self._call(
            "messages.command",
            session_id=session_id,
            command=command,
            arguments=arguments,
            agent=agent,
            model=model,
            variant=variant,
            timeout=timeout,
        )
        return Message(answer)

    def shell(
        self,
        session_id: str,
        command: str,
        *,
        agent: str | None = None,
        provider: str | None = None,
        model: str | None = None,
        timeout: float | None = None,
    ) -> Message:
        """Runs a shell command in the session's directory on the server.

        Returns the message with its output. ``ConflictError`` while a turn runs.
        """
        answer = self._call(
            "messages.shell",
            session_id=session_id,
            command=command,
            agent=agent,
            provider=provider,
            model=model,
            timeout=timeout,
        )
        return Message(answer)

    def init(self, session_id: str) -> Message:
        """Has a model look at the project and write its ``AGENTS.md``; waits for the turn."""
        return Message(self._call("messages.init", session_id=session_id))
