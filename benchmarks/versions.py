"""Which versions were measured."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

_PACKAGES = ("fakesmtp", "aiosmtpd", "smtpdfix", "pytest-localserver", "pytest", "uvloop")
_ROOT = Path(__file__).parent.parent
_PATIENCE = 10.0


def describe_versions(node_modules: Path | None = None) -> dict[str, str]:
    """Give the version of everything that is installed, by its name."""
    found = {name: _package(name) for name in _PACKAGES}
    commit = _first_word("git", "-C", str(_ROOT), "describe", "--always", "--dirty")
    if commit:
        found["fakesmtp"] += f" (commit {commit})"
    found["smtp-sink"] = _first_word("postconf", "-dh", "mail_version")
    found["smtp-server"] = _node_package(node_modules, "smtp-server")
    found["node"] = _first_word("node", "--version").lstrip("v") if found["smtp-server"] else ""
    return {name: text for name, text in found.items() if text}


def _package(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def _node_package(node_modules: Path | None, name: str) -> str:
    if node_modules is None:
        return ""
    try:
        text = (node_modules / name / "package.json").read_text(encoding="utf-8")
    except OSError:
        return ""
    return str(json.loads(text)["version"])


def _first_word(program: str, *arguments: str) -> str:
    """Give the first word that a program prints, `""` when it is not there or fails."""
    path = shutil.which(program, path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin"]))
    if path is None:
        return ""
    command = [path, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_PATIENCE)
    return (done.stdout.split() or [""])[0] if done.returncode == 0 else ""
