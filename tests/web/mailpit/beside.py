"""Mailpit itself beside fakesmtp: the same messages and requests for both, answers compared."""

from __future__ import annotations

import json
import subprocess
from contextlib import contextmanager
from http.client import HTTPConnection
from typing import TYPE_CHECKING, Any, NamedTuple

from free_ports import free_port
from raw_client import PATIENCE
from web.mailpit.samples import SAMPLES, raw_of
from web.mailpit.sending import RECIPIENTS, send

if TYPE_CHECKING:
    from collections.abc import Iterator

    from http_api import Api

_FLAGS = (
    *("--smtp-auth-accept-any", "--smtp-auth-allow-insecure", "--enable-chaos"),
    *("--enable-prometheus", "true", "--disable-version-check", "--quiet"),
)


class Difference(NamedTuple):
    """A difference between two answers. `place` is a path in JSON: `messages[].Size`."""

    place: str
    theirs: object
    ours: object


class Reply(NamedTuple):
    """An answer: its status, the main part of its type, and its JSON or its text."""

    status: int
    kind: str
    content: Any


@contextmanager
def running_mailpit(program: str) -> Iterator[tuple[int, int]]:
    """Run Mailpit; gives its ports for SMTP and HTTP."""
    ports = free_port(), free_port()
    addresses = [f"127.0.0.1:{port}" for port in ports]
    command = [program, "--smtp", addresses[0], "--listen", addresses[1], *_FLAGS]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            wait = [program, "readyz", "--wait", "--listen", addresses[1]]
            subprocess.run(wait, check=True, timeout=PATIENCE)
            yield ports
        finally:
            process.terminate()


class Pair:
    """Mailpit and fakesmtp with the same messages."""

    def __init__(self, api: Api, smtp_port: int, http_port: int) -> None:
        self._ports = (http_port, api.http.port)
        for name in SAMPLES:
            for port in (smtp_port, api.smtp.port(587)):
                send(port, raw_of(name), RECIPIENTS[name])
        self._ids: dict[str, tuple[str, str]] = {}
        self.learn(list(SAMPLES)[::-1])

    def learn(self, names: list[str]) -> None:
        """Learn the ids of the newest messages, which have these names, the newest first."""
        lists = [self._ask(port, "GET", "/api/v1/messages", None) for port in self._ports]
        theirs, ours = ([each["ID"] for each in reply.content["messages"]] for reply in lists)
        self._ids |= dict(zip(names, zip(theirs, ours, strict=True), strict=False))

    def compare(self, method: str, path: str, body: object = None) -> tuple[Reply, Reply]:
        """Send a request to both; `{plain}` in the path is the id of that sample."""
        paths = (path.format_map({n: ids[each] for n, ids in self._ids.items()}) for each in (0, 1))
        theirs, ours = (
            self._ask(port, method, each, body)
            for port, each in zip(self._ports, paths, strict=True)
        )
        return theirs, ours

    def _ask(self, port: int, method: str, path: str, body: object) -> Reply:
        connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        try:
            content = body if isinstance(body, bytes | None) else json.dumps(body).encode()
            connection.request(method, path, content)
            response = connection.getresponse()
            kind = (response.headers["content-type"] or "").partition(";")[0]
            return Reply(response.status, kind, _read(response.read(), kind))
        finally:
            connection.close()


def _read(content: bytes, kind: str) -> object:
    if kind == "application/json":
        return json.loads(content)
    return content if kind.startswith("image/") else content.decode()


def differences(theirs: object, ours: object, place: str = "") -> Iterator[Difference]:
    """Yield where two values differ, key by key."""
    if isinstance(theirs, dict) and isinstance(ours, dict):
        for key in sorted(theirs.keys() | ours.keys()):
            inner = f"{place}.{key}".removeprefix(".")
            if (key in theirs) is (key in ours):
                yield from differences(theirs[key], ours[key], inner)
            else:
                yield Difference(inner, theirs.get(key, "no key"), ours.get(key, "no key"))
    elif isinstance(theirs, list) and isinstance(ours, list) and len(theirs) == len(ours):
        for one, other in zip(theirs, ours, strict=True):
            yield from differences(one, other, f"{place}[]")
    elif theirs != ours:
        yield Difference(place, theirs, ours)
