"""TLS in programs with a patched standard library, each in its own process."""

from __future__ import annotations

import subprocess
import sys

import pytest

SEND = """
import smtplib
from fakesmtp import FakeSMTP

def send(server):
    for port in (587, 465):
        client = smtplib.SMTP if port == 587 else smtplib.SMTP_SSL
        options = {} if port == 587 else {"context": server.client_context()}
        with client("localhost", server.port(port), timeout=30, **options) as smtp:
            if port == 587:
                smtp.starttls(context=server.client_context())
            smtp.login(f"{server.account.app_key}#auth", server.account.secret_key)
            smtp.sendmail("a@example.com", "b@example.com", "Subject: patched")

"""
USE = """
with FakeSMTP() as server:
    send(server)
    print([(message.subject, message.session.tls.sni) for message in server.messages])
"""
PATCHES = {
    "gevent": "from gevent import monkey; monkey.patch_all()",
    "eventlet": "import eventlet; eventlet.monkey_patch()",
}


def run(*parts: str) -> subprocess.CompletedProcess[str]:
    """Run the program."""
    command = [sys.executable, "-W", "ignore", "-c", "\n".join(parts)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


@pytest.mark.parametrize("patch", PATCHES.values(), ids=PATCHES)
def test_tls_works_when_patched(patch: str) -> None:
    """STARTTLS and implicit TLS work if the standard library was patched first."""
    done = run(patch, SEND, USE)
    assert done.stderr == ""
    assert done.stdout == f"{[('patched', 'localhost')] * 2}\n"


@pytest.mark.parametrize("patch", PATCHES.values(), ids=PATCHES)
def test_a_patch_after_the_import_works(patch: str) -> None:
    """The order of `from fakesmtp import FakeSMTP` and the patch does not matter."""
    done = run("from fakesmtp import FakeSMTP", patch, SEND, USE)
    assert done.stderr == ""
    assert done.stdout == f"{[('patched', 'localhost')] * 2}\n"


@pytest.mark.parametrize(
    ("patch", "reason"),
    [
        (
            "from gevent import monkey; monkey.patch_thread()",
            (
                "gevent has patched the module threading and not select, so the server cannot run: "
                "patch both (patch_all()) or neither"
            ),
        ),
        (
            "from gevent import monkey; monkey.patch_all(thread=False)",
            (
                "gevent has patched the module select and not threading, so the server cannot run: "
                "patch both (patch_all()) or neither"
            ),
        ),
        (
            "import eventlet; eventlet.monkey_patch(select=False)",
            (
                "eventlet has patched the module threading and not select, so the server cannot "
                "run: patch both (monkey_patch()) or neither"
            ),
        ),
    ],
    ids=["threads of gevent", "selectors of gevent", "threads of eventlet"],
)
def test_half_a_patch_is_named(patch: str, reason: str) -> None:
    """A server that could only hang refuses to start, and one sentence says what to do."""
    done = run(patch, SEND, USE)
    assert done.stderr.splitlines()[-1] == f"fakesmtp.errors.ConfigurationError: {reason}"


def test_half_a_patch_that_works() -> None:
    """Real threads with eventlet's selectors work."""
    done = run("import eventlet; eventlet.monkey_patch(thread=False)", SEND, USE)
    assert done.stdout == f"{[('patched', 'localhost')] * 2}\n"


def test_a_late_patch_is_named() -> None:
    """A patch after TLS was used is an error of one sentence at the next start."""
    done = run(SEND, "with FakeSMTP() as server:\n    send(server)", PATCHES["gevent"], USE)
    assert done.stderr.splitlines()[-1] == (
        "fakesmtp.errors.CertificateError: the module ssl was patched after fakesmtp had loaded "
        "it: patch it first, before anything else is imported (gevent: "
        "`from gevent import monkey; monkey.patch_all()` at the top of conftest.py)"
    )
