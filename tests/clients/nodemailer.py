"""Nodemailer, started through `send.cjs`."""

from __future__ import annotations

import json
import subprocess
from base64 import b64decode, b64encode
from pathlib import Path
from typing import TYPE_CHECKING, Any

from clients.exchange import RECIPIENTS, SENDER, TIMEOUT, Client

if TYPE_CHECKING:
    from clients.exchange import Settings

_SCRIPT = Path(__file__).with_name("send.cjs")


def _transport(settings: Settings) -> dict[str, Any]:
    return {
        "host": "localhost",
        "port": settings.port,
        "secure": settings.implicit_tls,
        "requireTLS": not settings.implicit_tls,
        "tls": {"ca": settings.ca_file.read_text(), "servername": settings.host},
        "auth": {"user": settings.user_name, "pass": settings.secret_key},
        "authMethod": settings.mechanism,
    }


def run_nodemailer(
    settings: Settings, message: dict[str, Any], **transport: object
) -> dict[str, Any]:
    """Send one message; return a dictionary with `sent`, the bytes as Base64, or `error`.

    `transport` overrides options of the settings.
    """
    done = subprocess.run(
        ["node", str(_SCRIPT)],
        input=json.dumps({"transport": _transport(settings) | transport, "mail": message}).encode(),
        stdout=subprocess.PIPE,
        timeout=TIMEOUT,
        check=True,
    )
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def compose(settings: Settings, message: dict[str, Any]) -> bytes:
    """Let Nodemailer compose and send a message; return the bytes that it sent."""
    return b64decode(run_nodemailer(settings, message)["sent"])


def _send_with_nodemailer(settings: Settings, message: bytes) -> str:
    envelope = {"from": SENDER, "to": RECIPIENTS}
    raw = b64encode(message).decode()
    result = run_nodemailer(settings, {"envelope": envelope, "raw": raw})
    return str(result.get("error", ""))


NODEMAILER = Client(
    send=_send_with_nodemailer,
    wrong_keys="'code': 'EAUTH', 'responseCode': 535",
    unknown_authority="certificate|self-signed",
    wrong_name="does not match certificate's altnames",
    program="node",
    probe=("node", "-e", "require.resolve('nodemailer')"),
)
