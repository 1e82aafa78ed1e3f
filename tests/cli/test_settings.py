"""Where settings come from, and what is said about wrong ones."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hostile_files import SPECIAL, needs_special_files

from fakesmtp.cli.settings import SETTINGS, Setting
from fakesmtp.cli.sources import find_unknown_variables, resolve
from fakesmtp.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from conftest import Result
    from hostile_files import Make

    Run = Callable[..., Result]

# For each kind of setting: three texts that differ from the default and from each other.
TEXTS = {
    "port-offset": ("1", "2", "3"),
    "max-messages": ("1", "2", "3"),
    "max-age": ("1d", "2h", "none"),
    "max-store-size": ("1K", "2M", "none"),
    "store": ("memory", "sqlite:///a", "sqlite:////b"),
    "store-sync": ("normal", "normal", "normal"),
    "exit-after": ("1", "2", "3"),
    "host": ("127.0.0.1", "127.0.0.2", "127.0.0.3"),
    "ports": ("587=1", "587=2", "auto"),
    "http": ("1", "[::1]:2", "localhost:3"),
    "server": ("http://a", "https://b:2", "http://[::1]:3/"),
    "account": ("a:1", "b:2", "c:3"),
    "accounts-file": ("a", "b", "c"),
    "certs-dir": ("a", "b", "c"),
    "record-dir": ("a", "b", "c"),
    "faults": ("a", "b", "c"),
    "unsafe": ("echo-of-cr", "lone-lf-ends-message", "user-name-in-any-case"),
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
}


def value_of(row: Setting, **sources: Mapping[str, str]) -> object:
    """The value that the sources settle on for one setting."""
    settings = resolve(sources.get("options", {}), sources.get("environ", {}))
    owner = settings if hasattr(settings, row.field_name) else settings.policy
    value = getattr(owner, row.field_name)
    return value[0] if row.many and value else value


def write_file(name: str, text: str) -> None:
    """A fakesmtp.toml that holds one setting."""
    Path("fakesmtp.toml").write_text(f"{name} = {text!r}\n", encoding="utf-8")


def test_every_setting_is_in_the_table_of_this_test() -> None:
    """Whoever adds a setting adds it to the tests of precedence."""
    assert TEXTS.keys() == SETTINGS.keys() - {"config"}


@pytest.mark.parametrize("name", TEXTS)
def test_precedence(name: str) -> None:
    """Option wins over environment, environment over file, file over default."""
    row = SETTINGS[name]
    in_file, in_environment, in_option = TEXTS[name]
    environ = {row.variable: in_environment}
    default = row.default[0] if row.many and row.default else row.default
    assert value_of(row) == default
    write_file(name, in_file)
    assert value_of(row) == row.read(in_file)
    assert value_of(row, environ=environ) == row.read(in_environment)
    assert value_of(row, environ=environ, options={name: in_option}) == row.read(in_option)


@pytest.mark.parametrize("name", TEXTS)
def test_names(name: str) -> None:
    """A setting's variable and its key in the file follow from its option."""
    row = SETTINGS[name]
    assert row.variable == "FAKESMTP_" + name.upper().replace("-", "_")
    write_file(row.field_name, TEXTS[name][0])
    assert value_of(row) == row.read(TEXTS[name][0])


@pytest.mark.parametrize(
    ("text", "truth"),
    [
        *((text, True) for text in ("1", "true", "TRUE", "Yes", "on", " on ")),
        *((text, False) for text in ("0", "false", "No", "OFF")),
    ],
)
def test_truths(text: str, truth: bool) -> None:  # noqa: FBT001 - a column of the table
    """Yes and no may be written in several ways and in any case."""
    assert value_of(SETTINGS["json"], environ={"FAKESMTP_JSON": text}) is truth


def test_an_empty_variable_is_none() -> None:
    """A variable that is set to nothing changes nothing."""
    assert value_of(SETTINGS["port-offset"], environ={"FAKESMTP_PORT_OFFSET": ""}) == 1000


def test_values_of_toml() -> None:
    """The file may hold numbers, truths and lists where they fit."""
    Path("fakesmtp.toml").write_text(
        'port-offset = 2000\njson = true\nidle-timeout = 0.5\nhost = ["127.0.0.1", "::1"]\n'
        'account = ["k:s:x", "l:m"]\nunsafe = ["echo-of-cr"]\n'
    )
    settings = resolve({}, {})
    assert (settings.port_offset, settings.json) == (2000, True)
    assert settings.hosts == ("127.0.0.1", "::1")
    assert settings.account == (("k", "s:x"), ("l", "m"))
    assert settings.policy.idle_timeout == 0.5
    assert settings.policy.unsafe_echo_of_cr


def test_lists_in_the_environment() -> None:
    """A variable parts several values by blanks."""
    settings = resolve({}, {"FAKESMTP_HOST": "127.0.0.1 ::1", "FAKESMTP_ACCOUNT": "a:1 b:2"})
    assert settings.hosts == ("127.0.0.1", "::1")
    assert [account.app_key for account in settings.account] == ["a", "b"]


@pytest.mark.parametrize(("text", "host"), [("[::1]", "::1"), ("::1", "::1"), (" a ", "a")])
def test_an_address_in_brackets(text: str, host: str) -> None:
    """An IPv6 address may be written as in a URL."""
    assert resolve({"host": [text]}, {}).hosts == (host,)


@pytest.mark.parametrize(
    ("text", "size"), [("1", 1), ("500", 500), ("2k", 2048), ("64M", 2**26), ("1GB", 2**30)]
)
def test_sizes(text: str, size: int) -> None:
    """A size is bytes, or has a unit behind it."""
    assert resolve({"max-message-size": text}, {}).policy.max_message_size == size


@pytest.mark.parametrize(
    ("name", "text", "hint"),
    [
        ("port-offset", "x", "'x' is no whole number"),
        ("ports", "587:1587", "neither auto nor pairs"),
        ("ports", "588=1587", "no port 588"),
        ("ports", "587=70000", "70000 is no port"),
        ("max-message-size", "64X", "500K, 64M, 1G"),
        ("max-message-size", "0", "over 0"),
        ("idle-timeout", "nan", "seconds over 0"),
        ("idle-timeout", "-1", "seconds over 0"),
        ("exit-after", "0", "1 is the least"),
        ("max-recipients", "0", "1 is the least"),
        ("max-recipients", "1k", "'1k' is no whole number"),
        ("json", "perhaps", "neither yes nor no"),
        ("auth-required-at", "data", "none of rcpt, mail, never"),
        ("unsafe", "lone-lf", "none of lone-lf-ends-message"),
        ("account", "sesame", "APPKEY:SECRETKEY"),
        ("account", "a:b,c:d", "part accounts with blanks in a variable"),
        ("account", "a:b:x,c:d,e:f", "give --account again"),
        ("host", "127.0.0.1,::1", "is not one address: give several one by one"),
        ("host", "127.0.0.1:1587", "has a port: leave it to --ports"),
        ("host", "[::1]:1587", "has a port: leave it to --ports"),
        ("certs-dir", "~nobody-of-this-name/certs", "names an unknown home folder"),
    ],
)
def test_wrong_values(name: str, text: str, hint: str) -> None:
    """A wrong value is refused in a sentence that names its source and what would be right."""
    row = SETTINGS[name]
    write_file(name, text)
    with pytest.raises(ConfigurationError) as from_file:
        resolve({}, {})
    with pytest.raises(ConfigurationError) as from_environment:
        resolve({}, {row.variable: text})
    with pytest.raises(ConfigurationError) as from_option:
        resolve({name: text}, {row.variable: text})
    origins = (f"fakesmtp.toml, line 1, {name}", row.variable, f"--{name}")
    for origin, error in zip(origins, (from_file, from_environment, from_option), strict=True):
        assert str(error.value).startswith(f"{origin}: ")
        assert hint in str(error.value)


def test_a_wrong_account_is_not_repeated() -> None:
    """What may be a SecretKey does not stand in the error about it."""
    with pytest.raises(ConfigurationError) as error:
        resolve({"account": [":sesame"]}, {})
    assert "sesame" not in str(error.value)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "\nport-ofset = 1\n",
            "line 2: there is no setting 'port-ofset'; did you mean port-offset?",
        ),
        ("[section]\nhost = 1\n", "line 1: there is no setting 'section'; "),
        ('config = "other.toml"\n', "line 1: there is no setting 'config'; "),
        ("host = \n", "is no TOML: "),
        ("host = 1979-05-27\n", "line 1, host is a text, a number, true or false, or a list"),
        ("port-offset = [1, 2]\n", "line 1, port-offset takes one value, not 2"),
        ("host = []\n", "line 1, host takes at least one value"),
    ],
)
def test_bad_files(run: Run, text: str, sentence: str) -> None:
    """A file with a mistake ends the command with one sentence, naming file and line."""
    Path("fakesmtp.toml").write_text(text)
    result = run("env")
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith("fakesmtp: fakesmtp.toml")
    assert sentence in result.err
    assert result.err.count("\n") == 1


def test_a_named_file(run: Run, tmp_path: Path) -> None:
    """--config names another file, FAKESMTP_CONFIG too, and then it must be there."""
    other = tmp_path / "other.toml"
    other.write_text("port-offset = 3000")
    assert resolve({"config": str(other)}, {}).port_offset == 3000
    assert resolve({}, {"FAKESMTP_CONFIG": str(other)}).port_offset == 3000
    result = run("env", "--config", "absent.toml")
    assert result.code == 2
    assert result.err == "fakesmtp: --config: there is no file absent.toml\n"


#: What no file of settings or accounts is, and what is said about it.
BAD_FILES: dict[str, tuple[Make, str]] = {
    "deep": (lambda path: path.write_text("host = " + "[" * 5000), "nested too deep"),
    "a long number": (
        lambda path: path.write_text("port-offset = " + "1" * 5000),
        "too many digits",
    ),
    "a long number in hexadecimal": (
        lambda path: path.write_text("port-offset = 0x" + "f" * 5000),
        "line 1, port-offset may not be a very long int: it is too large",
    ),
    "a number that no list can count to": (
        lambda path: path.write_text("max-messages = 9223372036854775807000"),
        "max-messages may not be 9223372036854775807000: it is too large",
    ),
    "a number in a text": (
        lambda path: path.write_text(f'max-message-size = "{"9" * 5000}"'),
        "is no size over 0",
    ),
    "a time without an end": (
        lambda path: path.write_text("idle-timeout = 1e300"),
        "is no number of seconds over 0 and up to 1,000,000,000",
    ),
    "a key of many names": (
        lambda path: path.write_text("a" + ".a" * 100_000 + " = 1"),
        "a key has more than 100 names",
    ),
    "a long key": (
        lambda path: path.write_text("x" * 100_000 + " = 1"),
        "there is no setting 'xxx",
    ),
    "large": (lambda path: path.write_bytes(b"#" * (1024 * 1024 + 1)), "more than 1,048,576 bytes"),
    "no text": (lambda path: path.write_bytes(b"\xff"), "it is not UTF-8"),
    **SPECIAL,
}


@needs_special_files
@pytest.mark.parametrize(("make", "reason"), BAD_FILES.values(), ids=BAD_FILES)
def test_hostile_files(run: Run, tmp_path: Path, make: Make, reason: str) -> None:
    """Whatever is named as settings or as accounts, the command ends with one short sentence."""
    make(tmp_path / "file")
    result = run("env", "--config", "file")
    assert (result.code, result.out) == (2, "")
    assert reason in result.err
    assert result.err.count("\n") == 1
    assert len(result.err) < 1000
    # None of them has an account in it, either.
    result = run("env", "--accounts-file", "file")
    assert (result.code, result.out) == (2, "")
    assert result.err.count("\n") == 1
    assert len(result.err) < 1000


def test_files_may_have_a_byte_order_mark(run: Run, tmp_path: Path) -> None:
    """Editors on Windows write one."""
    (tmp_path / "fakesmtp.toml").write_text("port-offset = 3000", encoding="utf-8-sig")
    (tmp_path / "accounts").write_text("AppKey:SecretKey", encoding="utf-8-sig")
    result = run("env", "--accounts-file", "accounts")
    assert result.code == 0
    assert "AppKey" in result.out
    assert "\ufeff" not in result.out


def test_unknown_variables_are_named() -> None:
    """A variable that looks like a setting and is none is named, with what may be meant."""
    environ = {"FAKESMTP_PROT_OFFSET": "1", "FAKESMTP_PORTS": "auto", "FAKESMTP_XYZZY": "1"}
    assert find_unknown_variables(environ) == [
        "FAKESMTP_PROT_OFFSET is not a setting; did you mean FAKESMTP_PORT_OFFSET?",
        "FAKESMTP_XYZZY is not a setting; fakesmtp serve --help lists them",
    ]


@pytest.mark.parametrize("text", ["a:b,c:d", "a:b, c:d", "a:b ,c:d"])
def test_accounts_with_commas_are_refused(text: str) -> None:
    """A list with commas would be one SecretKey: the error says how to give several accounts."""
    with pytest.raises(ConfigurationError, match="part accounts with blanks"):
        resolve({}, {"FAKESMTP_ACCOUNT": text})
    settings = resolve({}, {"FAKESMTP_ACCOUNT": "a:b,c d:e"})
    assert [account.secret_key for account in settings.account] == ["b,c", "e"]
