"""One server for all processes of a test run, in the process that starts them."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from fakesmtp import FakeSMTP

#: How a worker of xdist gets the address.
WORKER_KEY = "fakesmtp_url"
URL = pytest.StashKey[str]()


def share(config: pytest.Config) -> None:
    """Start a server for this process and all workers; it ends with the run."""
    try:
        from fakesmtp.web.server import HttpServer  # noqa: PLC0415 - the extra may be missing
        from fakesmtp.web.uvicorn_server import make_server  # noqa: F401, PLC0415 - as above
    except ImportError as error:
        raise pytest.UsageError(
            f"--fakesmtp-shared needs {error.name}: pip install 'fakesmtp[server,client]' "
            "installs it"
        ) from error
    with ExitStack() as stack:
        http = stack.enter_context(HttpServer(stack.enter_context(FakeSMTP())))
        config.stash[URL] = http.url
        config.pluginmanager.register(_Workers(http.url))
        config.add_cleanup(stack.pop_all().close)


class _Workers:
    """Tells the workers of xdist where the server is."""

    def __init__(self, url: str) -> None:
        self._url = url

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: object) -> None:
        """Give the address to a worker."""
        node.workerinput[WORKER_KEY] = self._url  # type: ignore[attr-defined] # a node of xdist


def url_of(config: pytest.Config) -> str | None:
    """Return the address of the server that tests share, None where each process has its own."""
    worker: dict[str, str] = getattr(config, "workerinput", {})
    given: str | None = config.getoption("fakesmtp_url")
    return given or worker.get(WORKER_KEY) or config.stash.get(URL, None)
