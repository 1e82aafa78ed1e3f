"""The load balancers that may name a client in a PROXY protocol header."""

from __future__ import annotations

from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING

from fakesmtp.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from ipaddress import IPv4Network, IPv6Network

#: Load balancers of this machine, trusted by default.
LOOPBACK = ("127.0.0.0/8", "::1/128")


class TrustedProxies:
    """The networks of trusted load balancers: `10.0.0.0/8`, `192.0.2.7`, `::1`.

    Anyone else could pretend to be any client. Raises `ConfigurationError` for what is not a
    network.
    """

    def __init__(self, networks: Iterable[str]) -> None:
        self.networks = tuple(map(read_network, networks))

    def trust(self, host: str) -> bool:
        """Return whether the host at this IP address may send a header."""
        address = ip_address(host.partition("%")[0])
        return any(address in network for network in self.networks)


def read_network(text: str) -> IPv4Network | IPv6Network:
    """Read a network or one IP address; raises `ConfigurationError`."""
    try:
        return ip_network(text, strict=False)
    except ValueError:
        raise ConfigurationError(
            f"{text!r} is not a network (examples: 10.0.0.0/8, 192.0.2.7, fd00::/8)"
        ) from None
