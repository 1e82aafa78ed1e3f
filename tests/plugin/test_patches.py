"""The fixture next to tools that patch sockets: it works, or one error says what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    Run = Callable[..., pytest.RunResult]

SEND = """
    import smtplib

    def test_send(fakesmtp):
        with smtplib.SMTP("localhost", fakesmtp.port(587), timeout=30) as client:
            client.starttls(context=fakesmtp.client_context())
            client.login(f"{fakesmtp.account.app_key}#auth", fakesmtp.account.secret_key)
            client.sendmail("a@example.com", "b@example.com", "Subject: patched")
        assert fakesmtp.take().subject == "patched"
"""
GEVENT = """
    from gevent import monkey
    monkey.patch_all()
"""
#: Other plugins import trio. The import fails after eventlet has patched sockets.
EVENTLET = """
    import trio
    import eventlet
    eventlet.monkey_patch()
"""
MANY_READERS = """
    import eventlet.debug
    eventlet.debug.hub_prevent_multiple_readers(False)
"""


@pytest.mark.parametrize(
    "patch", [GEVENT, EVENTLET + MANY_READERS], ids=["gevent", "eventlet with many readers"]
)
def test_green_threads(run: Run, pytester: pytest.Pytester, patch: str) -> None:
    """A message arrives over TLS when gevent or eventlet has patched the standard library."""
    pytester.makepyfile(patch_first=patch)
    result = run(SEND, "-p", "patch_first", "-W", "ignore", in_a_process=True)
    result.assert_outcomes(passed=1)


def test_guard_of_eventlet_is_named(run: Run, pytester: pytest.Pytester) -> None:
    """When eventlet forbids two readers of a socket, one sentence says how to allow them."""
    pytester.makepyfile(patch_first=EVENTLET)
    result = run(SEND, "-p", "patch_first", "-W", "ignore", in_a_process=True)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(
        ["*eventlet.debug.hub_prevent_multiple_readers(False)* conftest.py*"]
    )
    result.stdout.no_fnmatch_line("*Traceback*")


FACTORY = """
    def test_start(make_fakesmtp):
        make_fakesmtp(ports={587: 0})
"""


@pytest.mark.parametrize(
    ("test", "outcomes"), [(SEND, {"errors": 1}), (FACTORY, {"failed": 1})], ids=["shared", "own"]
)
def test_blocked_sockets_are_named(run: Run, test: str, outcomes: dict[str, int]) -> None:
    """When pytest-socket blocks all sockets, one sentence says which hosts to allow."""
    result = run(test, "--disable-socket", "-W", "ignore", in_a_process=True)
    result.assert_outcomes(**outcomes)
    result.stdout.fnmatch_lines(["*run pytest with --allow-hosts=127.0.0.1,::1,localhost*"])
    result.stdout.no_fnmatch_line("*Traceback*")


def test_allowed_hosts(run: Run) -> None:
    """The fixture works with the hosts that this sentence names."""
    result = run(
        SEND, "--disable-socket", "--allow-hosts=127.0.0.1,::1,localhost", in_a_process=True
    )
    result.assert_outcomes(passed=1)
