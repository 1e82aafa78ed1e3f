"""`fakesmtp mcp`: tools for assistants that speak the Model Context Protocol."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from fakesmtp.cli.command import Command
from fakesmtp.cli.compose import is_loopback
from fakesmtp.cli.values import Value, read_address
from fakesmtp.errors import ConfigurationError

if TYPE_CHECKING:
    from fakesmtp.cli.options import Settings

_DEFAULT = "http://127.0.0.1:8025"


@click.command(cls=Command, takes=["server"])
@click.option(
    "--http",
    "address",
    type=Value(read_address),
    metavar="HOST:PORT",
    help="Serve over HTTP at this address, below /mcp. Default: standard input and output.",
)
@click.option("--allow-delete", is_flag=True, help="Also offer a tool that deletes messages.")
def mcp(settings: Settings, *, address: tuple[str, int] | None, allow_delete: bool) -> None:
    """Serve tools for assistants over MCP.

    They list, search, read and wait for messages, read sessions and plan faults. --server is the
    address of the running fakesmtp; the default is http://127.0.0.1:8025.
    """
    if address is not None and not is_loopback(address[0]):
        raise ConfigurationError(
            f"--http must be a loopback address, not {address[0]}: there is no password (example: "
            "127.0.0.1:8026)"
        )
    from fakesmtp.mcp.server import open_server  # noqa: PLC0415 - it takes a second to load

    with open_server(settings.server or _DEFAULT, allow_delete=allow_delete) as server:
        if address is None:
            server.run("stdio")
        else:
            server.run("streamable-http", host=address[0], port=address[1])
