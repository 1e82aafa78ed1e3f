"""The samples of docs/http.md, run against a server."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from http_api import Api, serving
from pages import read_page, samples_of

from fakesmtp.storage.session_search import SESSION_PREFIXES
from fakesmtp.web.own import ROUTERS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

PAGE = "docs/http.md"
#: The program under test of the Node sample: SMTP in a few lines.
SEND_CODE = """
import net from "node:net";
async function sendCode(user, secret) {
  const login = Buffer.from(`\\0${user}\\0${secret}`).toString("base64");
  const lines = ["EHLO node", `AUTH PLAIN ${login}`, "MAIL FROM:<a@example.com>",
    "RCPT TO:<b@example.com>", "DATA",
    "Subject: Your code\\r\\n\\r\\nIt is 493021.\\r\\n.", "QUIT"];
  const socket = net.connect(2587, "127.0.0.1");
  for await (const reply of socket) {
    if (!/^\\d{3} .*\\r\\n$/m.test(reply.toString())) continue;
    if (lines.length) socket.write(lines.shift() + "\\r\\n");
  }
}
"""


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Api]:
    """A server where any AppKey may log in, as `fakesmtp serve` has it."""
    with serving(tmp_path / "recordings", accounts="any") as running:
        yield running


def adapt(api: Api, code: str) -> str:
    """Put the running server's ports into a sample."""
    code = code.replace("http://127.0.0.1:8025", api.http.url)
    return code.replace("2587", str(api.smtp.port(587)))


def run(arguments: list[str], folder: Path) -> str:
    """Run a program in a folder; return its output."""
    done = subprocess.run(
        arguments, capture_output=True, text=True, check=False, cwd=folder, env=os.environ
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_curl(api: Api, tmp_path: Path, require_tool: Callable[[str], str]) -> None:
    """The shell sample prints what the page says, and leaves nothing behind."""
    for program in ("bash", "curl", "jq"):
        require_tool(program)
    (sample,), (printed,) = samples_of(PAGE, "sh"), samples_of(PAGE, "text")
    assert run(["bash", "-eu", "-c", adapt(api, sample.code)], tmp_path) == printed.code
    assert api.smtp.messages == []


def test_node(api: Api, tmp_path: Path, require_tool: Callable[[str], str]) -> None:
    """The Node sample waits for the message of its program."""
    node = require_tool("node")
    (sample,) = samples_of(PAGE, "js")
    script = tmp_path / "sample.mjs"
    script.write_text(adapt(api, SEND_CODE + sample.code), encoding="utf-8")
    assert run([node, str(script)], tmp_path) == "Your code auth It is 493021.\n"


def test_python(api: Api, tmp_path: Path) -> None:
    """The Python sample prints the code."""
    (sample,) = samples_of(PAGE, "python")
    script = tmp_path / "sample.py"
    script.write_text(adapt(api, sample.code), encoding="utf-8")
    assert run([sys.executable, str(script)], tmp_path) == "493021\n"


def test_routes_on_the_page() -> None:
    """The table has every route, and no other."""
    table = read_page(PAGE).split("## Routes")[1].split("\n\n")[1]
    told = {path.split(" ")[-1] for path in re.findall(r"`((?:[A-Z]+ )?/[^`]*)`", table)}
    served = {
        route.path.removeprefix("/api/fakesmtp/v1")
        for router in ROUTERS
        for route in router.routes
        if route.include_in_schema
    }
    parts = {"/session", "/findings", "/record"}
    full = {f"/messages/{{id}}{each}" if each in parts else each for each in told}
    names = {"message_id": "id", "session_id": "id", "fault_id": "id", "first": "a", "second": "b"}
    assert full == {
        re.sub(r"\{(\w+)\}", lambda m: f"{{{names.get(m[1], m[1])}}}", p) for p in served
    }


def test_words_on_the_page() -> None:
    """The page has every word of a search for sessions."""
    section = read_page(PAGE).split("### Search")[1].split("###")[0]
    assert [word for word in SESSION_PREFIXES if f"`{word}:" not in section] == []
