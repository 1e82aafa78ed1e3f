"""The table of settings: what each is called, may hold, holds by default and is for.

A row is a field of `Settings`, or a switch of the server's `Policy`. All else is made from it: the
option, the variable, the key in the file, the help.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from fakesmtp.cli.values import (
    one_of,
    read_account,
    read_address,
    read_age,
    read_count,
    read_host,
    read_integer,
    read_path,
    read_ports,
    read_seconds,
    read_size,
    read_size_or_none,
    read_store,
    read_truth,
    read_url,
    show_age,
    show_size,
)
from fakesmtp.protocol.accounts import Account
from fakesmtp.protocol.policy import Policy
from fakesmtp.smtp.listeners import LOCALHOST

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from dataclasses import Field

WHERE = "Where it listens"
WHO = "Who may log in"
HOW = "How it answers"
WHAT = "What it keeps and says"
FILES = "Files it uses"
READ = "What it reads"
UNSAFE = "unsafe_"


class Setting(NamedTuple):
    """One row: `name` in kebab-case, `read` makes a value of a text, `many` may be given again."""

    name: str
    read: Callable[[str], Any]
    default: Any
    metavar: str
    help: str
    group: str
    many: bool = False
    short: str | None = None

    @property
    def field_name(self) -> str:
        """The name in Python: `port_offset`."""
        return self.name.replace("-", "_")

    @property
    def variable(self) -> str:
        """The name in the environment: `FAKESMTP_PORT_OFFSET`."""
        return f"FAKESMTP_{self.field_name.upper()}"

    @property
    def is_flag(self) -> bool:
        """Whether the option stands alone, without a value."""
        return self.read is read_truth


def _columns(
    read: Callable[[str], Any],
    text: str,
    *,
    group: str,
    metavar: str = "",
    many: bool = False,
    short: str | None = None,
) -> Mapping[str, Any]:
    return {
        "read": read,
        "help": text,
        "group": group,
        "metavar": metavar,
        "many": many,
        "short": short,
    }


def _unsafe_switches() -> tuple[str, ...]:
    """The names that `--unsafe` takes: `lone-lf-ends-message`."""
    names = (name for name in Policy.names() if name.startswith(UNSAFE))
    return tuple(name.removeprefix(UNSAFE).replace("_", "-") for name in names)


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of one run of a command."""

    config: Path | None = field(
        default=None,
        metadata=_columns(
            read_path,
            "The file of settings. Default: fakesmtp.toml in this folder, if there is one.",
            metavar="FILE",
            group=FILES,
        ),
    )
    host: tuple[str, ...] = field(
        default=(LOCALHOST,),
        metadata=_columns(
            read_host,
            "The address to listen on; give it again for another. localhost is 127.0.0.1, and "
            "::1 where there is one.",
            metavar="ADDRESS",
            many=True,
            group=WHERE,
        ),
    )
    port_offset: int = field(
        default=1000,
        metadata=_columns(
            read_integer,
            "Local ports are the endpoint's ports plus this.",
            metavar="N",
            group=WHERE,
        ),
    )
    ports: Mapping[int, int] | Literal["auto"] | None = field(
        default=None,
        metadata=_columns(
            read_ports,
            "The local ports: auto for five free ones, or only those listed, 587=1587,465=0 "
            "(0 is a free one).",
            metavar="PORTS",
            group=WHERE,
        ),
    )
    http: tuple[str, int] | None = field(
        default=None,
        metadata=_columns(
            read_address,
            "Answer over HTTP too, at HOST:PORT, or at a PORT of 127.0.0.1 (0 is a free one): "
            "sessions and faults. Default: no HTTP.",
            metavar="ADDRESS",
            group=WHERE,
        ),
    )
    account: tuple[Account, ...] = field(
        default=(),
        metadata=_columns(
            read_account,
            "An account that may log in, APPKEY:SECRETKEY; give it again for another. Without one, "
            "any AppKey with any SecretKey may.",
            metavar="PAIR",
            many=True,
            group=WHO,
        ),
    )
    accounts_file: Path | None = field(
        default=None,
        metadata=_columns(
            read_path,
            "A file of accounts, one APPKEY:SECRETKEY a line; # starts a comment line.",
            metavar="FILE",
            group=WHO,
        ),
    )
    certs_dir: Path | None = field(
        default=None,
        metadata=_columns(
            read_path,
            "The folder of the certificates. Default: in the user's data, or certs/ of a checkout.",
            metavar="DIR",
            group=FILES,
        ),
    )
    record_dir: Path | None = field(
        default=None,
        metadata=_columns(
            read_path,
            "The folder of recorded sessions: a file each, written as it happens.",
            metavar="DIR",
            group=FILES,
        ),
    )
    server: str | None = field(
        default=None,
        metadata=_columns(
            read_url,
            "The address of a running server (serve --http), http://127.0.0.1:8025, in place of a "
            "folder.",
            metavar="URL",
            group=READ,
        ),
    )
    faults: Path | None = field(
        default=None,
        metadata=_columns(
            read_path,
            "A file of planned faults (docs/faults.md), read again when it has changed: looked at "
            "when a client connects, and on SIGHUP.",
            metavar="FILE",
            group=FILES,
        ),
    )
    unsafe: tuple[str, ...] = field(
        default=(),
        metadata=_columns(
            one_of(_unsafe_switches()),
            "Answer like the recorded software where that is a known vulnerability; give it again "
            f"for another: {', '.join(_unsafe_switches())}.",
            metavar="NAME",
            many=True,
            group=HOW,
        ),
    )
    store: str | None = field(
        default=None,
        metadata=_columns(
            read_store,
            "Where messages and sessions are kept: sqlite:///FILE, or memory. Default: a file in "
            "the user's data.",
            metavar="URL",
            group=FILES,
        ),
    )
    store_sync: str = field(
        default="full",
        metadata=_columns(
            one_of(("full", "normal")),
            "Reply 250 to a message when it would survive a power cut (full), or the end of the "
            "process alone, which is faster (normal).",
            metavar="full|normal",
            group=WHAT,
        ),
    )
    max_messages: int | None = field(
        default=None,
        metadata=_columns(
            read_count,
            "Keep this many messages at most; then the oldest goes. Default: no limit.",
            metavar="N",
            group=WHAT,
        ),
    )
    max_age: float | None = field(
        default=30 * 86_400.0,
        metadata=_columns(
            read_age,
            "Remove messages that are older: 30d, 12h, 90m, or none.",
            metavar="AGE",
            group=WHAT,
        ),
    )
    max_store_size: int | None = field(
        default=2 * 1024**3,
        metadata=_columns(
            read_size_or_none,
            "Remove the oldest messages while the store is larger: 500M, 2G, or none.",
            metavar="SIZE",
            group=WHAT,
        ),
    )
    exit_after: int | None = field(
        default=None,
        metadata=_columns(read_count, "Stop after this many messages.", metavar="N", group=WHAT),
    )
    json: bool = field(
        default=False, metadata=_columns(read_truth, "Print JSON Lines.", group=WHAT)
    )
    quiet: bool = field(
        default=False,
        metadata=_columns(
            read_truth, "Print nothing but the ready line and warnings.", short="-q", group=WHAT
        ),
    )
    verbose: bool = field(
        default=False,
        metadata=_columns(
            read_truth, "Print the transcript of every session.", short="-v", group=WHAT
        ),
    )
    policy: Policy = field(default_factory=Policy)

    @property
    def hosts(self) -> tuple[str, ...]:
        """The addresses to listen on, each once."""
        return tuple(dict.fromkeys(self.host))


#: How a switch of the policy is read, unless it is a choice: by what its value is.
_READERS: Mapping[str, tuple[Callable[[str], Any], str]] = {
    "truth": (read_truth, ""),
    "bytes": (read_size, "SIZE"),
    "count": (read_count, "N"),
    "seconds": (read_seconds, "SECONDS"),
}


def _own_rows() -> Iterator[Setting]:
    for each in fields(Settings):
        if each.metadata:
            yield Setting(name=each.name.replace("_", "-"), default=each.default, **each.metadata)


def _policy_rows() -> Iterator[Setting]:
    for switch in fields(Policy):
        if not switch.name.startswith(UNSAFE):
            yield _policy_row(switch)


def _policy_row(switch: Field[Any]) -> Setting:
    choices: tuple[str, ...] = switch.metadata["choices"]
    read, metavar = (
        (one_of(choices), "|".join(choices)) if choices else _READERS[switch.metadata["unit"]]
    )
    return Setting(
        name=switch.name.replace("_", "-"),
        read=read,
        default=switch.default,
        metavar=metavar,
        help=switch.metadata["description"].replace("`", ""),
        group=HOW,
    )


def _table() -> dict[str, Setting]:
    return {row.name: row for row in (*_own_rows(), *_policy_rows())}


#: All settings by name.
SETTINGS: Mapping[str, Setting] = _table()


#: How a default is written that is not written as it is.
_SHOWN: Mapping[Callable[[str], Any], Callable[[Any], str]] = {
    read_size: show_size,
    read_size_or_none: show_size,
    read_age: show_age,
}


def show_default(row: Setting) -> str:
    """Say the default, for the help, where there is one worth saying."""
    if row.default in (None, (), False):
        return ""
    if row.read in _SHOWN:
        return f" Default: {_SHOWN[row.read](row.default)}."
    shown = ", ".join(row.default) if isinstance(row.default, tuple) else row.default
    return f" Default: {shown:g}." if isinstance(shown, float) else f" Default: {shown}."


def make_settings(values: Mapping[str, Any]) -> Settings:
    """Put values (by the name of their row) together; what is not there has its default."""
    given = {SETTINGS[name].field_name: value for name, value in values.items()}
    switches: dict[str, Any] = {
        UNSAFE + name.replace("-", "_"): True for name in given.get("unsafe", ())
    }
    switches |= {name: given.pop(name) for name in Policy.names() if name in given}
    return Settings(**given, policy=Policy(**switches))
