"""Stock aiosmtpd with a list of envelopes. Arguments as for run_fakesmtp.py.

Like its Controller, without the thread: one port on an event loop.
"""

from __future__ import annotations

import asyncio
import ssl
from typing import TYPE_CHECKING, Any

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword
from control import obey, read_arguments, to_path

if TYPE_CHECKING:
    from pathlib import Path


class Handler:
    """Keeps every envelope."""

    def __init__(self) -> None:
        self.envelopes: list[Any] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: ANN401, N802 - aiosmtpd's name, untyped
        """Take a mail."""
        del server, session
        self.envelopes.append(envelope)
        return "250 OK"


def smtp_options(account: str | None, certificates: Path | None) -> dict[str, Any]:
    """Switch AUTH and STARTTLS on where they are wanted."""
    options: dict[str, Any] = {"hostname": "localhost", "enable_SMTPUTF8": True}
    if certificates:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificates / "leaf.pem", certificates / "leaf.key")
        options["tls_context"] = context
    if account:
        pair = LoginPassword(*(part.encode() for part in account.split(":")))
        options["auth_required"] = True
        options["authenticator"] = lambda _server, _session, _envelope, _mechanism, login: (
            AuthResult(success=login == pair)
        )
    return options


async def main() -> None:
    """Serve until standard input ends."""
    given = read_arguments(certificates=to_path, account=str)
    handler, loop = Handler(), asyncio.get_running_loop()
    options = smtp_options(given.account, given.certificates)
    await loop.create_server(lambda: SMTP(handler, **options), "127.0.0.1", given.port)
    await asyncio.to_thread(obey, lambda: [mail.original_content for mail in handler.envelopes])


if __name__ == "__main__":
    asyncio.run(main())
