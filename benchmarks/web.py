"""Lists and searches over HTTP in a store of many messages. `python -m benchmarks.web`."""

from __future__ import annotations

import argparse
import json
from contextlib import closing
from http.client import HTTPConnection
from itertools import chain
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory
from time import perf_counter, sleep
from urllib.parse import quote

from benchmarks.environment import CACHE
from benchmarks.store import make_message, write
from fakesmtp import FakeSMTP
from fakesmtp.storage.limits import UNLIMITED
from fakesmtp.storage.sqlite.store import SqliteStore
from fakesmtp.web.server import HttpServer

_LISTS = ("/api/v1/messages", "/api/v1/messages?start=1000", "/api/v1/messages?limit=200")
_SEARCHES = (
    "고",
    "광고",
    "인증번",
    "꿇뷁꿇",
    "from:hong",
    "-광고",
    "is:unread",
    "subject:주문 광고",
)


def _ask(connection: HTTPConnection, path: str) -> tuple[float, dict[str, int]]:
    """Return the milliseconds of a request, and its answer."""
    begin = perf_counter()
    connection.request("GET", path)
    content = connection.getresponse().read()
    return (perf_counter() - begin) * 1000, json.loads(content)


def _measure(connection: HTTPConnection, path: str, name: str, repeat: int) -> list[float]:
    first, answer = _ask(connection, path)
    times = [_ask(connection, path)[0] for _ in range(repeat)]
    found = f"{answer['messages_count']:,} found"
    slowest = quantiles(times, n=20)[-1]
    print(
        f"{name:32} first {first:6.1f}, median {median(times):6.1f}, p95 {slowest:6.1f} ms, {found}"
    )
    return times


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=100_000)
    parser.add_argument("--repeat", type=int, default=50, help="requests of each kind")
    given = parser.parse_args()
    CACHE.mkdir(parents=True, exist_ok=True)
    with (
        TemporaryDirectory(dir=CACHE) as folder,
        closing(SqliteStore(Path(folder) / "web.db", UNLIMITED, sync="normal")) as store,
    ):
        write(store, 500, (make_message(number, 440) for number in range(given.messages)))
        # Findings are checked when the machine is idle; here they would only disturb.
        store.check_with(None)
        while store.describe()["unchecked"]:
            sleep(1)
        with FakeSMTP(store=store) as smtp, HttpServer(smtp) as http:
            connection = HTTPConnection("127.0.0.1", http.port)
            paths = {path: path for path in _LISTS}
            paths |= {f"search {text}": f"/api/v1/search?query={quote(text)}" for text in _SEARCHES}
            times = [_measure(connection, path, name, given.repeat) for name, path in paths.items()]
            connection.close()
    print(f"all requests: median {median(chain(*times)):.1f} ms")


if __name__ == "__main__":
    main()
