"""What the benchmarks need: fakesmtp as users install it, a load client, certificates, facts."""

from __future__ import annotations

import platform
import resource
import ssl
import subprocess
import sys
import sysconfig
import venv
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import psutil

from fakesmtp.tls import CertificateFolder

ROOT = Path(__file__).parent.parent
#: The folder for everything that the benchmarks create or install (`make bench-peers`).
CACHE = ROOT / ".cache" / "benchmarks"
#: Random, as NHN's keys are: the search for a key takes longer in addresses with its letters.
ACCOUNT = "q7XvK2mZp9RtW4sJ:hN5cY8dLf3GbT6uE"
_CLIENT = Path(__file__).parent / "client.go"
_PACKAGES = ("fakesmtp", "aiosmtpd", "uvloop", "pytest")


class MissingToolError(Exception):
    """A program that the benchmarks need is missing, or failed; the text names it."""


@dataclass(frozen=True)
class Environment:
    """Folders and programs: `programs` has `python` and `fakesmtp`, `certificates` has a CA."""

    programs: Path
    client: Path
    certificates: Path


def prepare() -> Environment:
    """Create everything in `CACHE`, and allow one file descriptor for each idle connection."""
    CACHE.mkdir(parents=True, exist_ok=True)
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
    certificates = CertificateFolder(CACHE / "certificates").ensure().path
    return Environment(_install(CACHE / "installed"), _build(CACHE / "client"), certificates)


def _install(home: Path) -> Path:
    """Install fakesmtp as a user does: an editable install adds 25 ms to each start."""
    venv.create(home, clear=True, symlinks=True)
    site = sysconfig.get_path("purelib", vars={"base": str(home)})
    # Python does not read .pth files of folders that a .pth file names: no development hook runs.
    Path(site, "libraries.pth").write_text(sysconfig.get_path("purelib"), encoding="utf-8")
    python = str(home / "bin" / "python")
    options = ("--no-deps", "--no-build-isolation", "--ignore-installed", "--no-index", "--quiet")
    _run(sys.executable, "-m", "pip", "--python", python, "install", *options, str(ROOT))
    return home / "bin"


def _build(program: Path) -> Path:
    _run("go", "build", "-o", str(program), str(_CLIENT))
    return program


def _run(*command: str) -> str:
    """Return the output of a command."""
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    except FileNotFoundError as error:
        raise MissingToolError(f"{command[0]} is not installed: the benchmarks need it") from error
    except subprocess.CalledProcessError as error:
        raise MissingToolError(f"`{' '.join(command)}` failed: {error.stderr.strip()}") from error
    return done.stdout.strip()


def describe() -> dict[str, str]:
    """Return the conditions of the figures: date, machine and versions."""
    commit = _run("git", "describe", "--always", "--dirty")
    versions = ", ".join(f"{name} {version(name)}" for name in _PACKAGES)
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "commit": commit,
        "machine": f"{psutil.cpu_count()} CPUs ({_cpu_model()}), {platform.platform(terse=True)}",
        "load average before": f"{psutil.getloadavg()[0]:.1f}",
        "versions": f"Python {platform.python_version()}, {ssl.OPENSSL_VERSION}, {versions}",
    }


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return platform.processor()
    return next((line.split(": ")[1] for line in lines if line.startswith("model name")), "")
