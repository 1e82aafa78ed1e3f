"""Where clients connect to a running server, from its own answers."""

from __future__ import annotations

import socket
import ssl
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from fakesmtp.errors import FakeSMTPError
from fakesmtp.place import Place

if TYPE_CHECKING:
    from fakesmtp.client.requests import Requests


class RemotePlace(Place):
    """The addresses, ports and CA of a running server. They are read once."""

    def __init__(self, requests: Requests) -> None:
        self._requests = requests

    @cached_property
    def _info(self) -> dict[str, Any]:
        answer: dict[str, Any] = self._requests.get("/info")
        if "listeners" not in answer:
            raise FakeSMTPError(f"{self._requests.url} is not fakesmtp: its /info has no listeners")
        return answer

    @property
    def host(self) -> str:
        """The host that SMTP clients connect to: that of the URL, for another machine."""
        named = urlsplit(self._requests.url).hostname or ""
        return str(self._info["host"]) if named in {"localhost", "127.0.0.1", "::1"} else named

    @property
    def address(self) -> str:
        """The IP address that SMTP clients connect to."""
        return socket.gethostbyname(self.host)

    @property
    def ports(self) -> dict[int, int]:
        """The ports of the endpoint and the local ports that stand for them."""
        return {each["port"]: each["local_port"] for each in self._info["listeners"]}

    @cached_property
    def _folder(self) -> TemporaryDirectory[str]:
        folder = TemporaryDirectory(prefix="fakesmtp-")
        (Path(folder.name) / "ca.pem").write_text(self._info["ca_certificate"], "ascii")
        return folder

    @property
    def ca_file(self) -> Path:
        """The CA's certificate (PEM), in a file that ends with the client."""
        return Path(self._folder.name) / "ca.pem"

    def client_context(self) -> ssl.SSLContext:
        """Return the TLS context of a client that trusts only this server."""
        return ssl.create_default_context(cadata=self._info["ca_certificate"])

    def close(self) -> None:
        """Remove the file of the CA."""
        if "_folder" in self.__dict__:
            self._folder.cleanup()
