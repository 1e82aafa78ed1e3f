"""Green threads: checks that gevent or eventlet has patched what a server needs."""

from __future__ import annotations

import sys
from typing import NamedTuple

from fakesmtp.errors import ConfigurationError


class _Tool(NamedTuple):
    """A library that patches the standard library; its module `where` has the function `asks`."""

    name: str
    where: str
    asks: str
    #: The library's name for the module `threading`.
    threads: str
    remedy: str
    #: Whether the server runs with green selectors and real threads.
    allows_real_threads: bool


_TOOLS = (
    _Tool("gevent", "gevent.monkey", "is_module_patched", "threading", "patch_all()", False),  # noqa: FBT003 - a row
    _Tool("eventlet", "eventlet.patcher", "is_monkey_patched", "thread", "monkey_patch()", True),  # noqa: FBT003 - a row
)


def check_patches() -> None:
    """Raise an error if the standard library is patched in a way that prevents a server.

    Raises `ConfigurationError` if only threads or only selectors are green, and `CertificateError`
    if `ssl` was patched after fakesmtp had loaded it.
    """
    for tool in _TOOLS:
        if tool.where in sys.modules:
            _check_tool(tool)
    contexts = sys.modules.get("fakesmtp.tls.contexts")
    if contexts is not None:
        contexts.require_unpatched()


def _check_tool(tool: _Tool) -> None:
    is_patched = getattr(sys.modules[tool.where], tool.asks)
    threads, selectors = is_patched(tool.threads), is_patched("select")
    if threads == selectors or (selectors and tool.allows_real_threads):
        return
    done, missing = ("threading", "select") if threads else ("select", "threading")
    raise ConfigurationError(
        f"{tool.name} has patched the module {done} and not {missing}, so the server cannot run: "
        f"patch both ({tool.remedy}) or neither"
    )
