"""The program: its help, its errors and its dependencies."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from fakesmtp.cli import main
from fakesmtp.cli.app import COMMANDS

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Result

    Run = Callable[..., Result]

#: Every command that has a help of its own.
HELP = [(name,) for name in COMMANDS]
HELP += [("sessions", name) for name in ("list", "show", "export", "diff")]
HELP += [("faults", "check")]


@pytest.mark.parametrize("flag", ["-h", "--help"])
@pytest.mark.parametrize("command", [(), *HELP], ids=" ".join)
def test_help_fits(run: Run, command: tuple[str, ...], flag: str) -> None:
    """Help is at most 80 columns wide, and cuts no text."""
    result = run(*command, flag)
    assert (result.code, result.err) == (0, "")
    assert max(map(len, result.out.splitlines())) <= 80
    assert "…" not in result.out
    assert "..." not in result.out.partition("\n")[2]  # in the usage it marks repeated arguments


def test_help_has_every_option(run: Run) -> None:
    """The help of serve lists all its settings in groups."""
    from fakesmtp.cli.setting import READ  # noqa: PLC0415 - of this test alone
    from fakesmtp.cli.settings import SETTINGS  # noqa: PLC0415 - of this test alone

    out = run("serve", "--help").out
    of_serve = [row for row in SETTINGS.values() if row.group != READ]
    assert [row.name for row in of_serve if row.opts[0] not in out] == []
    assert [row.group for row in of_serve if f"\n{row.group}:\n" not in out] == []
    assert "--server" not in out
    assert "[default: 64M]" in out


def test_serve_is_implied(run: Run) -> None:
    """Options without a command are those of serve."""
    result = run("--ports", "nonsense")
    assert result.code == 2
    assert result.err.startswith("fakesmtp: --ports: 'nonsense' is not a list of ports")


@pytest.mark.parametrize(
    ("usage", "help_record"),
    [
        (("sessions", "show"), "SESSION  A session's id, a unique part"),
        (("sessions", "diff"), "SECOND  A session's id, a unique part"),
        (("faults", "check"), "FILE  Rules in TOML or JSON."),
    ],
)
def test_help_of_arguments(run: Run, usage: tuple[str, ...], help_record: str) -> None:
    """A required argument is in the usage line without brackets, and is described."""
    out = run(*usage, "--help").out
    name = help_record.partition(" ")[0]
    first, _, rest = out.partition("\n")
    assert first.startswith(f"Usage: fakesmtp {' '.join(usage)} [OPTIONS] ")
    assert name in first.split()
    assert f"  {help_record}" in rest.partition("Positional arguments:")[2]


@pytest.mark.parametrize(
    ("command", "arguments"),
    [
        ("messages list", "[QUERY]..."),
        ("messages export", "[QUERY]..."),
        ("messages delete", "[MESSAGE]..."),
        ("ingest", "FILES..."),
        ("lint", "FILES..."),
    ],
)
def test_usage_of_several_arguments(run: Run, command: str, arguments: str) -> None:
    """The usage line shows which arguments are optional, and which may be repeated."""
    usage = run(*command.split(), "--help").out.partition("\n")[0]
    assert usage == f"Usage: fakesmtp {command} [OPTIONS] {arguments}"


@pytest.mark.parametrize(
    ("arguments", "sentence", "command"),
    [
        (("serv",), "serv is not a command of fakesmtp; the commands are serve, certs, ", ""),
        (("--prots",), "--prots is not an option of fakesmtp serve; the options are", " serve"),
        (("env", "--x"), "--x is not an option of fakesmtp env; the options are --port,", " env"),
        (("env", "x"), "fakesmtp env takes no argument 'x'", " env"),
        (("faults", "x"), "x is not a command of fakesmtp faults; the commands are", " faults"),
    ],
)
def test_wrong_usage(run: Run, arguments: tuple[str, ...], sentence: str, command: str) -> None:
    """An unknown command or option is an error that lists the valid ones, with exit code 2."""
    result = run(*arguments)
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith(f"fakesmtp: {sentence}")
    assert result.err.endswith(f"\nTry 'fakesmtp{command} --help'.\n")


@pytest.mark.parametrize(("typo", "meant"), [("serv", "serve"), ("--prots", "--ports")])
def test_typos(run: Run, typo: str, meant: str) -> None:
    """An error about a typo names the nearest valid word."""
    assert f"Did you mean {meant}?" in run(typo).err


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("fakesmtp ", "plain,serve"),
        ("fakesmtp se", "plain,sessions"),
        ("fakesmtp serve --port", "plain,--port-offset"),
        ("fakesmtp env --format po", "plain,powershell"),
    ],
)
def test_shell_completion(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: str, expected: str
) -> None:
    """A shell that has sourced Click's completion script completes commands, options and values."""
    monkeypatch.setenv("_FAKESMTP_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", words)
    monkeypatch.setenv("COMP_CWORD", str(words.count(" ")))
    with pytest.raises(SystemExit):
        main([])
    assert expected in capsys.readouterr().out.splitlines()


@pytest.mark.parametrize("group", ["sessions", "faults"])
def test_groups_without_a_command(run: Run, group: str) -> None:
    """A group without a command prints its help and is wrong usage."""
    result = run(group)
    assert (result.code, result.out) == (2, "")
    assert "Commands:" in result.err


@pytest.mark.parametrize("library", ["click", "platformdirs"])
def test_without_the_extra(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, library: str
) -> None:
    """Without a library of the extra, one sentence says how to install it."""
    for module in [name for name in sys.modules if name.startswith("fakesmtp.cli.")]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, library, None)
    monkeypatch.setattr("pathlib.Path.is_file", lambda _: False)  # as in no checkout
    assert main(["certs"]) == 2
    assert capsys.readouterr().err == (
        f"fakesmtp: the command line needs {library}: pip install 'fakesmtp[server]' installs it\n"
    )


def test_mcp_without_its_extra(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """`fakesmtp mcp` names its own extra, also where the client's library is missing."""
    for module in [name for name in sys.modules if name.startswith("fakesmtp.mcp")]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, "httpx", None)
    result = run("mcp")
    assert (result.code, "pip install 'fakesmtp[mcp]'" in result.err) == (2, True)


def test_a_light_start() -> None:
    """The start of serve loads no slow library and no module of another command."""
    heavy = {"cryptography", "fastapi", "uvicorn", "platformdirs", "tomllib"}
    heavy |= {
        f"fakesmtp.{name}" for name in ("cli.sessions", "cli.certs", "faults.rules", "tls.leaf")
    }
    program = (
        "import sys; from fakesmtp.cli import main; "
        f"main(['serve', '--ports', 'nonsense']); print(*{heavy} & sys.modules.keys())"
    )
    # Coverage also measures children and reads its settings there.
    quiet = {name: value for name, value in os.environ.items() if not name.startswith("COV")}
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, env=quiet
    )
    assert done.stderr.startswith("fakesmtp: --ports")
    assert done.stdout == "\n"


def test_other_missing_modules_are_bugs(monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing module of fakesmtp itself is not blamed on the extra."""
    monkeypatch.delitem(sys.modules, "fakesmtp.cli.app", raising=False)
    monkeypatch.setitem(sys.modules, "fakesmtp.cli.app", None)
    with pytest.raises(ModuleNotFoundError):
        main(["version"])
