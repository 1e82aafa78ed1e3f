"""The load client in Python, for machines that cannot build client.c: same arguments, same answer.

It sends some 5,000 mails a second: with a server that is faster than that, it is the limit.
"""

from __future__ import annotations

import argparse
import base64
import json
import socket
import ssl
import threading
import time
from itertools import count as count_up
from pathlib import Path
from typing import IO

_DIGITS = 8
_PATIENCE = 60.0
_MAIL = b"MAIL FROM:<sender@bench.example>\r\n"
_RCPT = b"RCPT TO:<receiver@bench.example>\r\n"
_DATA = b"DATA\r\n"
_EHLO = b"EHLO client.bench.example\r\n"


class Session:
    """One connection, from connect to QUIT."""

    def __init__(self, given: argparse.Namespace) -> None:
        self._socket = socket.create_connection(("127.0.0.1", given.port), timeout=_PATIENCE)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._replies: IO[bytes] = self._socket.makefile("rb")
        self._expect(b"220")
        self._say(_EHLO, b"250")
        if given.tls:
            self._start_tls()
        if given.user:
            plain = base64.b64encode(f"\0{given.user}\0{given.key}".encode())
            self._say(b"AUTH PLAIN " + plain + b"\r\n", b"235")

    def _start_tls(self) -> None:
        self._say(b"STARTTLS\r\n", b"220")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE  # the server is measured
        self._replies.close()
        self._socket = context.wrap_socket(self._socket)
        self._replies = self._socket.makefile("rb")
        self._say(_EHLO, b"250")

    def _expect(self, code: bytes) -> None:
        while (line := self._replies.readline()).startswith(code + b"-"):
            pass
        if not line.startswith(code):
            raise SystemExit(f"load client: {line!r} instead of {code!r}")

    def _say(self, data: bytes, *codes: bytes) -> None:
        self._socket.sendall(data)
        for code in codes:
            self._expect(code)

    def send(self, wire: bytes, *, pipelined: bool) -> None:
        """Send one mail."""
        if pipelined:
            self._say(_MAIL + _RCPT + _DATA, b"250", b"250", b"354")
        else:
            self._say(_MAIL, b"250")
            self._say(_RCPT, b"250")
            self._say(_DATA, b"354")
        self._say(wire, b"250")

    def close(self) -> None:
        """Say QUIT and wait for the server to close."""
        self._say(b"QUIT\r\n", b"221")
        self._replies.read()
        self._replies.close()
        self._socket.close()


class Run:
    """All mails of one run, sent by a thread for each connection."""

    def __init__(self, given: argparse.Namespace) -> None:
        self._given = given
        wire = given.mail.read_bytes()
        self._head, self._tail = wire[: given.offset], wire[given.offset + _DIGITS :]
        self._numbers = count_up()
        self._ready = threading.Barrier(given.connections, action=self._begin)
        self.latencies: list[float] = []
        self.ended: list[float] = []

    def _begin(self) -> None:
        self.begun = time.perf_counter()

    def work(self) -> None:
        """Send mails on one connection, or on one after the other."""
        given = self._given
        session = None if given.each else Session(given)
        self._ready.wait()
        while time.perf_counter() - self.begun < given.seconds:
            index = next(self._numbers)
            if index >= given.count:
                break
            start = time.perf_counter()
            current = session or Session(given)
            wire = b"%b%08d%b" % (self._head, given.first + index, self._tail)
            current.send(wire, pipelined=given.pipelined)
            self.latencies.append(time.perf_counter() - start)
            if session is None:
                current.close()
        self.ended.append(time.perf_counter())
        if session is not None:
            session.close()


def main() -> None:
    """Read the arguments, run, print the figures."""
    parser = argparse.ArgumentParser()
    parser.add_argument("-e", dest="each", action="store_true")
    parser.add_argument("-p", dest="pipelined", action="store_true")
    parser.add_argument("-t", dest="tls", action="store_true")
    parser.add_argument("-u", dest="user")
    parser.add_argument("-k", dest="key")
    parser.add_argument("-P", dest="port", type=int)
    parser.add_argument("-m", dest="mail", type=Path)
    parser.add_argument("-a", dest="offset", type=int)
    parser.add_argument("-f", dest="first", type=int)
    parser.add_argument("-n", dest="count", type=int)
    parser.add_argument("-s", dest="seconds", type=float)
    parser.add_argument("-c", dest="connections", type=int)
    given = parser.parse_args()
    run = Run(given)
    threads = [threading.Thread(target=run.work) for _ in range(given.connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if len(run.ended) < given.connections:
        raise SystemExit(1)
    latencies = sorted(run.latencies)
    sent = len(latencies)
    figures = {
        "sent": sent,
        "seconds": max(run.ended) - run.begun,
        "client_cpu": time.process_time(),
        "p50": latencies[sent // 2],
        "p99": latencies[sent * 99 // 100],
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
