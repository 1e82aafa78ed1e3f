"""Stock aiosmtpd with a list of envelopes. Arguments: port, then for TLS: CA folder, account."""

from __future__ import annotations

import asyncio
import ssl
import sys
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword
from control import answer


class Handler:
    """A handler that keeps every envelope."""

    def __init__(self) -> None:
        self.envelopes: list[Any] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: ANN401, N802 - aiosmtpd's
        """Keep a message."""
        del server, session
        self.envelopes.append(envelope)
        return "250 OK"


def secure_options(folder: Path, account: str) -> dict[str, Any]:
    """Return aiosmtpd's options for STARTTLS and AUTH."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "leaf.pem", folder / "leaf.key")
    expected = LoginPassword(*account.encode().split(b":"))

    def authenticate(*arguments: object) -> AuthResult:
        return AuthResult(success=arguments[-1] == expected)

    return {"tls_context": context, "auth_required": True, "authenticator": authenticate}


async def main(port: str, certificates: str = "", account: str = "") -> None:
    """Serve until standard input ends."""
    handler = Handler()
    options = secure_options(Path(certificates), account) if certificates else {}
    await asyncio.get_running_loop().create_server(
        lambda: SMTP(handler, hostname="localhost", data_size_limit=2**26, **options),
        "127.0.0.1",
        int(port),
    )
    await asyncio.to_thread(
        answer, lambda: [message.original_content for message in handler.envelopes]
    )


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
