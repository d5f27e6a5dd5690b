"""Tools that a model calls over HTTP: built in, of the program, and each step of a call."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from opencode.conversation import ApprovalRequest, ToolCallChunk, ToolResultChunk
from tests.conversation.conftest import Service

PARAM = {"type": "object", "properties": {"param": {"type": "string"}}}


def test_register_tools(service: Service, tmp_path: Path) -> None:
    conversation = service.create(
        tools=["bash", "edit", "read", "write", "grep", "glob"], working_dir=tmp_path
    )

    async def handler(params: dict[str, Any]) -> dict[str, str]:
        await asyncio.sleep(0)
        heard.append(params)
        return {"result": "success"}

    heard: list[dict[str, Any]] = []
    conversation.register_tool(
        name="custom_tool",
        description="Perform custom operation",
        parameters=PARAM,
        handler=handler,
    )
    service.calls("Use it", ("custom_tool", {"param": "value"}), then="It worked.")
    assert conversation.message("Use it").text() == "It worked."
    assert heard == [{"param": "value"}]
    first, second = service.asked
    tools = service.form.tools(first)
    assert list(tools) == ["bash", "edit", "read", "write", "grep", "glob", "custom_tool"]
    description, schema = tools["custom_tool"]
    assert (description, schema["properties"]) == (
        "Perform custom operation",
        {"param": {"type": "string"}},
    )
    assert all(described for described, _ in tools.values())
    assert service.form.said(second)[-1] == ("tool", '{"result":"success"}')


async def test_register_tools_on_an_event_loop(service: Service) -> None:
    here = asyncio.get_running_loop()

    async def handler(_: dict[str, Any]) -> bool:
        return asyncio.get_running_loop() is here

    conversation = service.create()
    conversation.register_tool("custom_tool", "Perform custom operation", PARAM, handler)
    service.calls("Use it", ("custom_tool", {"param": "value"}), then="It worked.")
    assert (await conversation.message("Use it")).text == "It worked."
    assert service.form.said(service.asked[1])[-1] == ("tool", "true")


def test_built_in_tools(service: Service, tmp_path: Path) -> None:
    """Each of the six is called by the model, works in the directory, and is told its result."""
    agreed: list[str] = []

    def approve(request: ApprovalRequest) -> bool:
        agreed.append(request.tool)
        return True

    conversation = service.create(
        tools=["bash", "edit", "read", "write", "grep", "glob"],
        working_dir=tmp_path,
        approve=approve,
    )
    edit = {"filePath": "a.txt", "oldString": "one", "newString": "two"}
    steps: list[tuple[str, dict[str, Any], str]] = [
        ("write", {"filePath": "a.txt", "content": "one\n"}, ""),
        ("edit", edit, ""),
        ("read", {"filePath": "a.txt"}, "two"),
        ("grep", {"pattern": "tw."}, "a.txt"),
        ("glob", {"pattern": "*.txt"}, "a.txt"),
        ("bash", {"command": "cat a.txt", "description": "Show"}, "two"),
    ]
    for tool, params, told in steps:
        service.calls(f"Try {tool}", (tool, params), then=f"{tool} is fine.")
        assert conversation.message(f"Try {tool}").text() == f"{tool} is fine."
        role, text = service.form.said(service.asked[-1])[-1]
        assert role == "tool"
        assert told in text
        assert conversation.session.tool_history[-1].success, text
    assert (tmp_path / "a.txt").read_text() == "two\n"
    assert agreed == ["write", "edit", "bash"]


def test_tool_execution_flow(service: Service) -> None:
    """The six steps, as they are seen by the model, by who reads the stream, and by the tool."""
    ran: list[dict[str, Any]] = []

    def handler(params: dict[str, Any]) -> str:
        ran.append(params)
        return "success"

    conversation = service.create()
    conversation.register_tool("custom_tool", "Perform custom operation", PARAM, handler)
    # 1. The model requests calls: a right one, one with wrong parameters, one of no tool.
    service.calls(
        "Use it",
        ("custom_tool", {"param": "value"}),
        ("custom_tool", {"param": 5}),
        ("other_tool", {}),
        then="One of three worked.",
    )
    chunks = list(conversation.message("Use it"))
    calls = [chunk for chunk in chunks if isinstance(chunk, ToolCallChunk)]
    assert [call.tool for call in calls] == ["custom_tool", "custom_tool", "other_tool"]
    # 2. Tool and parameters are checked, 3. what is right is run.
    assert ran == [{"param": "value"}]
    # 4. Each call has its result.
    results = {chunk.id: chunk for chunk in chunks if isinstance(chunk, ToolResultChunk)}
    right, wrong, unknown = (results[call.id] for call in calls)
    assert (right.result, right.error) == ("success", None)
    assert "param" in (wrong.error or "")
    assert "other_tool" in (unknown.error or "")
    # 5. The model is sent the results, in the order of its calls.
    first, second = service.asked
    told = service.form.said(second)[len(service.form.said(first)) + 1 :]
    assert [role for role, _ in told] == ["tool", "tool", "tool"]
    assert told[0][1] == "success"
    assert wrong.error is not None
    assert wrong.error in told[1][1]
    # 6. It goes on with them.
    assert chunks[-1].type == "end"
    assert conversation.get_messages()[-1].content == "One of three worked."
