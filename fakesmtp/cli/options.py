"""The settings of a run.

A setting is a field of `Settings`, or a switch of the server's `Policy`. Its option, its variable
(FAKESMTP_PORT_OFFSET), its key in the file and its help are made from the field.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import click

from fakesmtp.cli.setting import FILES, HOW, PAGE, READ, WHAT, WHERE, WHO, describe
from fakesmtp.cli.values import (
    Flag,
    Truth,
    Value,
    read_account,
    read_address,
    read_age,
    read_count,
    read_duration,
    read_host,
    read_integer,
    read_level,
    read_name,
    read_network,
    read_origin,
    read_path,
    read_ports,
    read_size_or_none,
    read_store,
    read_text,
    read_url,
    show_age,
    show_size,
)
from fakesmtp.protocol.policy import Policy
from fakesmtp.smtp.listeners import LOCALHOST

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from fakesmtp.protocol.credentials import Account

UNSAFE = "unsafe_"


def _unsafe_switches() -> tuple[str, ...]:
    """Return the names that `--unsafe` takes: `lone-lf-ends-message`."""
    names = (name for name in Policy.names() if name.startswith(UNSAFE))
    return tuple(name.removeprefix(UNSAFE).replace("_", "-") for name in names)


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of one run of a command; those that it does not take have their default."""

    host: tuple[str, ...] = field(
        default=(LOCALHOST,),
        metadata=describe(
            Value(read_host),
            "The address to listen on. Repeat it for more addresses. localhost is 127.0.0.1, and "
            "::1 where the system has it.",
            metavar="ADDRESS",
            multiple=True,
            group=WHERE,
        ),
    )
    port_offset: int = field(
        default=1000,
        metadata=describe(
            Value(read_integer),
            "Each local port is the endpoint's port plus this number.",
            metavar="N",
            group=WHERE,
        ),
    )
    ports: Mapping[int, int] | Literal["auto"] | None = field(
        default=None,
        metadata=describe(
            Value(read_ports),
            "The local ports: auto for five free ports, or a list such as 587=1587,465=0 for "
            "these ports only (0 is a free port).",
            metavar="PORTS",
            group=WHERE,
        ),
    )
    proxy_protocol: bool = field(
        default=False,
        metadata=describe(
            Flag(),
            "Expect a PROXY protocol header (version 1 or 2) from a load balancer before "
            "everything else, and use the client's address in it.",
            group=WHERE,
        ),
    )
    proxy_from: tuple[str, ...] = field(
        default=(),
        metadata=describe(
            Value(read_network),
            "A network of load balancers that may send the header, such as 10.0.0.0/8. Repeat it "
            "for more networks. Default: this machine.",
            metavar="CIDR",
            multiple=True,
            group=WHERE,
        ),
    )
    workers: int = field(
        default=1,
        metadata=describe(
            Value(read_count),
            "The number of processes that serve the ports together. More than one needs a store "
            "on PostgreSQL.",
            metavar="N",
            group=WHERE,
        ),
    )
    account: tuple[Account, ...] = field(
        default=(),
        metadata=describe(
            Value(read_account),
            "An account that may log in, as APPKEY:SECRETKEY. Repeat it for more accounts. "
            "Without an account, any AppKey and any SecretKey may log in.",
            metavar="PAIR",
            multiple=True,
            group=WHO,
        ),
    )
    accounts_file: Path | None = field(
        default=None,
        metadata=describe(
            Value(read_path),
            "A file of accounts, one APPKEY:SECRETKEY a line. Lines that start with # are "
            "comments.",
            metavar="FILE",
            group=WHO,
        ),
    )
    http: tuple[str, int] | None = field(
        default=None,
        metadata=describe(
            Value(read_address),
            "Serve the page and the HTTP API at HOST:PORT, or at a PORT of 127.0.0.1 (0 is a free "
            "port). Default: 8025; a free port if that is taken or with --ports auto.",
            metavar="ADDRESS",
            group=PAGE,
        ),
    )
    no_http: bool = field(
        default=False,
        metadata=describe(Flag(), "Serve no page and no HTTP API.", group=PAGE),
    )
    http_auth_file: Path | None = field(
        default=None,
        metadata=describe(
            Value(read_path),
            "Ask for a name and a password of this file, NAME:HASH a line, as `htpasswd -B` makes "
            "it.",
            metavar="FILE",
            group=PAGE,
        ),
    )
    http_open: bool = field(
        default=False,
        metadata=describe(
            Flag(),
            "Let other machines use the page and the API without a password.",
            group=PAGE,
        ),
    )
    http_allowed_hosts: tuple[str, ...] = field(
        default=(),
        metadata=describe(
            Value(read_name),
            "A further name under which a browser may reach the page. Repeat it for more names.",
            metavar="NAME",
            multiple=True,
            group=PAGE,
        ),
    )
    http_cors_origins: tuple[str, ...] = field(
        default=(),
        metadata=describe(
            Value(read_origin),
            "The origin of other pages that may use the API, or *. Repeat it for more origins.",
            metavar="ORIGIN",
            multiple=True,
            group=PAGE,
        ),
    )
    http_tls: bool = field(
        default=False,
        metadata=describe(
            Flag(),
            "Serve HTTPS, with the certificate of the SMTP server or that of --http-tls-cert.",
            group=PAGE,
        ),
    )
    http_tls_cert: Path | None = field(
        default=None,
        metadata=describe(
            Value(read_path), "The certificate of HTTPS (PEM).", metavar="FILE", group=PAGE
        ),
    )
    http_tls_key: Path | None = field(
        default=None,
        metadata=describe(
            Value(read_path),
            "The key of the certificate (PEM), if it is in another file.",
            metavar="FILE",
            group=PAGE,
        ),
    )
    certs_dir: Path | None = field(
        default=None,
        metadata=describe(
            Value(read_path),
            "The folder of the certificates. Default: certs/ of a checkout, else a folder in the "
            "user's data.",
            metavar="DIR",
            group=FILES,
        ),
    )
    record_dir: Path | None = field(
        default=None,
        metadata=describe(
            Value(read_path),
            "The folder of recorded sessions, one file each.",
            metavar="DIR",
            group=FILES,
        ),
    )
    server: str | None = field(
        default=None,
        metadata=describe(
            Value(read_url),
            "The address of a running server, such as http://127.0.0.1:8025, instead of a folder.",
            metavar="URL",
            group=READ,
        ),
    )
    faults: Path | None = field(
        default=None,
        metadata=describe(
            Value(read_path),
            "A file of planned faults (docs/faults.md). It is read again after a change, when the "
            "next client connects or on SIGHUP.",
            metavar="FILE",
            group=FILES,
        ),
    )
    unsafe: tuple[str, ...] = field(
        default=(),
        metadata=describe(
            click.Choice(_unsafe_switches()),
            "Behave like the recorded software where that is a known vulnerability. Repeat it for "
            f"more names: {', '.join(_unsafe_switches())}.",
            metavar="NAME",
            multiple=True,
            group=HOW,
        ),
    )
    store: str | None = field(
        default=None,
        metadata=describe(
            Value(read_store),
            "Where messages and sessions are kept: sqlite:///FILE, postgresql://USER@HOST/DATABASE "
            "(docs/store.md), or memory. Default: a file in the user's data.",
            metavar="URL",
            group=FILES,
        ),
    )
    replica: str | None = field(
        default=None,
        metadata=describe(
            Value(read_text),
            "The name of this server in its sessions, where several share a PostgreSQL database. "
            "Default: the machine's name and the process id.",
            metavar="NAME",
            group=WHAT,
        ),
    )
    store_sync: str = field(
        default="full",
        metadata=describe(
            click.Choice(("full", "normal")),
            "Reply 250 to a message when it survives a power cut (full), or only the end of the "
            "process, which is faster (normal).",
            metavar="full|normal",
            group=WHAT,
        ),
    )
    findings: tuple[tuple[str, str], ...] = field(
        default=(),
        metadata=describe(
            Value(read_level),
            "The level of a rule of docs/findings.md: off, on, info, warning, error or reject. "
            "Repeat it for more rules.",
            metavar="RULE=LEVEL",
            multiple=True,
            group=HOW,
        ),
    )
    max_messages: int | None = field(
        default=None,
        metadata=describe(
            Value(read_count),
            "Maximum number of messages to keep. When full, the oldest is dropped (reported once).",
            metavar="N",
            group=WHAT,
        ),
    )
    max_age: float | None = field(
        default=30 * 86_400.0,
        metadata=describe(
            Value(read_age, show_age),
            "Drop messages that are older: 30d, 12h, 90m, or none.",
            metavar="AGE",
            group=WHAT,
        ),
    )
    max_store_size: int | None = field(
        default=2 * 1024**3,
        metadata=describe(
            Value(read_size_or_none, show_size),
            "Drop the oldest messages while the store is larger: 500M, 2G, or none.",
            metavar="SIZE",
            group=WHAT,
        ),
    )
    drain_timeout: float = field(
        default=5.0,
        metadata=describe(
            Value(read_duration, "{:g}".format),
            "After SIGTERM, let clients finish their transactions for at most this many seconds; "
            "0 stops at once.",
            metavar="SECONDS",
            group=WHAT,
        ),
    )
    exit_after: int | None = field(
        default=None,
        metadata=describe(
            Value(read_count), "Stop after this number of messages.", metavar="N", group=WHAT
        ),
    )
    json: bool = field(default=False, metadata=describe(Truth(), "Print JSON Lines.", group=WHAT))
    quiet: bool = field(
        default=False,
        metadata=describe(
            Truth(), "Print only the ready line and warnings.", short="-q", group=WHAT
        ),
    )
    verbose: bool = field(
        default=False,
        metadata=describe(Truth(), "Print the transcript of each session.", short="-v", group=WHAT),
    )
    policy: Policy = field(default_factory=Policy)

    @property
    def hosts(self) -> tuple[str, ...]:
        """The addresses to listen on, each once."""
        return tuple(dict.fromkeys(self.host))
