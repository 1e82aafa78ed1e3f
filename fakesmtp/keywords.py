"""Options of `FakeSMTP` as keyword arguments, for type checkers only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fakesmtp.protocol.keywords import Switches

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from fakesmtp.faults import FaultScript
    from fakesmtp.options import AccountsOption, FindingsOption, ProxyOption
    from fakesmtp.protocol.nhn import Profile
    from fakesmtp.protocol.policy import Policy
    from fakesmtp.storage.base import Store


class ServerOptions(Switches, total=False):
    """Options of `FakeSMTP`: its parameters, and the switches."""

    ports: Mapping[int, int] | None
    host: str | Sequence[str]
    accounts: AccountsOption
    policy: Policy | None
    profile: Profile
    certs_dir: Path | None
    store: Store | str | None
    max_messages: int | None
    max_bytes: int
    max_sessions: int
    max_events: int
    record_dir: Path | None
    faults: FaultScript | None
    loop_factory: Callable[[], asyncio.AbstractEventLoop] | None
    proxy_protocol: ProxyOption
    reuse_port: bool
    handler: object
    findings: FindingsOption
