"""fakesmtp as a user has it: its wheel, installed into an environment of its own.

The development environment has an editable install, whose import hook takes 25 ms of every start
of its interpreter; no user has that.
"""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import venv
from pathlib import Path
from tempfile import TemporaryDirectory

_ROOT = Path(__file__).parent.parent
#: What is made once and kept.
CACHE = _ROOT / ".cache" / "benchmarks"
_SOURCES = ("fakesmtp", "pytest_plugin")


def make_environment(cache: Path) -> Path:
    """Give the folder of an environment's programs; it is made anew when the sources are newer."""
    home = cache / f"installed-{sys.implementation.cache_tag}"
    programs = home / "bin"
    site = f"lib/python{sys.version_info.major}.{sys.version_info.minor}/site-packages"
    libraries = home / site / "libraries.pth"
    if not libraries.exists() or libraries.stat().st_mtime < _newest_source():
        venv.create(home, clear=True, symlinks=True)
        _install(programs / "python")
        # Last, so that an environment that was left half made is made again. Of a folder that is
        # named in a .pth file, Python reads no .pth files: the hooks of development do not run.
        libraries.write_text(f"{sysconfig.get_path('purelib')}\n", encoding="utf-8")
    return programs


def _newest_source() -> float:
    found = (path for folder in _SOURCES for path in (_ROOT / folder).rglob("*.*"))
    sources = (path for path in found if path.suffix != ".pyc")
    return max(path.stat().st_mtime for path in (*sources, _ROOT / "pyproject.toml"))


def _install(python: Path) -> None:
    with TemporaryDirectory(prefix="fakesmtp-wheel-") as folder:
        _run("hatchling", "build", "--target", "wheel", "--directory", folder)
        wheel = next(Path(folder).glob("*.whl"))
        pip = ("pip", "--python", str(python), "--disable-pip-version-check", "install")
        _run(*pip, "--no-index", "--no-deps", str(wheel))


def _run(module: str, *arguments: str) -> None:
    """Run a tool of the development environment."""
    command = [sys.executable, "-m", module, *arguments]
    done = subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"cannot install fakesmtp for the benchmarks: {done.stderr.strip()}")
