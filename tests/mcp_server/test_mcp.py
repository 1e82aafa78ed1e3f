"""The tools for assistants, used by the official client over each transport."""

from __future__ import annotations

import asyncio
import smtplib
import socket
import sys
from contextlib import asynccontextmanager
from threading import Thread
from typing import TYPE_CHECKING, Any

import pytest
import uvicorn
from http_api import Api, serving
from mcp import Client
from mcp.client.stdio import StdioServerParameters, stdio_client
from raw_client import PATIENCE

from fakesmtp.cli import main
from fakesmtp.mcp.server import open_server

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

READING = {
    "list_messages",
    "search_messages",
    "read_message",
    "extract_codes",
    "wait_for_message",
    "list_sessions",
    "read_session",
    "list_faults",
}
CHANGING = {"new_account", "add_fault", "remove_fault"}


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Api]:
    """A server with its HTTP API."""
    with serving(tmp_path / "recordings") as running:
        yield running


@asynccontextmanager
async def opened(url: str, *, allow_delete: bool = False) -> AsyncIterator[Client]:
    """Open a client of the tools, in this process."""
    with open_server(url, allow_delete=allow_delete) as server:
        async with Client(server) as client:
            yield client


async def call(client: Client, name: str, **arguments: object) -> dict[str, Any]:
    """Call a tool; return its result."""
    result = await client.call_tool(name, arguments)
    assert not result.is_error, result.content
    return result.structured_content


def send(api: Api, account: dict[str, Any]) -> None:
    """Send a message with an account that was issued."""
    with smtplib.SMTP("127.0.0.1", api.smtp.port(587), timeout=PATIENCE) as smtp:
        smtp.login(account["usernames"]["auth"], account["secret_key"])
        text = "Subject: Your code\r\n\r\nIt is 493021.\r\n"
        smtp.sendmail("a@example.com", ["b@example.com"], text)


def test_reading_and_waiting(api: Api) -> None:
    """An account is issued, its message awaited and read, its session explained."""

    async def run() -> None:
        async with opened(api.http.url) as client:
            account = await call(client, "new_account")
            mine = {"app_key": account["app_key"]}
            waiting = asyncio.create_task(call(client, "wait_for_message", query="code", **mine))
            await asyncio.to_thread(send, api, account)
            found = await waiting
            assert (found["subject"], found["mail_type"]) == ("Your code", "auth")
            assert (await call(client, "extract_codes", **mine))["codes"] == ["493021"]
            assert (await call(client, "read_message", **mine))["text"] == "It is 493021.\n"
            listed = await call(client, "search_messages", query="subject:code", **mine)
            assert [each["id"] for each in listed["messages"]] == [found["id"]]
            session = await call(client, "read_session", session_id=found["session_id"])
            assert "AUTH PLAIN" in session["transcript"].upper()
            assert account["secret_key"] not in str(session)
            vain = await call(client, "wait_for_message", query="nothing", timeout=0, **mine)
            assert vain["detail"].startswith("no message came within 0 s")

    asyncio.run(run())


def test_faults(api: Api) -> None:
    """A rule is added, listed and removed; rules that others planned stay."""
    kept = api.smtp.faults.fail("noop").rule

    async def run() -> None:
        async with opened(api.http.url) as client:
            rule = {"where": "rcpt", "reply": "451 4.7.1 Later"}
            added = await call(client, "add_fault", fault=rule)
            assert len((await call(client, "list_faults"))["faults"]) == 2
            await call(client, "remove_fault", fault_id=added["id"])
            number = api.smtp.faults.number_of(kept)
            refused = await client.call_tool("remove_fault", {"fault_id": number})
            assert refused.is_error
            wrong = await client.call_tool("add_fault", {"fault": {"where": "mial"}})
            assert "where must be a stage, not 'mial'" in str(wrong.content)

    asyncio.run(run())
    assert api.smtp.faults.rules == (kept,)


@pytest.mark.parametrize(
    ("name", "arguments", "error"),
    [
        (
            "search_messages",
            {"query": "", "appkey": "x"},
            "search_messages has no argument 'appkey'; did you mean 'app_key'?",
        ),
        (
            "delete_messages",
            {"query": "", "only": "mine"},
            "delete_messages has no argument 'only'; valid are query, app_key",
        ),
    ],
)
def test_unknown_arguments(api: Api, name: str, arguments: dict[str, object], error: str) -> None:
    """An argument that a tool does not have is an error that names what is valid."""
    api.send_message()

    async def run() -> None:
        async with opened(api.http.url, allow_delete=True) as client:
            result = await client.call_tool(name, arguments)
            assert result.is_error
            assert error in result.content[0].text

    asyncio.run(run())
    assert len(api.smtp.messages) == 1


def test_deleting_needs_a_flag(api: Api) -> None:
    """Without the flag no tool deletes messages."""
    api.send_message()

    async def names(*, allow_delete: bool) -> set[str]:
        async with opened(api.http.url, allow_delete=allow_delete) as client:
            tools = (await client.list_tools()).tools
            if allow_delete:
                assert await call(client, "delete_messages", query="") == {"count": 1}
            return {tool.name for tool in tools}

    assert asyncio.run(names(allow_delete=False)) == READING | CHANGING
    assert len(api.smtp.messages) == 1
    assert asyncio.run(names(allow_delete=True)) == READING | CHANGING | {"delete_messages"}


def test_over_standard_input(api: Api) -> None:
    """`fakesmtp mcp` speaks the protocol over standard input and output, and nothing else."""

    async def run() -> list[str]:
        arguments = ["-m", "fakesmtp", "mcp", "--server", api.http.url]
        process = stdio_client(StdioServerParameters(command=sys.executable, args=arguments))
        async with Client(process) as client:
            assert (await call(client, "list_sessions"))["sessions"] == []
            return sorted(tool.name for tool in (await client.list_tools()).tools)

    assert set(asyncio.run(run())) == READING | CHANGING


def test_over_http(api: Api) -> None:
    """The same tools are served over HTTP, below /mcp."""
    with (
        open_server(api.http.url) as tools,
        socket.create_server(("127.0.0.1", 0)) as listener,
    ):
        app = tools.streamable_http_app()
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, timeout_graceful_shutdown=1))
        thread = Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            url = f"http://127.0.0.1:{listener.getsockname()[1]}/mcp"
            listed = asyncio.run(list_sessions(url))
        finally:
            server.should_exit = True
            thread.join()
    assert listed == {"sessions": [], "cursor": None}


async def list_sessions(url: str) -> dict[str, Any]:
    """Call a tool over HTTP."""
    async with Client(url) as client:
        return await call(client, "list_sessions")


def test_the_server_is_missing() -> None:
    """Without a running fakesmtp a tool says what to start."""

    async def run() -> str:
        async with opened("http://127.0.0.1:1") as client:
            result = await client.call_tool("list_messages", {})
            assert result.is_error
            return str(result.content)

    assert "is `fakesmtp serve` running?" in asyncio.run(run())


def test_wrong_addresses(capsys: pytest.CaptureFixture[str]) -> None:
    """An address that others could reach is refused, and so is what is not an address."""
    assert main(["mcp", "--http", "0.0.0.0:8026"]) == 2
    assert "--http must be a loopback address, not 0.0.0.0" in capsys.readouterr().err
    assert main(["mcp", "--server", "localhost"]) == 2
    assert "localhost" in capsys.readouterr().err
