"""`FakeSMTP`: an inbox with a server of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fakesmtp import options
from fakesmtp.archive import Archive
from fakesmtp.awaiting import in_a_thread
from fakesmtp.engine import Engine, Network
from fakesmtp.faults import FaultScript
from fakesmtp.inbox import Inbox
from fakesmtp.protocol.nhn import NHN_CLOUD_EMAIL
from fakesmtp.protocol.policy import Policy
from fakesmtp.protocol.secret import hide_secrets
from fakesmtp.sessions import SessionLog
from fakesmtp.smtp.hooks import Hooks
from fakesmtp.smtp.listeners import LOCALHOST, Listener, check_ports
from fakesmtp.smtp.services import Terms
from fakesmtp.storage.limits import Limits
from fakesmtp.storage.memory import DEFAULT_MAX_BYTES

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path
    from types import TracebackType
    from typing import Self, Unpack

    from fakesmtp.options import AccountsOption, FindingsOption, ProxyOption
    from fakesmtp.protocol.keywords import Switches
    from fakesmtp.protocol.nhn import Profile
    from fakesmtp.storage.base import Store


class FakeSMTP(Inbox):
    """An SMTP server that behaves like NHN Cloud Email's endpoint and keeps every message.

    Use it as `with FakeSMTP() as smtp:` or `async with`; it runs in a thread of its own. It may be
    started and stopped any number of times; messages are kept from run to run.

    `ports` maps ports of the endpoint to local ports, 0 for a free one; only these are open.
    Without it all five are, on free ports. `accounts=None` makes one fresh account, `"any"`
    accepts all, else pairs of AppKey and SecretKey. `certs_dir` keeps the CA; without it the
    CA lives as long as the server. `store` is the address of a file (`sqlite:///PATH`) or of a
    database (`postgresql://USER@HOST/DATABASE`), or a `Store`; without it memory keeps the newest
    messages: at most `max_messages` (None: any number) and `max_bytes`, which limit a file too.
    With `record_dir` each session also has a file there. `loop_factory` makes the event loop of the
    server's thread, asyncio's by default.
    With `proxy_protocol`, load balancers must name each client in a PROXY protocol header: those of
    this machine (True), or of the given networks (`["10.0.0.0/8"]`). With `reuse_port`, other
    processes may listen on the same ports (SO_REUSEPORT) and share the clients.
    `handler` is an aiosmtpd handler, whose hooks are awaited in that loop and decide what the
    server has accepted. `findings` sets levels of rules: `{"ad-phone": "off"}`. Other switches are
    in `Policy`; those given here win over `policy`.

    Raises `ConfigurationError` for a wrong option, `StoreError` for a file, and at start
    `PortTakenError`.
    """

    def __init__(
        self,
        *,
        ports: Mapping[int, int] | None = None,
        host: str | Sequence[str] = LOCALHOST,
        accounts: AccountsOption = None,
        policy: Policy | None = None,
        profile: Profile = NHN_CLOUD_EMAIL,
        certs_dir: Path | None = None,
        store: Store | str | None = None,
        max_messages: int | None = None,
        max_bytes: int = DEFAULT_MAX_BYTES,
        max_sessions: int = 10_000,
        max_events: int = 10_000,
        record_dir: Path | None = None,
        faults: FaultScript | None = None,
        loop_factory: Callable[[], asyncio.AbstractEventLoop] | None = None,
        proxy_protocol: ProxyOption = False,
        reuse_port: bool = False,
        handler: object = None,
        findings: FindingsOption = None,
        **switches: Unpack[Switches],
    ) -> None:
        accounts, switches = hide_secrets(accounts), options.hide_unknown(switches)
        options.check_options(locals())  # `accounts` are hidden by now
        sessions = SessionLog(max_sessions=max_sessions, max_events=max_events, folder=record_dir)
        hosts, proxies = options.read_hosts(host), options.make_proxies(proxy_protocol)
        network = Network(hosts, check_ports(ports), loop_factory, proxies, reuse_port)
        terms = Terms(
            profile,
            options.make_policy(policy or Policy(), switches),
            options.make_accounts(accounts),
            faults=FaultScript() if faults is None else faults,
            hooks=None if handler is None else Hooks(handler),
            rules=options.make_rules(findings),
        )
        archive = Archive(store, Limits(max_messages, max_bytes=max_bytes), sessions)
        self._engine = Engine(terms, network, archive, certs_dir)
        super().__init__(self._engine)

    def start(self) -> Self:
        """Open the listeners; raises `FakeSMTPError` when the server runs already."""
        self._engine.start()
        return self

    def stop(self) -> None:
        """Close all connections and listeners. Idempotent."""
        self._engine.stop()

    def raise_failures(self) -> None:
        """Raise the first error that a callback, a hook or the server itself has met, if any.

        The end of a `with` block does this; it is for those who call `start()` and `stop()`.
        """
        self._engine.raise_failures()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
        if error is None:
            self.raise_failures()

    async def __aenter__(self) -> Self:
        await in_a_thread(self.start)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await in_a_thread(self.__exit__, kind, error, trace)

    @property
    def listeners(self) -> tuple[Listener, ...]:
        """The open listeners (`port`, `local_port`, `implicit_tls`), in the endpoint's order."""
        return self._engine.endpoint.listeners


def engine_of(server: FakeSMTP) -> Engine:
    """Return the engine of a server, for what shares a server between tests."""
    return server._engine  # noqa: SLF001 - private for users, not for the pytest plugin
