"""The listeners: the endpoint's ports, and the local sockets that stand for them."""

from __future__ import annotations

import errno
import socket
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from fakesmtp.errors import ConfigurationError, PortTakenError
from fakesmtp.protocol.nhn import ENDPOINT_PORTS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    _Make = Callable[[str, int], socket.socket]

#: Connections that may wait to be accepted.
BACKLOG = 1024
#: The default host: 127.0.0.1, and ::1 if it exists, because some clients use only one of them.
LOCALHOST = "localhost"
_IPV4, _IPV6 = "127.0.0.1", "::1"
_HIGHEST_PORT = 65535
_LAST_PRIVILEGED_PORT = 1023
_TRIES_FOR_A_COMMON_PORT = 20


class Listener(NamedTuple):
    """One port of the real endpoint and the local port that stands for it."""

    port: int
    local_port: int
    implicit_tls: bool


def check_ports(ports: Mapping[int, int] | None) -> dict[int, int]:
    """Return the ports in the endpoint's order; None: all of them, each on a free port.

    Raises `ConfigurationError` for a port that the endpoint does not have, or that is not valid.
    """
    known = ", ".join(map(str, sorted(ENDPOINT_PORTS)))
    if ports is None:
        return dict.fromkeys(ENDPOINT_PORTS, 0)
    if not isinstance(ports, Mapping):
        raise ConfigurationError(
            f"ports must map ports of the endpoint to local ports, not {ports!r} "
            "(example: ports={587: 0}, where 0 is a free port)"
        )
    for port, local_port in ports.items():
        if port not in ENDPOINT_PORTS:
            message = f"the endpoint has no port {port!r}; its ports are {known}"
            raise ConfigurationError(message)
        if type(local_port) is not int or not 0 <= local_port <= _HIGHEST_PORT:
            message = f"{local_port!r} is not a port: give 0 (a free one) to {_HIGHEST_PORT}"
            raise ConfigurationError(message)
    if not ports:
        message = f"no port to listen on: name at least one of {known}"
        raise ConfigurationError(message)
    return {port: ports[port] for port in ENDPOINT_PORTS if port in ports}


def find_addresses(hosts: Sequence[str]) -> tuple[str, ...]:
    """Return the addresses to listen on, without repeats; `LOCALHOST` becomes its addresses."""
    loopback = (_IPV4, _IPV6) if LOCALHOST in hosts and _exists(_IPV6) else (_IPV4,)
    lists = (loopback if host == LOCALHOST else (host,) for host in hosts)
    return tuple(dict.fromkeys(address for addresses in lists for address in addresses))


def _exists(address: str) -> bool:
    """Return whether this machine has the IPv6 address."""
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as probe:
            probe.bind((address, 0))
    except OSError:
        return False
    return True


def choose_address(host: str) -> str:
    """Return the address that clients connect to when the server listens on `host`."""
    return {LOCALHOST: _IPV4, "0.0.0.0": _IPV4, "::": _IPV6}.get(host, host)  # noqa: S104 - read


def choose_name(host: str) -> str:
    """Return the host for a client's settings: a name if possible.

    Some clients compare the server's certificate only with names; Java does not accept 127.0.0.1.
    """
    address = choose_address(host)
    return LOCALHOST if address == _IPV4 else address


def client_settings(host: str, port: int, local_port: int) -> dict[str, str]:
    """Return a client's settings as environment variables, for a server that listens on `host`."""
    return {
        "SMTP_HOST": choose_name(host),
        "SMTP_PORT": str(local_port),
        "SMTP_SECURITY": "tls" if ENDPOINT_PORTS[port] else "starttls",
    }


def bind(hosts: Sequence[str], port: int, *, reuse: bool = False) -> list[socket.socket]:
    """Listen on one port of every host; for port 0, use the same free port on all of them.

    With `reuse`, other processes may listen on it as well (SO_REUSEPORT). Raises `PortTakenError`
    if the port is in use, `ConfigurationError` if the host does not belong to this machine.
    """
    return _bind_common(hosts, port, partial(_listen_on, reuse=reuse))


def reserve(hosts: Sequence[str], port: int) -> list[socket.socket]:
    """Keep one port of every host for processes that listen on it with `reuse`.

    The sockets do not listen. Raises the errors of `bind`, also if another program shares the port.
    """
    sockets = _bind_common(hosts, port, _bind_one)
    for bound in sockets:
        # After `bind`, which has refused a port that others use.
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    return sockets


def _bind_common(hosts: Sequence[str], port: int, make: _Make) -> list[socket.socket]:
    for _ in range(_TRIES_FOR_A_COMMON_PORT if port == 0 and len(hosts) > 1 else 0):
        with suppress(PortTakenError):
            return _bind_all(hosts, port, make)
    return _bind_all(hosts, port, make)


def _bind_all(hosts: Sequence[str], port: int, make: _Make) -> list[socket.socket]:
    with ExitStack() as on_failure:
        sockets: list[socket.socket] = []
        for host in hosts:
            bound = make(host, sockets[0].getsockname()[1] if sockets else port)
            on_failure.callback(bound.close)
            sockets.append(bound)
        on_failure.pop_all()
    return sockets


def _listen_on(host: str, port: int, *, reuse: bool) -> socket.socket:
    bound = _bind_one(host, port, reuse=reuse)
    try:
        bound.listen(BACKLOG)
        bound.setblocking(False)  # noqa: FBT003 - the socket module's own signature
    except OSError as error:
        bound.close()
        raise _explain(error, host, port) from error
    return bound


def _bind_one(host: str, port: int, *, reuse: bool = False) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        bound = socket.socket(family, socket.SOCK_STREAM)
    except OSError as error:  # a system without IPv6
        raise _explain(error, host, port) from error
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if reuse:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        # Accepted sockets inherit it. Nagle's algorithm would delay replies.
        bound.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if family == socket.AF_INET6:
            # An IPv6 listener that also accepts IPv4 would block the IPv4 listener.
            bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        bound.bind((host, port))
    except OSError as error:
        bound.close()
        raise _explain(error, host, port) from error
    return bound


def _explain(error: OSError, host: str, port: int) -> PortTakenError | ConfigurationError:
    if error.errno == errno.EADDRINUSE:
        message = (
            f"port {port} on {host} is taken, perhaps by another fakesmtp or mail catcher: stop "
            "that one, or choose other ports (ports={587: 0} for a free one; --port-offset or "
            "--ports auto on the command line)"
        )
        return PortTakenError(message)
    if error.errno == errno.EACCES and port <= _LAST_PRIVILEGED_PORT:
        message = (
            f"port {port} on {host} needs privileges, as all ports below 1024 do: choose a higher "
            "one (--port-offset 1000 is the default of fakesmtp serve)"
        )
        return PortTakenError(message)
    return ConfigurationError(f"cannot listen on {host}: {error.strerror}; 127.0.0.1 always works")
