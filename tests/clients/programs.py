"""Programs that send a complete message: swaks, curl, msmtp."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clients.exchange import RECIPIENTS, SENDER, TIMEOUT, Client, run

if TYPE_CHECKING:
    from clients.exchange import Settings

_MSMTP_CONFIGURATION = """\
account default
host localhost
port {port}
from {sender}
auth {mechanism}
user {user_name}
password {secret_key}
tls on
tls_starttls {starttls}
tls_trust_file {ca_file}
tls_host_override {host}
timeout {timeout}
"""


def _send_with_swaks(settings: Settings, message: bytes) -> str:
    # swaks adds a line end and the final dot to the content of the file.
    path = settings.folder / "message.eml"
    path.write_bytes(message.removesuffix(b"\r\n"))
    return run(
        settings,
        *("swaks", "--server", "localhost", "--port", str(settings.port)),
        *("--tls-on-connect",) * settings.implicit_tls,
        *("--tls",) * (not settings.implicit_tls),
        *("--tls-verify", "--tls-ca-path", str(settings.ca_file), "--tls-sni", settings.host),
        *("--auth", settings.mechanism, "--auth-user", settings.user_name),
        *("--auth-password", settings.secret_key),
        *("--from", SENDER, "--to", ",".join(RECIPIENTS), "--data", f"@{path}"),
        *("--timeout", str(TIMEOUT)),
    )


def run_curl(settings: Settings, url: str, *options: str, stdin: bytes) -> str:
    """Run curl with a URL of the real endpoint; it connects to the local port instead."""
    return run(
        settings,
        *("curl", "--disable", "--silent", "--show-error", "--noproxy", "*"),
        *("--connect-to", f"{settings.host}:{settings.real_port}:localhost:{settings.port}"),
        *("--ssl-reqd", "--cacert", str(settings.ca_file), "--max-time", str(TIMEOUT)),
        *("--mail-from", SENDER),
        *(part for address in RECIPIENTS for part in ("--mail-rcpt", address)),
        *("--upload-file", "-", *options, url),
        stdin=stdin,
    )


def _send_with_curl(settings: Settings, message: bytes) -> str:
    scheme = "smtps" if settings.implicit_tls else "smtp"
    return run_curl(
        settings,
        f"{scheme}://{settings.host}:{settings.real_port}",
        *("--user", f"{settings.user_name}:{settings.secret_key}"),
        *("--login-options", f"AUTH={settings.mechanism}"),
        stdin=message,
    )


def _send_with_msmtp(settings: Settings, message: bytes) -> str:
    """Pipe the message to msmtp with LF, as Unix programs do; msmtp converts it to CRLF."""
    configuration = settings.folder / "msmtprc"
    configuration.touch(mode=0o600)  # msmtp refuses a file with a password that others may read
    configuration.write_text(
        _MSMTP_CONFIGURATION.format(
            port=settings.port,
            sender=SENDER,
            mechanism=settings.mechanism.lower(),
            user_name=settings.user_name,
            secret_key=settings.secret_key,
            starttls="off" if settings.implicit_tls else "on",
            ca_file=settings.ca_file,
            host=settings.host,
            timeout=TIMEOUT,
        )
    )
    command = ("msmtp", f"--file={configuration}", "--", *RECIPIENTS)
    return run(settings, *command, stdin=message.replace(b"\r\n", b"\n"))


SWAKS = Client(
    send=_send_with_swaks,
    wrong_keys=r"(?s)535 Authentication Failed.*No authentication type succeeded",
    unknown_authority="certificate verify failed",
    wrong_name=None,
    program="swaks",
    probe=("perl", "-MNet::SSLeay", "-e", "1"),  # swaks's TLS, which Debian only recommends
)

CURL = Client(
    send=_send_with_curl,
    wrong_keys=r"exit code 67: curl: \(67\)",
    unknown_authority=r"exit code 60: curl: \(60\)",
    wrong_name=r"exit code 60: curl: \(60\)",
    program="curl",
)

MSMTP = Client(
    send=_send_with_msmtp,
    wrong_keys=r"(?s)authentication failed.*535 Authentication Failed",
    unknown_authority="certificate",
    wrong_name="certificate",
    program="msmtp",
)
