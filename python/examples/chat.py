"""A chat in the terminal: answers as they come, tools that ask first, sessions that are kept.

python chat.py                          talks to a script, which needs no key
python chat.py --model openai/gpt-5     talks to a model, with the key in OPENAI_API_KEY
python chat.py --resume [ID]            goes on with a session, or with the latest
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import re
import sys
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from queue import Empty, SimpleQueue
from typing import Any, TypeAlias

from opencode.conversation import (
    ApprovalRequest,
    Chunk,
    Conversation,
    Event,
    Options,
    ReasoningChunk,
    ResponseStream,
    TextChunk,
    ToolCallChunk,
    ToolResultChunk,
)
from opencode.errors import CancelledError, OpencodeError
from opencode.sessions import Session, SessionManager, __version__
from opencode.sessions.repl import get_prompt, handle_session_command

with contextlib.suppress(ImportError):
    import readline  # noqa: F401  `input` remembers what was typed.

dimmed: Callable[..., None] = print
with contextlib.suppress(ImportError):
    from rich.console import Console

    dimmed = partial(Console().out, style="dim", highlight=False)

HELP = """\
/session                shows this session
/session list           lists the latest ones
/session new            begins a new one
/session resume [ID]    goes on with another one, or with the latest
/session title TEXT     gives this one a title
/session tag NAME       gives this one a tag; untag takes it away
/usage                  shows how full the context is, and what was used
/quit                   ends the chat; so do Ctrl-C and Ctrl-D
Ctrl-C during an answer ends that answer."""

#: What a terminal would obey, or show in another order; models and files may hold it.
CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def main() -> int:
    parser = argparse.ArgumentParser(description="A chat in the terminal.")
    parser.add_argument("--model", metavar="PROVIDER/MODEL", help="by default a script answers")
    parser.add_argument("--base-url", metavar="URL", help="another address of the provider")
    parser.add_argument("--system", metavar="TEXT", help="the system prompt")
    parser.add_argument("--resume", nargs="?", const="", metavar="ID", help="go on with a session")
    try:
        Chat(parser.parse_args()).run()
    except OpencodeError as error:
        print(described(error), file=sys.stderr)
        return 1
    return 0


class Scripted:
    """Stands in for a model: a few words make it call a tool."""

    name = "scripted"
    about = """\
The answers come from a script. It understands: files, read NAME, run COMMAND, count to N.
For a real model: --model openai/gpt-5, for example, with its key in OPENAI_API_KEY."""

    def stream(self, request: dict[str, Any]) -> Iterator[Event]:
        last = request["messages"][-1]
        if last["role"] == "tool":
            yield from self.said("That is what came of it.")
            return
        yield {"type": "reasoning", "content": "What is asked for?"}
        match last["content"].split():
            case ["files"]:
                yield {"type": "tool_call", "tool": "glob", "params": {"pattern": "*"}}
            case ["read", name]:
                yield {"type": "tool_call", "tool": "read", "params": {"filePath": name}}
            case ["run", *words]:
                yield "Let me see."
                yield {"type": "tool_call", "tool": "bash", "params": {"command": " ".join(words)}}
            case ["count", "to", number] if number.isdecimal():
                yield from self.said(" ".join(str(n) for n in range(1, int(number) + 1)))
            case _:
                first = request["messages"][0]["content"]
                yield from self.said(f"You said {last['content']!r}, and at first {first!r}.")

    def said(self, text: str) -> Iterator[Event]:
        words = text.split(" ")
        yield {"type": "usage", "prompt_tokens": 10, "completion_tokens": len(words)}
        for word in words:
            yield word + " "
            time.sleep(0.03)


#: What has to be agreed to, and where the answer goes.
Question: TypeAlias = tuple[ApprovalRequest, SimpleQueue[bool]]


class Chat:
    """One conversation at a time. The manager, whose prompt this is, has the same session."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        self.arguments = arguments
        self.manager = SessionManager.get_instance()
        #: What a turn tells the thread that has the terminal, and ``None`` at its end.
        self.events: SimpleQueue[Chunk | OpencodeError | Question | None] = SimpleQueue()
        say(f"OpenCode v{__version__}")
        session, resume = None, arguments.resume
        if resume is not None:
            session = self.manager.resume(resume) if resume else self.manager.resume_latest()
        self.conversation = self.opened(session)
        self.manager.resume(self.conversation.id)
        say(f"{'Resumed' if session else 'New'} session: {self.conversation.id}")

    def run(self) -> None:
        """Reads lines and answers them, until ``/quit`` or the end of the input."""
        try:
            while (line := input(get_prompt()).strip()) != "/quit":
                try:
                    self.obey(line)
                except OpencodeError as error:
                    say(described(error))
        except (EOFError, KeyboardInterrupt):
            print()
        finally:
            self.conversation.close()
            self.manager.close()
        say(f"Session saved. To go on with it: --resume {self.conversation.id}")

    def obey(self, line: str) -> None:
        command, _, words = line.partition(" ")
        if command == "/session":
            say(self.session(words.strip()))
        elif command == "/usage":
            say(self.usage())
        elif command.startswith("/"):
            say(HELP)
        elif line:
            self.answer(line)

    def answer(self, line: str) -> None:
        """One turn. Ctrl-C ends it; what was said until then is kept."""
        self.events = SimpleQueue()
        stream = self.conversation.message(line)
        threading.Thread(target=self.read, args=(stream,), daemon=True).start()
        last: Any = None
        while True:
            try:
                event = self.heard()
                if isinstance(last, (TextChunk, ReasoningChunk)) and type(event) is not type(last):
                    print()
                last = event
                if event is None:
                    break
                self.show(event, stream)
            except KeyboardInterrupt:
                if stream.is_over:
                    break
                stream.end()
        print()

    def heard(self) -> Chunk | OpencodeError | Question | None:
        """Waits in short steps: Ctrl-C does not end a wait when another thread gets the signal."""
        while True:
            with contextlib.suppress(Empty):
                return self.events.get(timeout=0.1)

    def read(self, stream: ResponseStream) -> None:
        """On a thread of its own: the main one waits for chunks and for questions."""
        try:
            for chunk in stream:
                self.events.put(chunk)
        except OpencodeError as error:
            self.events.put(error)
        self.events.put(None)

    def approve(self, request: ApprovalRequest) -> bool:
        """On a thread of the library. The main one asks: it has the terminal, and Ctrl-C."""
        answer: SimpleQueue[bool] = SimpleQueue()
        self.events.put((request, answer))
        return answer.get()

    def show(self, event: Chunk | OpencodeError | Question, stream: ResponseStream) -> None:
        match event:
            case TextChunk(content):
                say(content, end="")
            case ReasoningChunk(content):
                say(content, end="", write=dimmed)
            case ToolCallChunk(tool=tool, params=params):
                say(f"[{tool} {shortened(params)}]")
            case ToolResultChunk(tool=tool, result=result, error=None):
                say(f"[{tool} gave: {shortened(result)}]")
            case ToolResultChunk(tool=tool, error=error):
                say(f"[{tool} failed: {shortened(error)}]")
            case (request, answer):
                # A turn that was ended in the meantime is asked nothing more.
                answer.put(not stream.is_over and agrees(request))
            case CancelledError():
                say("[interrupted]")
            case OpencodeError():
                say(described(event))

    def usage(self) -> str:
        context, used = self.conversation.get_context_usage(), self.conversation.session.usage
        return (
            f"Context: {context.current} of {context.max} tokens ({context.percent:.1f}%)\n"
            f"Used: {used['input']} tokens sent, {used['output']} answered, cost {used['cost']}"
        )

    def session(self, words: str) -> str:
        """Does what follows ``/session``; another session is another conversation."""
        is_new = words == "new"
        told = "" if is_new else asyncio.run(handle_session_command(words))
        session = None if is_new else self.manager.current_session
        is_deleted = not self.manager.storage.exists(self.conversation.id)
        try:
            if is_new or is_deleted or (session and session.id != self.conversation.id):
                opened = self.opened(session)
                self.conversation.close()
                self.conversation = opened
        finally:
            # Where the other one could not be opened, this one stays.
            session = self.manager.current_session
            if session is None or session.id != self.conversation.id:
                self.manager.resume(self.conversation.id)
        return told or f"New session: {self.conversation.id}"

    def opened(self, session: Session | None) -> Conversation:
        """The conversation of a session, or a new one: with the model asked for, or its own."""
        options: Options = {
            "storage": self.manager.storage,
            "base_url": self.arguments.base_url,
            "system_prompt": self.arguments.system,
            "approve": self.approve,
        }
        name, _, model = (self.arguments.model or "").partition("/")
        if session is not None and not name:
            name, model = session.provider or "", session.model
        if name in ("", Scripted.name):
            say(Scripted.about)
            options["provider"], model = Scripted(), Scripted.name
        else:
            say(f"Model: {name}/{model}")
            options["provider"] = name
        if name != "opencode":  # A server has its own.
            options["tools"] = ["read", "glob", "grep", "write", "edit", "bash"]
        if session is None:
            return Conversation.create(model, **options)
        return Conversation.resume(session.id, model=model, **options)


def agrees(request: ApprovalRequest) -> bool:
    """Asks for leave. The end of the input and Ctrl-C are a no."""
    say(f"{request.tool} needs your approval: {request.reason}")
    say(json.dumps(request.params, indent=2, ensure_ascii=False))
    try:
        return input("Allow it? [y/N] ").strip().lower() in ("y", "yes")
    except (EOFError, KeyboardInterrupt):
        print()
        return False


def described(error: OpencodeError) -> str:
    return f"Error {error.code}: {error.message}" + (f"\nHint: {error.hint}" if error.hint else "")


def shortened(data: Any, width: int = 160) -> str:
    text = data if isinstance(data, str) else json.dumps(data, ensure_ascii=False)
    text = " ".join(text.split())
    return text if len(text) <= width else text[: width - 3] + "..."


def say(text: str, end: str = "\n", write: Callable[..., None] = print) -> None:
    write(CONTROLS.sub("\N{REPLACEMENT CHARACTER}", text), end=end)
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
