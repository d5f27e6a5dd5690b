"""Conversations with a model: turns, tools, streams, all of it kept in a session.

>>> from opencode.conversation import Conversation, ScriptedModel, TextChunk, ToolCallChunk, tool
>>> @tool
... def weather(city: str) -> str:
...     \"\"\"Tells the weather.\"\"\"
...     return f"sunny in {city}"
>>> from opencode.conversation import Reply
>>> model = ScriptedModel([Reply(calls=[("weather", {"city": "Rome"})]), "It is sunny."])
>>> with Conversation.create("any", provider=model, tools=[weather]) as conversation:
...     for chunk in conversation.message("How is the weather in Rome?"):
...         match chunk:
...             case TextChunk(content):
...                 print(content, end="")
...             case ToolCallChunk(tool=name, params=params):
...                 print(name, params)
weather {'city': 'Rome'}
It is sunny.

``Conversation.create("openai/gpt-5")`` asks a model, with the key of its environment variable.
Errors are those of ``opencode.errors``.
"""

from __future__ import annotations

from opencode.conversation._chunks import (
    Chunk,
    EndChunk,
    ReasoningChunk,
    Summary,
    TextChunk,
    ToolCallChunk,
    ToolResultChunk,
    Usage,
    UsageChunk,
)
from opencode.conversation._conversation import Conversation
from opencode.conversation._options import Options
from opencode.conversation._pool import Lending, SessionPool
from opencode.conversation._providers import Event, Provider, Reply, ScriptedModel
from opencode.conversation._records import (
    Answer,
    ApprovalRequest,
    ContextUsage,
    Message,
    Pruned,
    SessionState,
    TokensUsed,
    TokenUsage,
    ToolCall,
    ToolResult,
)
from opencode.conversation._stream import ResponseStream
from opencode.conversation._tools import Tool, ToolContext, tool
from opencode.sessions._native import PromptTemplate, default_system_prompt

#: The system prompt of a conversation that was given none.
DEFAULT_SYSTEM_PROMPT: str = default_system_prompt()

__all__ = [
    "DEFAULT_SYSTEM_PROMPT",
    "Answer",
    "ApprovalRequest",
    "Chunk",
    "ContextUsage",
    "Conversation",
    "EndChunk",
    "Event",
    "Lending",
    "Message",
    "Options",
    "PromptTemplate",
    "Provider",
    "Pruned",
    "ReasoningChunk",
    "Reply",
    "ResponseStream",
    "ScriptedModel",
    "SessionPool",
    "SessionState",
    "Summary",
    "TextChunk",
    "TokenUsage",
    "TokensUsed",
    "Tool",
    "ToolCall",
    "ToolCallChunk",
    "ToolContext",
    "ToolResult",
    "ToolResultChunk",
    "Usage",
    "UsageChunk",
    "tool",
]
