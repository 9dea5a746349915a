"""The server itself: the table of tools behind the Model Context Protocol, on standard input and output.

Knows neither what the tools do nor whom they speak for: each call goes to whoever serves it.
"""

from __future__ import annotations

import asyncio
from typing import Any, Protocol

import mcp_types as types
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server

from devmesh import __version__
from devmesh.bridge.mcp import NAME
from devmesh.bridge.mcp.toolbelt import INSTRUCTIONS, TOOLS, Offered
from devmesh.errors import DevMeshError

STILL_WAITING = 5.0
"Seconds between two notices that a call goes on: some tools give up on a silent one."


class Serving(Protocol):
    """Does what a tool is called for."""

    async def call(self, name: str, arguments: dict[str, Any]) -> str:
        """The result as text. Raises DevMeshError with a reason that a model understands."""
        ...


async def serve(serving: Serving) -> None:
    """Speak MCP on standard input and output until the input ends."""
    server = built(serving)
    async with stdio_server() as (incoming, outgoing):
        await server.run(incoming, outgoing, server.create_initialization_options())


def built(serving: Serving) -> Server[Any]:
    """The server, with nothing connected to it yet."""

    async def list_tools(
        _: ServerRequestContext[Any], __: types.PaginatedRequestParams | None
    ) -> types.ListToolsResult:
        return types.ListToolsResult(tools=[_described(tool) for tool in TOOLS])

    async def call_tool(
        context: ServerRequestContext[Any], wanted: types.CallToolRequestParams
    ) -> types.CallToolResult:
        try:
            text = await _called(serving, context, wanted)
        except DevMeshError as error:
            return _said(_one_line(error), failed=True)
        return _said(text)

    return Server(
        NAME, version=__version__, instructions=INSTRUCTIONS, on_list_tools=list_tools, on_call_tool=call_tool
    )


def _described(tool: Offered) -> types.Tool:
    hints = types.ToolAnnotations(read_only_hint=tool.read_only, destructive_hint=False, open_world_hint=False)
    return types.Tool(name=tool.name, description=tool.description, input_schema=tool.schema, annotations=hints)


async def _called(serving: Serving, context: ServerRequestContext[Any], wanted: types.CallToolRequestParams) -> str:
    calling = asyncio.ensure_future(serving.call(wanted.name, wanted.arguments or {}))
    try:
        waited = 0.0
        while not (await asyncio.wait((calling,), timeout=STILL_WAITING))[0]:
            waited += STILL_WAITING
            await context.session.report_progress(waited, message=f"{wanted.name}: waiting for {waited:g} s")
        return calling.result()
    finally:
        calling.cancel()


def _one_line(error: DevMeshError) -> str:
    """An error as a model reads it: what is wrong, and what to do."""
    return " ".join(str(error).split())


def _said(text: str, *, failed: bool = False) -> types.CallToolResult:
    return types.CallToolResult(content=[types.TextContent(type="text", text=text)], is_error=failed)
