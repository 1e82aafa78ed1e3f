"""The Python clients smtplib and aiosmtplib."""

from __future__ import annotations

import asyncio
import smtplib
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import aiosmtplib
from clients.exchange import RECIPIENTS, SENDER, TIMEOUT, Client

from fakesmtp.tls import client_context

if TYPE_CHECKING:
    import socket
    from collections.abc import AsyncIterator

    from clients.exchange import Settings


def open_smtplib(settings: Settings) -> smtplib.SMTP:
    """Connect with TLS and verify the certificate; do not log in."""
    context = client_context(settings.ca_file)
    if settings.implicit_tls:
        return smtplib.SMTP_SSL(settings.host, settings.port, context=context, timeout=TIMEOUT)
    client = smtplib.SMTP(settings.host, settings.port, timeout=TIMEOUT)
    try:
        client.starttls(context=context)
    except BaseException:
        client.close()
        raise
    return client


def log_in(client: smtplib.SMTP, settings: Settings, *, initial_response: bool = True) -> None:
    """Log in with the mechanism of the settings; `login` would always choose PLAIN."""
    client.ehlo_or_helo_if_needed()
    client.user, client.password = settings.user_name, settings.secret_key
    responses = {"PLAIN": client.auth_plain, "LOGIN": client.auth_login}
    client.auth(
        settings.mechanism,
        responses[settings.mechanism],
        initial_response_ok=initial_response,
    )


def _send_with_smtplib(settings: Settings, message: bytes) -> str:
    try:
        with open_smtplib(settings) as client:
            log_in(client, settings)
            client.sendmail(SENDER, RECIPIENTS, message)
    except OSError as error:  # base class of the errors of ssl and smtplib
        return repr(error)
    return ""


async def _closed(connection: socket.socket) -> None:
    """Return when the socket is closed.

    No callback reports this. To stop the loop earlier would cause a ResourceWarning.
    """
    while connection.fileno() >= 0:  # noqa: ASYNC110
        await asyncio.sleep(0)


@asynccontextmanager
async def _connected(client: aiosmtplib.SMTP) -> AsyncIterator[None]:
    """Connect; at the end wait until TLS is closed on both sides, which aiosmtplib does not."""
    await client.connect()
    connection = client.get_transport_info("socket")
    try:
        async with client:
            yield
    finally:
        await asyncio.wait_for(_closed(connection), TIMEOUT)


async def _send_with_aiosmtplib(settings: Settings, message: bytes) -> None:
    client = aiosmtplib.SMTP(
        hostname=settings.host,
        port=settings.port,
        use_tls=settings.implicit_tls,
        start_tls=not settings.implicit_tls,
        tls_context=client_context(settings.ca_file),
        timeout=TIMEOUT,
    )
    async with _connected(client):
        log_in = {"PLAIN": client.auth_plain, "LOGIN": client.auth_login}
        await log_in[settings.mechanism](settings.user_name, settings.secret_key)
        await client.sendmail(SENDER, RECIPIENTS, message)


def _run_aiosmtplib(settings: Settings, message: bytes) -> str:
    try:
        asyncio.run(_send_with_aiosmtplib(settings, message))
    except (OSError, aiosmtplib.SMTPException) as error:
        return repr(error)
    return ""


SMTPLIB = Client(
    send=_send_with_smtplib,
    wrong_keys=r"SMTPAuthenticationError\(535, b'Authentication Failed'\)",
    unknown_authority="SSLCertVerificationError.*certificate verify failed",
    wrong_name="SSLCertVerificationError.*Hostname mismatch",
)

AIOSMTPLIB = Client(
    send=_run_aiosmtplib,
    wrong_keys=r"SMTPAuthenticationError\(535, 'Authentication Failed'\)",
    unknown_authority="certificate verify failed",
    wrong_name="Hostname mismatch",
)
