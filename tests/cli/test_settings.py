"""The sources of settings, and the errors for wrong ones."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hostile_files import SPECIAL, needs_special_files

from fakesmtp.cli.command import Command
from fakesmtp.cli.config import find_unknown_variables
from fakesmtp.cli.options import Settings
from fakesmtp.cli.settings import SETTINGS

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Result
    from hostile_files import Make

    from fakesmtp.cli.setting import Setting

    Run = Callable[..., Result]

#: A command that takes every setting, and returns them.
EVERY = Command("every", takes=[*SETTINGS], callback=lambda settings: settings)
# For each setting: three texts that differ from the default and from each other.
TEXTS = {
    "port-offset": ("1", "2", "3"),
    "max-messages": ("1", "2", "3"),
    "max-age": ("1d", "2h", "none"),
    "max-store-size": ("1K", "2M", "none"),
    "store": ("memory", "sqlite:///a", "postgresql://a@b/c"),
    "replica": ("a", "b", "c"),
    "store-sync": ("normal", "normal", "normal"),
    "exit-after": ("1", "2", "3"),
    "host": ("127.0.0.1", "127.0.0.2", "127.0.0.3"),
    "ports": ("587=1", "587=2", "auto"),
    "http": ("1", "[::1]:2", "localhost:3"),
    "http-auth-file": ("a", "b", "c"),
    "http-allowed-hosts": ("a", "b", "c"),
    "http-cors-origins": ("http://a", "https://b:2", "*"),
    "http-tls-cert": ("a", "b", "c"),
    "http-tls-key": ("a", "b", "c"),
    "server": ("http://a", "https://b:2", "http://[::1]:3/"),
    "proxy-from": ("10.0.0.0/8", "192.0.2.7", "::1"),
    "workers": ("1", "2", "3"),
    "drain-timeout": ("0", "2.5", "30"),
    "account": ("a:1", "b:2", "c:3"),
    "accounts-file": ("a", "b", "c"),
    "certs-dir": ("a", "b", "c"),
    "record-dir": ("a", "b", "c"),
    "faults": ("a", "b", "c"),
    "unsafe": ("echo-of-cr", "lone-lf-ends-message", "user-name-in-any-case"),
    "findings": ("link-http=off", "date-missing=error", "link-http=reject"),
    "max-message-size": ("1K", "2M", "3G"),
    "max-recipients": ("1", "2", "3"),
    "idle-timeout": ("1", "2.5", "3"),
    "auth-required-at": ("mail", "never", "mail"),
    **dict.fromkeys(
        ("unknown-mail-type", "empty-mail-type", "several-hashes"), ("normal", "refuse", "normal")
    ),
    **dict.fromkeys(
        ("json", "quiet", "verbose", "require-tls", "mail-type-in-any-case"), ("true", "no", "1")
    ),
    **dict.fromkeys(("no-http", "http-open", "http-tls", "proxy-protocol"), ("true", "no", "1")),
}


def resolve(*arguments: str) -> Settings:
    """Return the settings of a command line, the environment and the file."""
    settings = EVERY(list(arguments), standalone_mode=False)
    assert isinstance(settings, Settings)
    return settings


def value_of(row: Setting, *arguments: str) -> object:
    """Return the value of one setting."""
    settings = resolve(*arguments)
    owner = settings if hasattr(settings, row.name) else settings.policy
    value = getattr(owner, row.name)
    return value[0] if row.multiple and value else value


def option_of(row: Setting, text: str) -> str:
    """Return the option that sets a value."""
    name = row.opts[0]
    if not row.is_flag:
        return f"{name}={text}"
    return name if text in {"1", "true"} else name.replace("--", "--no-")


def read(row: Setting, text: str) -> object:
    """Return the value of a text."""
    return row.type.convert(text, row, None)


def write_file(name: str, text: str) -> str:
    """Write a fakesmtp.toml with one setting, and return its name."""
    Path("fakesmtp.toml").write_text(f"{name} = {text!r}\n", encoding="utf-8")
    return "fakesmtp.toml"


def test_every_setting_is_in_the_table_of_this_test() -> None:
    """A new setting needs a row in the tests of precedence."""
    assert TEXTS.keys() == SETTINGS.keys()


@pytest.mark.parametrize("name", TEXTS)
def test_precedence(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Option wins over environment, environment over file, file over default."""
    row = SETTINGS[name]
    in_file, in_environment, in_option = TEXTS[name]
    assert value_of(row) == value_of(row, "--config", write_file("port-offset", "1000"))
    write_file(name, in_file)
    assert value_of(row) == read(row, in_file)
    monkeypatch.setenv(row.variable, in_environment)
    assert value_of(row) == read(row, in_environment)
    assert value_of(row, option_of(row, in_option)) == read(row, in_option)


@pytest.mark.parametrize("name", TEXTS)
def test_names(name: str) -> None:
    """The names of a setting's variable and of its key follow from its option."""
    row = SETTINGS[name]
    assert row.variable == "FAKESMTP_" + name.upper().replace("-", "_")
    write_file(row.name, TEXTS[name][0])
    assert value_of(row) == read(row, TEXTS[name][0])


def test_defaults() -> None:
    """The defaults of the options are the defaults of the fields."""
    assert resolve() == Settings()


@pytest.mark.parametrize(
    ("text", "truth"),
    [
        *((text, True) for text in ("1", "true", "TRUE", "Yes", "on", " on ")),
        *((text, False) for text in ("0", "false", "No", "OFF")),
    ],
)
def test_truths(monkeypatch: pytest.MonkeyPatch, text: str, truth: bool) -> None:  # noqa: FBT001 - a column of the table
    """True and false can be written in several ways and in any case."""
    monkeypatch.setenv("FAKESMTP_JSON", text)
    assert resolve().json is truth


def test_an_empty_variable_is_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty variable is ignored, as in a Compose file."""
    monkeypatch.setenv("FAKESMTP_PORT_OFFSET", "")
    assert resolve().port_offset == 1000


def test_values_of_toml() -> None:
    """The file can have numbers, booleans and lists where they are valid."""
    Path("fakesmtp.toml").write_text(
        'port-offset = 2000\njson = true\nidle-timeout = 0.5\nhost = ["127.0.0.1", "::1"]\n'
        'account = ["k:s:x", "l:m"]\nunsafe = ["echo-of-cr"]\n'
    )
    settings = resolve()
    assert (settings.port_offset, settings.json) == (2000, True)
    assert settings.hosts == ("127.0.0.1", "::1")
    assert settings.account == (("k", "s:x"), ("l", "m"))
    assert settings.policy.idle_timeout == 0.5
    assert settings.policy.unsafe_echo_of_cr


def test_lists_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Spaces separate the values of a variable."""
    monkeypatch.setenv("FAKESMTP_HOST", "127.0.0.1 ::1")
    monkeypatch.setenv("FAKESMTP_ACCOUNT", "a:1 b:2")
    settings = resolve()
    assert settings.hosts == ("127.0.0.1", "::1")
    assert [account.app_key for account in settings.account] == ["a", "b"]


@pytest.mark.parametrize(("text", "host"), [("[::1]", "::1"), ("::1", "::1"), (" a ", "a")])
def test_an_address_in_brackets(text: str, host: str) -> None:
    """An IPv6 address can be written as in a URL."""
    assert resolve("--host", text).hosts == (host,)


@pytest.mark.parametrize(
    ("text", "size"), [("1", 1), ("500", 500), ("2k", 2048), ("64M", 2**26), ("1GB", 2**30)]
)
def test_sizes(text: str, size: int) -> None:
    """A size is a number of bytes, with an optional unit."""
    assert resolve("--max-message-size", text).policy.max_message_size == size


@pytest.mark.parametrize(
    ("name", "text", "hint"),
    [
        ("port-offset", "x", "'x' is not a whole number (example: 1000)"),
        ("ports", "587:1587", "is not a list of ports: use auto, or pairs"),
        ("ports", "588=1587", "no port 588"),
        ("ports", "587=70000", "70000 is not a port"),
        ("max-message-size", "64X", "500K, 64M, 1G"),
        ("max-message-size", "0", "greater than 0"),
        ("idle-timeout", "nan", "seconds greater than 0"),
        ("idle-timeout", "-1", "seconds greater than 0"),
        ("exit-after", "0", "must be at least 1, not 0"),
        ("max-recipients", "0", "must be at least 1, not 0"),
        ("max-recipients", "1k", "'1k' is not a whole number"),
        ("json", "perhaps", "is not true or false"),
        ("auth-required-at", "data", "is not one of 'rcpt', 'mail', 'never'"),
        ("unsafe", "lone-lf", "is not one of 'lone-lf-ends-message'"),
        ("account", "sesame", "APPKEY:SECRETKEY"),
        ("account", "a:b,c:d", "separate accounts by spaces in a variable"),
        ("account", "a:b:x,c:d,e:f", "repeat --account"),
        ("host", "127.0.0.1,::1", "is not one address: give each address separately"),
        ("host", "127.0.0.1:1587", "contains a port: use --ports"),
        ("host", "[::1]:1587", "contains a port: use --ports"),
        ("findings", "link-http=off,ad-phone=off", "separate rules by spaces in a variable"),
        ("certs-dir", "~nobody-of-this-name/certs", "names a home folder that is unknown"),
    ],
)
def test_wrong_values(
    run: Run, monkeypatch: pytest.MonkeyPatch, name: str, text: str, hint: str
) -> None:
    """A wrong value is refused in a sentence with its source and what would be right."""
    row = SETTINGS[name]
    origins = [f"fakesmtp.toml, line 1, {name}", row.variable, f"--{name}"]
    write_file(name, text)
    from_file = run("serve")
    monkeypatch.setenv(row.variable, text)
    results = [
        from_file,
        run("serve"),
        *([] if row.is_flag else [run("serve", f"--{name}={text}")]),
    ]
    for origin, result in zip(origins, results, strict=False):
        assert (result.code, result.out, result.err.count("\n")) == (2, "", 1)
        assert result.err.startswith((f"fakesmtp: {origin}: ", f"fakesmtp: {origin} must "))
        assert hint in result.err


@pytest.mark.parametrize("arguments", [("--account", ":sesame"), ("key:sesame",)])
def test_a_wrong_account_is_not_repeated(run: Run, arguments: tuple[str, ...]) -> None:
    """An error about an account does not contain what may be a SecretKey."""
    result = run("serve", *arguments)
    assert result.code == 2
    assert "sesame" not in result.err


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "\nport-ofset = 1\n",
            "line 2: 'port-ofset' is not a setting; did you mean port-offset?",
        ),
        ("[section]\nhost = 1\n", "line 1: 'section' is not a setting; "),
        ('config = "other.toml"\n', "line 1: 'config' is not a setting; "),
        ("host = \n", "is not TOML: "),
        (
            "host = 1979-05-27\n",
            "line 1, host must be a string, a number, true or false, or a list",
        ),
        ("port-offset = [1, 2]\n", "line 1, port-offset takes one value, not 2"),
        ("host = []\n", "line 1, host needs at least one value"),
    ],
)
def test_bad_files(run: Run, text: str, sentence: str) -> None:
    """A mistake in a file is an error of one line that names file and line."""
    Path("fakesmtp.toml").write_text(text)
    result = run("env")
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith("fakesmtp: fakesmtp.toml")
    assert sentence in result.err
    assert result.err.count("\n") == 1


def test_a_named_file(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """--config and FAKESMTP_CONFIG name another file, which must exist."""
    other = tmp_path / "other.toml"
    other.write_text("port-offset = 3000")
    assert resolve("--config", str(other)).port_offset == 3000
    monkeypatch.setenv("FAKESMTP_CONFIG", str(other))
    assert resolve().port_offset == 3000
    result = run("env", "--config", "absent.toml")
    assert result.code == 2
    assert result.err == "fakesmtp: --config: there is no file absent.toml\n"


#: Files that are not files of settings or accounts, and the errors.
BAD_FILES: dict[str, tuple[Make, str]] = {
    "deep": (lambda path: path.write_text("host = " + "[" * 5000), "nested too deep"),
    "a long number": (
        lambda path: path.write_text("port-offset = " + "1" * 5000),
        "too many digits",
    ),
    "a long number in hexadecimal": (
        lambda path: path.write_text("port-offset = 0x" + "f" * 5000),
        "line 1, port-offset: a very long int is too large",
    ),
    "a number that no list can count to": (
        lambda path: path.write_text("max-messages = 9223372036854775807000"),
        "max-messages: 9223372036854775807000 is too large",
    ),
    "a number in a text": (
        lambda path: path.write_text(f'max-message-size = "{"9" * 5000}"'),
        "is not a size greater than 0",
    ),
    "a time without an end": (
        lambda path: path.write_text("idle-timeout = 1e300"),
        "is not a number of seconds greater than 0 and at most 1,000,000,000",
    ),
    "a key of many names": (
        lambda path: path.write_text("a" + ".a" * 100_000 + " = 1"),
        "a key has more than 100 names",
    ),
    "a long key": (
        lambda path: path.write_text("x" * 100_000 + " = 1"),
        "is not a setting",
    ),
    "large": (lambda path: path.write_bytes(b"#" * (1024 * 1024 + 1)), "more than 1,048,576 bytes"),
    "no text": (lambda path: path.write_bytes(b"\xff"), "it is not UTF-8"),
    **SPECIAL,
}


@needs_special_files
@pytest.mark.parametrize(("make", "reason"), BAD_FILES.values(), ids=BAD_FILES)
def test_hostile_files(run: Run, tmp_path: Path, make: Make, reason: str) -> None:
    """Any file of settings or of accounts ends the command with one short line."""
    make(tmp_path / "file")
    result = run("serve", "--config", "file")
    assert (result.code, result.out) == (2, "")
    assert reason in result.err
    assert result.err.count("\n") == 1
    assert len(result.err) < 1000
    # They are not files of accounts, either.
    result = run("env", "--accounts-file", "file")
    assert (result.code, result.out) == (2, "")
    assert result.err.count("\n") == 1
    assert len(result.err) < 1000


def test_files_may_have_a_byte_order_mark(run: Run, tmp_path: Path) -> None:
    """A byte order mark, which editors on Windows write, is ignored."""
    (tmp_path / "fakesmtp.toml").write_text("port-offset = 3000", encoding="utf-8-sig")
    (tmp_path / "accounts").write_text("AppKey:SecretKey", encoding="utf-8-sig")
    result = run("env", "--accounts-file", "accounts")
    assert result.code == 0
    assert "AppKey" in result.out
    assert "\ufeff" not in result.out


def test_unknown_variables_are_named() -> None:
    """A variable that looks like a setting is named, with the setting that may be meant."""
    names = ("PROT_OFFSET", "PORTS", "XYZZY", "CONFIG")
    known = (row.variable for row in SETTINGS.values())
    assert find_unknown_variables(known, dict.fromkeys(map("FAKESMTP_{}".format, names), "1")) == [
        "FAKESMTP_PROT_OFFSET is not a setting; did you mean FAKESMTP_PORT_OFFSET?",
        "FAKESMTP_XYZZY is not a setting; fakesmtp serve --help lists them",
    ]


@pytest.mark.parametrize(
    ("option", "told"),
    [
        ("--host=\udcff", "--host: '\\udcff' is not an address or a host name"),
        ("--http=\udcff:1", "--http: '\\udcff:1' is not a port or HOST:PORT"),
    ],
)
def test_a_host_that_is_not_text(run: Run, option: str, told: str) -> None:
    """Bytes that are not UTF-8 are a wrong host, not a traceback."""
    result = run("serve", option, "--http-open", "--ports", "auto", "--store", "memory")
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith(f"fakesmtp: {told}")


@pytest.mark.parametrize("text", ["a:b,c:d", "a:b, c:d", "a:b ,c:d"])
def test_accounts_with_commas_are_refused(
    run: Run, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    """A list with commas would be one SecretKey: the error explains how to write a list."""
    monkeypatch.setenv("FAKESMTP_ACCOUNT", text)
    assert "separate accounts by spaces" in run("env").err
    monkeypatch.setenv("FAKESMTP_ACCOUNT", "a:b,c d:e")
    assert [account.secret_key for account in resolve().account] == ["b,c", "e"]
