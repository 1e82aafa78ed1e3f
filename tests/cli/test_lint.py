"""`fakesmtp lint`, and `serve --findings`."""

from __future__ import annotations

import io
import json
import smtplib
from typing import TYPE_CHECKING

import pytest

from fakesmtp.cli import main
from fakesmtp.findings.formats import FORMATS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Serving

GOOD = (
    "From: a@example.com\nTo: b@example.com\nSubject: hi\nDate: Thu, 26 Nov 2026 10:00:00 +0900\n"
    "Message-ID: <1@example.com>\n\nhello\n"
)
WRONG = GOOD.replace("hello", "hello {{name}}\nhttp://localhost/\n")


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, str], str]:
    """Return `write(name, text)`, which creates a file and returns its path."""

    def write(name: str, text: str) -> str:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8", newline="")
        return path.as_posix()

    return write


def test_lint(write: Callable[[str, str], str], capsys: pytest.CaptureFixture[str]) -> None:
    """Each finding is one line with file and line number; the exit code is 1 for errors."""
    good, wrong = write("good.eml", GOOD), write("wrong.eml", WRONG.replace("\n", "\r\n"))
    assert main(["lint", good]) == 0
    assert capsys.readouterr().out == "1 message checked: 0 errors, 0 warnings, 0 info\n"
    assert main(["lint", good, wrong]) == 1
    first, second, last = capsys.readouterr().out.splitlines()
    assert first.startswith(
        f"{wrong}:7: error placeholder: the placeholder '{{{{name}}}}' was not "
    )
    assert second.startswith(f"{wrong}:8: warning link-local: the link 'http://localhost/' leads ")
    assert last == "2 messages checked: 1 error, 1 warning, 0 info"


def test_a_file_that_cannot_be_read(
    write: Callable[[str, str], str], capsys: pytest.CaptureFixture[str]
) -> None:
    """The other files are checked; the exit code is 2, also when they have errors."""
    assert main(["lint", "missing.eml", write("wrong.eml", WRONG)]) == 2
    out, err = capsys.readouterr()
    assert out.endswith("1 message checked: 1 error, 1 warning, 0 info\n")
    assert err == "fakesmtp: cannot read missing.eml: No such file or directory\n"


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (["--fail-on", "never"], 0),
        (["--findings", "placeholder=off"], 0),
        (["--findings", "placeholder=off", "--fail-on", "warning"], 1),
        (["--findings", "placeholder=off", "--findings", "link-local=info"], 0),
        (["--findings", "link-local=reject", "--findings", "placeholder=off"], 1),
        (["--mail-type", "ad", "--findings", "placeholder=off"], 1),
    ],
)
def test_the_exit_code(write: Callable[[str, str], str], options: list[str], code: int) -> None:
    """Levels, the lowest severity and the mail type determine the exit code."""
    assert main(["lint", write("wrong.eml", WRONG), *options]) == code


def test_standard_input_in_korean(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`-` reads standard input, and `--language ko` prints Korean."""
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(WRONG.encode())))
    assert main(["lint", "-", "--language", "ko"]) == 1
    assert "-:7: error placeholder: 치환자 '{{name}}'" in capsys.readouterr().out


@pytest.mark.parametrize("name", FORMATS)
def test_formats(
    write: Callable[[str, str], str], capsys: pytest.CaptureFixture[str], name: str
) -> None:
    """Each format names the file and the rule; two of them are JSON."""
    wrong = write("wrong.eml", WRONG)
    assert main(["lint", wrong, "--format", name]) == 1
    out = capsys.readouterr().out
    assert wrong in out
    assert "placeholder" in out
    if name in {"json", "sarif"}:
        json.loads(out)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ([], "the argument FILES is missing"),
        (["missing.eml"], "cannot read missing.eml: No such file or directory"),
        (["."], "cannot read .: Is a directory"),
        (
            ["x.eml", "--findings", "ad-fone=off"],
            "--findings: there is no rule 'ad-fone'; did you ",
        ),
        (
            ["x.eml", "--findings", "ad-phone"],
            "--findings: 'ad-phone' is not of the form rule=level",
        ),
    ],
)
def test_errors(arguments: list[str], error: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A file that cannot be read and a wrong level are errors in one sentence."""
    assert main(["lint", *arguments]) == 2
    assert error in capsys.readouterr().err


def test_serve_with_a_rule_that_rejects(serve: Callable[..., Serving]) -> None:
    """A server refuses a message that breaks a rule with the level `reject`."""
    server = serve("--ports", "auto", "--findings", "subject-missing=reject")
    with smtplib.SMTP("localhost", server.ports()[1], timeout=20) as client:
        client.login("key", "secret")
        with pytest.raises(smtplib.SMTPDataError, match="refused by rule subject-missing"):
            client.sendmail("a@example.com", ["b@example.com"], "From: a@example.com\r\n\r\nhi\r\n")


def test_serve_with_a_rule_that_cannot_reject(capsys: pytest.CaptureFixture[str]) -> None:
    """A server does not start with a level that the rule does not support."""
    assert main(["serve", "--ports", "auto", "--findings", "quit-missing=reject"]) == 2
    assert "'quit-missing' is about sessions and cannot be 'reject'" in capsys.readouterr().err
