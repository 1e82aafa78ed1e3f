"""What a test that sends a mail costs, with fakesmtp's fixture and with others'.

    python benchmarks/fixture.py [--tests 300] [--repetitions 5] [--one-cpu] [--json FILE]

Each run is a process of pytest with that one plugin alone. Its tests send one mail each by smtplib
and assert that it is there: in clear, and with STARTTLS and AUTH by a client that verifies, whose
context is ready. From the time of the whole process, imports and all, that of the same tests with
an empty fixture is taken; beside it stands the median test's time alone. The runs of one
repetition follow each other, and ratios are taken within it. All servers have the same P-256
certificate. Everything is installed and compiled before, as pip does: fakesmtp from its wheel.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from contextlib import nullcontext
from dataclasses import dataclass, field
from importlib.util import find_spec
from itertools import pairwise, product
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import TYPE_CHECKING

from installed import CACHE, make_environment
from loads import LOADS
from measure import Run
from processes import SERVER_CPU, on_cpu
from report import describe_machine, save
from versions import describe_versions

from fakesmtp.tls import CertificateFolder

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

USER, PASSWORD = "user", "password"
PATIENCE = 300.0
EMPTY_NAME, OUR_NAME = "empty", "fakesmtp"
TESTS_A_RUN = 300
#: Variables of ours and of the fixtures', and the one by which no bytecode would be kept.
NOT_PASSED_ON = ("SMTPD_", "PYTEST_", "PYTHONDONTWRITEBYTECODE")
#: The names of the fixtures that are compared.
FIXTURES = (OUR_NAME, "smtpdfix", "pytest-localserver", "aiosmtpd, session scope")

TESTS = """
import smtplib

import pytest

MAIL = b"From: a@example.com\\r\\nTo: b@example.com\\r\\nSubject: hi\\r\\n\\r\\nhello\\r\\n"

@pytest.mark.parametrize("number", range({tests}))
def test_mail(box, number):
    if box is None:
        return
    host, port, messages, context, login = box
    with smtplib.SMTP(host, port, local_hostname="localhost", timeout=30) as client:
        if {tls}:
            client.starttls(context=context)
            client.login(*login)
        client.sendmail("a@example.com", ["b@example.com"], MAIL)
    assert len(messages()) == 1
"""

#: Notes when the tests begin and end, and makes the context that all clients but ours share.
CONFTEST = """
import json
import time
from pathlib import Path

import pytest

times = []

def pytest_collection_finish():
    times.append(time.perf_counter())

def pytest_runtest_logreport(report):
    if report.when == "teardown":
        times.append(time.perf_counter())

def pytest_sessionfinish(session):
    Path("times.json").write_text(json.dumps(times))

TLS = {tls}
LOGIN = {login}
CA_FILE, CERTIFICATE, KEY = {files}

@pytest.fixture(scope="session")
def context():
    import ssl
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(CA_FILE)
    return context
"""

EMPTY = """
@pytest.fixture
def box():
    return None
"""
FAKESMTP = """
@pytest.fixture(scope="session")
def fakesmtp_certificates():
    return Path(CA_FILE).parent

@pytest.fixture(scope="session")
def fakesmtp_accounts():
    return [LOGIN]

@pytest.fixture(scope="session")
def fakesmtp_policy():
    from fakesmtp import Policy
    return Policy(auth_required_at="rcpt" if TLS else "never")

@pytest.fixture
def box(fakesmtp):
    context = fakesmtp.client_context() if TLS else None
    return "127.0.0.1", fakesmtp.port(587), lambda: fakesmtp.messages, context, LOGIN
"""
SMTPDFIX = """
@pytest.fixture
def box(smtpd, context):
    return "127.0.0.1", smtpd.port, lambda: smtpd.messages, context, LOGIN
"""
LOCALSERVER = """
@pytest.fixture
def box(smtpserver):
    return *smtpserver.addr, lambda: smtpserver.outbox, None, None
"""
AIOSMTPD = """
@pytest.fixture(scope="session")
def controller():
    import ssl
    from aiosmtpd.controller import Controller
    from aiosmtpd.smtp import AuthResult

    class OnAFreePort(Controller):
        def _trigger_server(self):
            self.port = self.server.sockets[0].getsockname()[1]
            super()._trigger_server()

    class Handler:
        def __init__(self):
            self.mails = []

        async def handle_DATA(self, server, session, envelope):
            self.mails.append(envelope)
            return "250 OK"

    options = {}
    if TLS:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(CERTIFICATE, KEY)
        options = {"tls_context": context, "authenticator": lambda *_: AuthResult(success=True)}
    controller = OnAFreePort(Handler(), "127.0.0.1", 0, server_hostname="localhost", **options)
    controller.start()
    yield controller
    controller.stop()

@pytest.fixture
def box(controller, context):
    mails = controller.handler.mails
    mails.clear()
    return "127.0.0.1", controller.port, lambda: mails, context, LOGIN
"""


@dataclass(frozen=True)
class Scenario:
    """A fixture to measure: `plugin` is the module pytest loads, `library` what must be there."""

    name: str
    conftest: str
    plugin: str = ""
    library: str = "pytest"
    has_tls: bool = True
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Timing:
    """The seconds that a process took, and each of its tests."""

    seconds: float
    tests: tuple[float, ...]


@dataclass(frozen=True)
class Timings:
    """All repetitions, each by the scenarios' names; `failed` says why others have no timing."""

    repetitions: Sequence[Mapping[str, Timing]]
    failed: Mapping[str, str]

    def as_runs(self, load: str) -> list[Run]:
        """Give them as runs of `load`, in milliseconds a test over the empty fixture."""
        return [
            Run(load=load, peer=name, figure=over_empty(timings, name))
            for timings in self.repetitions
            for name in timings
            if name not in {EMPTY_NAME, *self.failed}
        ] + [Run(load=load, peer=name, failed=why) for name, why in self.failed.items()]


def make_scenarios(folder: CertificateFolder) -> list[Scenario]:
    """Make the scenarios whose libraries are installed; the first one is the empty fixture."""
    smtpdfix = {
        "SMTPD_LOGIN_NAME": USER,
        "SMTPD_LOGIN_PASSWORD": PASSWORD,
        "SMTPD_SSL_CERTIFICATE_FILE": str(folder.leaf_file),
        "SMTPD_SSL_KEY_FILE": str(folder.key_file),
    }
    scenarios = [
        Scenario(EMPTY_NAME, EMPTY),
        Scenario(OUR_NAME, FAKESMTP, "pytest_fakesmtp.plugin"),
        Scenario("smtpdfix", SMTPDFIX, "smtpdfix.fixture", "smtpdfix", environment=smtpdfix),
        Scenario(
            "pytest-localserver",
            LOCALSERVER,
            "pytest_localserver.plugin",
            "pytest_localserver",
            has_tls=False,
        ),
        Scenario("aiosmtpd, session scope", AIOSMTPD),
    ]
    return [scenario for scenario in scenarios if find_spec(scenario.library)]


def run(
    scenario: Scenario, tests: int, *, tls: bool, folder: CertificateFolder, python: Path
) -> Timing:
    """Run a scenario once."""
    values = {
        "tests": tests,
        "tls": tls,
        "login": (USER, PASSWORD),
        "files": tuple(map(str, (folder.ca_file, folder.leaf_file, folder.key_file))),
    }
    with TemporaryDirectory(prefix="fakesmtp-bench-") as place:
        conftest = CONFTEST.format(**values) + scenario.conftest
        Path(place, "conftest.py").write_text(conftest, encoding="utf-8")
        Path(place, "test_mail.py").write_text(TESTS.format(**values), encoding="utf-8")
        seconds = call_pytest(scenario, place, tls=tls, python=python)
        times = json.loads(Path(place, "times.json").read_text(encoding="utf-8"))
    return Timing(seconds, tuple(after - before for before, after in pairwise(times)))


def call_pytest(scenario: Scenario, place: str, *, tls: bool, python: Path) -> float:
    """Run pytest in a folder and give its seconds; raises RuntimeError when a test fails."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(NOT_PASSED_ON)}
    environment |= {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", **scenario.environment}
    if tls and scenario.name == "smtpdfix":
        environment["SMTPD_USE_STARTTLS"] = "1"
    command = [str(python), "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", place]
    command += ["-p", scenario.plugin] if scenario.plugin else []
    began = perf_counter()
    done = subprocess.run(
        command,
        check=False,
        cwd=place,
        env=environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    seconds = perf_counter() - began
    if done.returncode:
        raise RuntimeError(f"{done.stdout[-3000:]}{done.stderr[-1000:]}")
    return seconds


def measure(
    tests: int, repetitions: int, *, tls: bool, python: Path, wanted: Sequence[str] = FIXTURES
) -> Timings:
    """Run all in this Python, one after the other and again; who fails drops out.

    A first round of one test each is not counted: it compiles what is not compiled yet.
    """
    done: list[dict[str, Timing]] = [{} for _ in range(repetitions)]
    rounds = [(1, {}), *((tests, timings) for timings in done)]
    failed: dict[str, str] = {}
    with TemporaryDirectory(prefix="fakesmtp-bench-") as place:
        folder = CertificateFolder(Path(place)).ensure()
        fit = [
            each
            for each in make_scenarios(folder)
            if each.name in {EMPTY_NAME, *wanted} and (each.has_tls or not tls)
        ]
        for (count, timings), scenario in product(rounds, fit):
            if scenario.name not in failed:
                try:
                    timings[scenario.name] = run(
                        scenario, count, tls=tls, folder=folder, python=python
                    )
                except (RuntimeError, subprocess.TimeoutExpired) as error:
                    failed[scenario.name] = str(error)
    if EMPTY_NAME in failed:
        return Timings([], dict.fromkeys(wanted, failed[EMPTY_NAME]))
    return Timings(done, failed)


def print_table(title: str, timings: Timings) -> None:
    """Print the median over the repetitions, in milliseconds a test over the empty fixture."""
    print(f"\n{title}: ms a test, over an empty fixture\n")
    print(f"{'fixture':<26}{'mean':>8}{'min':>8}{'max':>8}{'median test':>13}{'fakesmtp is':>16}")
    for name, why in timings.failed.items():
        print(f"{name} failed: {why}")
    runs = timings.repetitions
    names = [name for name in FIXTURES if runs and name in runs[-1]]
    for name in names if OUR_NAME in names else []:
        means = [over_empty(run, name) for run in runs]
        middle = median(median(run[name].tests) - median(run[EMPTY_NAME].tests) for run in runs)
        ratios = [over_empty(run, OUR_NAME) / over_empty(run, name) for run in runs]
        print(
            f"{name:<26}{median(means):>8.2f}{min(means):>8.2f}{max(means):>8.2f}"
            f"{1000 * middle:>13.2f}{median(ratios):>11.2f} of it"
        )


def over_empty(run: Mapping[str, Timing], name: str) -> float:
    """Give the milliseconds a test that a fixture adds."""
    return 1000 * (run[name].seconds - run[EMPTY_NAME].seconds) / len(run[name].tests)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure both kinds of mail; 1 when a test of a fixture failed, else 0."""
    parser = argparse.ArgumentParser(description="What a test that sends a mail costs.")
    parser.add_argument("--tests", type=int, default=TESTS_A_RUN)
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--one-cpu", action="store_true", help="test and server on the same CPU")
    parser.add_argument("--json", type=Path, metavar="FILE", help="every run, for page.py")
    given = parser.parse_args(arguments)
    print(f"{given.tests} tests, {given.repetitions} repetitions, Python {sys.version.split()[0]}")
    CACHE.mkdir(parents=True, exist_ok=True)
    python = make_environment(CACHE) / "python"
    about = {
        "machine": describe_machine(),
        "method": {"tests": given.tests, "one CPU": given.one_cpu},
        "versions": describe_versions(),
    }
    runs: list[Run] = []
    for load in ("t8", "t8tls"):
        with on_cpu(SERVER_CPU) if given.one_cpu else nullcontext():
            timings = measure(given.tests, given.repetitions, tls=LOADS[load].secure, python=python)
        print_table("STARTTLS + AUTH" if LOADS[load].secure else "in clear", timings)
        runs += timings.as_runs(load)
    if given.json:
        save(given.json, about, runs)
    return 0 if all(run.is_good for run in runs) else 1


if __name__ == "__main__":
    sys.exit(main())
