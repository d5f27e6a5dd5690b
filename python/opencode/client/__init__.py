"""A client for the OpenCode server: sessions, prompts, events. For threads and for asyncio.

``Client`` waits, ``AsyncClient`` has coroutines of the same names. What a server says comes as
objects that cannot be changed; ``to_dict()`` gives the server's own data. Errors are those of
``opencode.errors``.

>>> from opencode.client import Client, SessionIdle, TextPart
>>> with Client() as client, client.session_scope(description="Greetings") as scope:
...     answer = client.messages.prompt(scope.session.id, "hello")
...     [str(part) for part in answer.parts if isinstance(part, TextPart)]
['Hi there!']

Events come by ``for``, or by ``async for``:

>>> with Client() as client, client.session_scope() as scope:
...     with client.subscribe(scope.session.id) as events:
...         client.messages.prompt_async(scope.session.id, "hello")
...         for event in events:
...             match event:
...                 case SessionIdle():
...                     break
...     print(client.messages.list(scope.session.id)[-1])
Hi there!

>>> import asyncio
>>> from opencode.client import AsyncClient
>>> async def greet() -> str:
...     async with AsyncClient() as client:
...         return await client.run_text("hello")
>>> asyncio.run(greet())
'Hi there!'
"""

from __future__ import annotations

from opencode.client._async.client import (
    AsyncClient,
)
from opencode.client._async.messages import (
    AsyncMessages,
)
from opencode.client._async.requests import (
    AsyncPermissions,
    AsyncQuestions,
)
from opencode.client._async.scope import (
    AsyncSessionScope,
)
from opencode.client._async.sessions import (
    AsyncSessions,
)
from opencode.client._events import (
    CommandExecuted,
    Event,
    FileEdited,
    GlobalDisposed,
    Lagged,
    MessagePartDelta,
    MessagePartRemoved,
    MessagePartUpdated,
    MessageRemoved,
    MessageUpdated,
    PermissionAsked,
    PermissionReplied,
    PermissionUpdated,
    QuestionAsked,
    QuestionRejected,
    QuestionReplied,
    Reconnected,
    ServerConnected,
    ServerHeartbeat,
    ServerInstanceDisposed,
    SessionCompacted,
    SessionCreated,
    SessionDeleted,
    SessionDiff,
    SessionError,
    SessionIdle,
    SessionStatus,
    SessionUpdated,
    TodoUpdated,
    ToolStateCompleted,
    ToolStateError,
    ToolStateRunning,
    TuiSessionSelect,
    UnknownEvent,
)
from opencode.client._handlers import (
    Reject,
)
from opencode.client._parts import (
    AgentPart,
    CompactionPart,
    FilePart,
    Message,
    MessageError,
    MessageInfo,
    Part,
    PatchPart,
    ReasoningPart,
    RetryPart,
    SnapshotPart,
    StepFinishPart,
    StepStartPart,
    SubtaskPart,
    TextPart,
    ToolPart,
    ToolState,
    UnknownPart,
)
from opencode.client._prompts import (
    PromptAgent,
    PromptFile,
    PromptSubtask,
    PromptText,
)
from opencode.client._records import (
    Deleted,
    FileChange,
    FileDiff,
    Health,
    MessagePage,
    PermissionRequest,
    Question,
    QuestionOption,
    QuestionRequest,
    Reverted,
    RevertPoint,
    RunStatus,
    Session,
    SessionChanges,
    SessionDetails,
    SessionInfo,
    SessionModel,
    SessionShare,
    SessionSummary,
    ShareSessionResponse,
    Todo,
    Tokens,
)
from opencode.client._stream import (
    EventStream,
)
from opencode.client._sync.client import (
    Client,
)
from opencode.client._sync.messages import (
    Messages,
)
from opencode.client._sync.requests import (
    Permissions,
    Questions,
)
from opencode.client._sync.scope import (
    SessionScope,
)
from opencode.client._sync.sessions import (
    Sessions,
)

__all__ = [
    "AgentPart",
    "AsyncClient",
    "AsyncMessages",
    "AsyncPermissions",
    "AsyncQuestions",
    "AsyncSessionScope",
    "AsyncSessions",
    "Client",
    "CommandExecuted",
    "CompactionPart",
    "Deleted",
    "Event",
    "EventStream",
    "FileChange",
    "FileDiff",
    "FileEdited",
    "FilePart",
    "GlobalDisposed",
    "Health",
    "Lagged",
    "Message",
    "MessageError",
    "MessageInfo",
    "MessagePage",
    "MessagePartDelta",
    "MessagePartRemoved",
    "MessagePartUpdated",
    "MessageRemoved",
    "MessageUpdated",
    "Messages",
    "Part",
    "PatchPart",
    "PermissionAsked",
    "PermissionReplied",
    "PermissionRequest",
    "PermissionUpdated",
    "Permissions",
    "PromptAgent",
    "PromptFile",
    "PromptSubtask",
    "PromptText",
    "Question",
    "QuestionAsked",
    "QuestionOption",
    "QuestionRejected",
    "QuestionReplied",
    "QuestionRequest",
    "Questions",
    "ReasoningPart",
    "Reconnected",
    "Reject",
    "RetryPart",
    "RevertPoint",
    "Reverted",
    "RunStatus",
    "ServerConnected",
    "ServerHeartbeat",
    "ServerInstanceDisposed",
    "Session",
    "SessionChanges",
    "SessionCompacted",
    "SessionCreated",
    "SessionDeleted",
    "SessionDetails",
    "SessionDiff",
    "SessionError",
    "SessionIdle",
    "SessionInfo",
    "SessionModel",
    "SessionScope",
    "SessionShare",
    "SessionStatus",
    "SessionSummary",
    "SessionUpdated",
    "Sessions",
    "ShareSessionResponse",
    "SnapshotPart",
    "StepFinishPart",
    "StepStartPart",
    "SubtaskPart",
    "TextPart",
    "Todo",
    "TodoUpdated",
    "Tokens",
    "ToolPart",
    "ToolState",
    "ToolStateCompleted",
    "ToolStateError",
    "ToolStateRunning",
    "TuiSessionSelect",
    "UnknownEvent",
    "UnknownPart",
]
