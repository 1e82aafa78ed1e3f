"""Fixtures that run pytest inside a test, with the plugin installed as users have it."""

from __future__ import annotations

from textwrap import dedent
from typing import TYPE_CHECKING

import pytest

# pytester unloads after each run the modules that the run imported. These are loaded before.
import pytest_fakesmtp.compare
import pytest_fakesmtp.demands
import pytest_fakesmtp.elsewhere
import pytest_fakesmtp.frameworks
import pytest_fakesmtp.isolation
import pytest_fakesmtp.markers
import pytest_fakesmtp.redirect
import pytest_fakesmtp.report
import pytest_fakesmtp.servers
import pytest_fakesmtp.tracebacks  # noqa: F401

from fakesmtp import FakeSMTP  # noqa: F401

if TYPE_CHECKING:
    from collections.abc import Callable

CONFTEST = '''
import smtplib
import pytest

@pytest.fixture
def send():
    """Send a message through a server, a test's view or an account's view."""

    def send(smtp, subject="hi", *, account=None, mail_type="", to="b@example.com", client=None):
        with client or smtplib.SMTP(smtp.host, smtp.port(587)) as client:
            app_key, secret_key = account or smtp.account
            client.login(app_key + mail_type, secret_key)
            client.sendmail("a@example.com", [to], f"Subject: {subject}\\r\\n\\r\\nhello\\r\\n")

    return send
'''
INI = """
[pytest]
asyncio_default_fixture_loop_scope = function
addopts = --strict-config --strict-markers
filterwarnings =
    error
    ignore:Module already imported so cannot be rewritten; _editable_impl:pytest.PytestWarning
"""


@pytest.fixture
def run(pytester: pytest.Pytester) -> Callable[..., pytest.RunResult]:
    """Return `run(source, *arguments)`, which runs the tests in `source`."""
    pytester.makeini(INI)
    pytester.makeconftest(CONFTEST)

    def run(source: str, *arguments: str, in_a_process: bool = False) -> pytest.RunResult:
        pytester.makepyfile(dedent(source))
        start = pytester.runpytest_subprocess if in_a_process else pytester.runpytest_inprocess
        # schemathesis is installed for one test only, and takes half a second to import.
        return start("-p", "no:cacheprovider", "-p", "no:schemathesis", *arguments)

    return run
