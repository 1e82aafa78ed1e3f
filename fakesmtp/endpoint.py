"""Where clients connect to one server, and how they verify it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fakesmtp.errors import FakeSMTPError
from fakesmtp.place import Place
from fakesmtp.smtp.listeners import choose_address, choose_name

if TYPE_CHECKING:
    import ssl
    from collections.abc import Sequence
    from pathlib import Path

    from fakesmtp.smtp.listeners import Listener
    from fakesmtp.tls.identity import Identity


class Endpoint(Place):
    """The addresses, ports and certificates of one server.

    `open_listeners` are the current listeners, None while the server is not running.
    """

    open_listeners: tuple[Listener, ...] | None = None

    def __init__(self, hosts: Sequence[str], identity: Identity) -> None:
        self.hosts = hosts
        self.identity = identity

    @property
    def host(self) -> str:
        """The host that clients connect to: `localhost` where the server listens on 127.0.0.1."""
        return choose_name(self.hosts[0])

    @property
    def address(self) -> str:
        """The IP address that clients connect to."""
        return choose_address(self.hosts[0])

    @property
    def listeners(self) -> tuple[Listener, ...]:
        """The open listeners; raises `FakeSMTPError` if the server is not running."""
        if self.open_listeners is None:
            raise FakeSMTPError("the server is not running: call start(), or use a `with` block")
        return self.open_listeners

    @property
    def ports(self) -> dict[int, int]:
        """The ports of the endpoint and the local ports that stand for them."""
        return {listener.port: listener.local_port for listener in self.listeners}

    @property
    def ca_file(self) -> Path:
        """The CA's certificate (PEM)."""
        return self.identity.folder().ca_file

    def client_context(self) -> ssl.SSLContext:
        """Return the TLS context of a client that trusts only this server."""
        return self.identity.client_context()
