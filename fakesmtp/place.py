"""`Place`: where clients connect to a server, and how they verify it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from fakesmtp.errors import ConfigurationError
from fakesmtp.smtp.listeners import client_settings

if TYPE_CHECKING:
    import ssl
    from pathlib import Path


class Place(ABC):
    """The addresses, ports and CA of one server."""

    @property
    @abstractmethod
    def host(self) -> str:
        """The host that clients connect to."""

    @property
    @abstractmethod
    def address(self) -> str:
        """The IP address that clients connect to."""

    @property
    @abstractmethod
    def ports(self) -> dict[int, int]:
        """The ports of the endpoint and the local ports that stand for them."""

    @property
    @abstractmethod
    def ca_file(self) -> Path:
        """The CA's certificate (PEM)."""

    @abstractmethod
    def client_context(self) -> ssl.SSLContext:
        """Return the TLS context of a client that trusts only this server."""

    def port(self, port: int) -> int:
        """Return the local port of an endpoint's port; raises `ConfigurationError` if not open."""
        ports = self.ports
        if port not in ports:
            opened = ", ".join(map(str, ports))
            raise ConfigurationError(f"port {port!r} is not open; the open ports are {opened}")
        return ports[port]

    def settings(self, port: int) -> dict[str, str]:
        """Return a client's connection settings and CA file, as environment variables."""
        settings = client_settings(self.host, port, self.port(port))
        return {**settings, "SMTP_CA_FILE": str(self.ca_file)}
