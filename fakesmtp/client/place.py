"""Where clients connect to a running server, as it tells."""

from __future__ import annotations

import socket
import ssl
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from fakesmtp.errors import ConfigurationError

if TYPE_CHECKING:
    from fakesmtp.client.requests import Requests


class RemotePlace:
    """The addresses, ports and CA of a running server. They are read once."""

    def __init__(self, requests: Requests) -> None:
        self._requests = requests

    @cached_property
    def _told(self) -> dict[str, Any]:
        told: dict[str, Any] = self._requests.get("/info")
        return told

    @property
    def host(self) -> str:
        """The host that SMTP clients connect to: that of the URL, for another machine."""
        named = urlsplit(self._requests.url).hostname or ""
        return str(self._told["host"]) if named in {"localhost", "127.0.0.1", "::1"} else named

    @property
    def address(self) -> str:
        """The IP address that SMTP clients connect to."""
        return socket.gethostbyname(self.host)

    @property
    def ports(self) -> dict[int, int]:
        """The ports of the endpoint and the local ports that stand for them."""
        return {each["port"]: each["local_port"] for each in self._told["listeners"]}

    def port(self, port: int) -> int:
        """Return the local port of an endpoint's port; raises `ConfigurationError` if not open."""
        if port not in self.ports:
            opened = ", ".join(map(str, self.ports))
            raise ConfigurationError(f"port {port!r} is not open; the open ports are {opened}")
        return self.ports[port]

    @cached_property
    def _folder(self) -> TemporaryDirectory[str]:
        folder = TemporaryDirectory(prefix="fakesmtp-")
        (Path(folder.name) / "ca.pem").write_text(self._told["ca_certificate"], "ascii")
        return folder

    @property
    def ca_file(self) -> Path:
        """The CA's certificate (PEM), in a file that ends with the client."""
        return Path(self._folder.name) / "ca.pem"

    def client_context(self) -> ssl.SSLContext:
        """Return the TLS context of a client that trusts only this server."""
        return ssl.create_default_context(cadata=self._told["ca_certificate"])

    def settings(self, port: int) -> dict[str, str]:
        """Return a client's connection settings and CA file, as environment variables."""
        local = self.port(port)
        implicit = next(each["tls"] for each in self._told["listeners"] if each["port"] == port)
        return {
            "SMTP_HOST": self.host,
            "SMTP_PORT": str(local),
            "SMTP_SECURITY": "tls" if implicit else "starttls",
            "SMTP_CA_FILE": str(self.ca_file),
        }

    def close(self) -> None:
        """Remove the file of the CA."""
        if "_folder" in self.__dict__:
            self._folder.cleanup()
