"""The server: which tools there are, over standard input and output or over HTTP."""

from __future__ import annotations

import asyncio
from contextlib import closing, contextmanager
from functools import wraps
from typing import TYPE_CHECKING, Any

from fakesmtp import __version__
from fakesmtp.client.requests import Requests
from fakesmtp.errors import FakeSMTPError, MissingExtraError
from fakesmtp.mcp.tools import Tools
from fakesmtp.text import quote, suggest

try:
    from mcp.server.mcpserver import MCPServer
    from mcp.server.mcpserver.exceptions import ToolError
    from mcp.types import ToolAnnotations
except ImportError as error:  # the extra is not installed
    message = f"this command needs {error.name}: pip install 'fakesmtp[mcp]' installs it"
    raise MissingExtraError(message) from error

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator

    from mcp.server.mcpserver import Context
    from mcp.types import CallToolResult, InputRequiredResult

_INSTRUCTIONS = (
    "fakesmtp is a mail server for tests: it behaves like NHN Cloud Email's SMTP endpoint, "
    "delivers nothing and keeps everything. Use these tools to read and wait for what programs "
    "sent to it, to see why an SMTP session failed, and to make it refuse or delay on purpose."
)


class _Server(MCPServer):
    """Refuses arguments that a tool does not have.

    `MCPServer` ignores them: `search_messages(appkey=…)` would search the messages of all accounts.
    """

    async def call_tool(
        self, name: str, arguments: dict[str, Any], context: Context[Any, Any] | None = None
    ) -> CallToolResult | InputRequiredResult:
        """Call a tool; raise `ToolError` for an argument that it does not have."""
        known = {tool.name: tool.input_schema["properties"] for tool in await self.list_tools()}
        for argument in arguments:
            if name in known and argument not in known[name]:
                right = suggest(argument, known[name])
                raise ToolError(f"{name} has no argument {quote(argument)}; {right}")
        return await super().call_tool(name, arguments, context)


@contextmanager
def open_server(url: str, *, allow_delete: bool = False) -> Iterator[MCPServer]:
    """Give the server with the tools for a running fakesmtp at `url`, for a `with` block.

    Messages can be deleted only with `allow_delete`. Raises `ConfigurationError` for what is not
    an address.
    """
    with closing(Requests(url)) as requests:
        yield _make_server(Tools(requests), allow_delete=allow_delete)


def _make_server(tools: Tools, *, allow_delete: bool) -> MCPServer:
    server = _Server("fakesmtp", instructions=_INSTRUCTIONS, version=__version__)
    for tool in tools.reading:
        server.add_tool(_in_thread(tool), annotations=ToolAnnotations(read_only_hint=True))
    for tool in tools.changing:
        server.add_tool(_in_thread(tool), annotations=ToolAnnotations(destructive_hint=False))
    for tool in tools.deleting if allow_delete else ():
        server.add_tool(_in_thread(tool), annotations=ToolAnnotations(destructive_hint=True))
    return server


def _in_thread(tool: Callable[..., Any]) -> Callable[..., Coroutine[Any, Any, Any]]:
    """Return a tool that does not block the event loop, with the same name and parameters."""

    @wraps(tool)
    async def run(*given: object, **named: object) -> object:
        try:
            return await asyncio.to_thread(tool, *given, **named)
        except FakeSMTPError as error:
            # Only the message of this class reaches the assistant.
            raise ToolError(str(error)) from None

    return run
