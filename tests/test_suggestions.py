"""Names that first users are likely to try: the error says which one is meant."""

from __future__ import annotations

from typing import Any

import pytest

from fakesmtp import ConfigurationError, FakeSMTP
from fakesmtp.faults.rules import Rule
from fakesmtp.messages.matching import Conditions

OPTIONS = {
    "acounts": "accounts",
    "certs": "certs_dir",
    "db": "store",
    "hostname": "host",
    "hooks": "handler",
    "levels": "findings",
    "max_mails": "max_messages",
    "max_size": "max_message_size",
    "port": "ports",
    "recordings": "record_dir",
    "require_login": "require_auth",
    "requiretls": "require_tls",
    "ssl": "require_tls",
    "timeout": "idle_timeout",
    "username": "accounts",
}
CONDITIONS = {
    "account": "app_key",
    "bcc": "to",
    "count": "wait_for_count",
    "From": "from_",
    "message_id": "headers",
    "recipient": "to",
    "subjct": "subject",
    "timeout": "within",
    "title": "subject",
    "type": "mail_type",
}
FAULT_OPTIONS = {
    "account": "app_key",
    "code": "reply",
    "delay": "seconds",
    "message": "reply",
    "once": "times",
    "rate": "over_rate",
    "recipient": "to",
    "status": "reply",
    "tmes": "times",
}
STAGES = {"RCPT": "rcpt", "rcpt to": "rcpt", "message": "end-of-data", "login": "auth"}
KINDS = {"disconnect": "drop", "dorp": "drop", "hang": "stall", "sleep": "delay", "rst": "reset"}


@pytest.mark.parametrize(
    ("make", "names"),
    [
        (lambda name: FakeSMTP(**{name: 1}), OPTIONS),
        (lambda name: Conditions(**{name: "x"}), CONDITIONS),
        (lambda name: Rule("rcpt", "drop", **{name: "x"}), FAULT_OPTIONS),
        (lambda name: Rule(name, "drop"), STAGES),
        (lambda name: Rule("rcpt", name), KINDS),
    ],
    ids=["options", "conditions", "fault options", "stages", "kinds"],
)
def test_the_name_that_is_meant(make: Any, names: dict[str, str]) -> None:  # noqa: ANN401
    """The error suggests the name that is meant."""
    for wrong, right in names.items():
        with pytest.raises(ConfigurationError, match=rf"did you mean '{right}'\?"):
            make(wrong)


@pytest.mark.parametrize("name", ["mode", "predicate", "lvl"])
def test_no_name_is_near(name: str) -> None:
    """A name that is like no other gives no suggestion, but all names."""
    with pytest.raises(ConfigurationError, match=r"subject") as error:
        Conditions(**{name: "x"})  # type: ignore[misc]
    assert "did you mean" not in str(error.value)


def test_a_method_given_as_an_option() -> None:
    """A method that is given as an option is named as a method."""
    with pytest.raises(ConfigurationError, match=r"'on_message' is not an option but a method"):
        FakeSMTP(on_message=print)  # type: ignore[call-arg]


@pytest.mark.parametrize(
    ("options", "error"),
    [
        (
            {"handler": 5},
            r"handler must be an object with methods like .*, not a value of type int$",
        ),
        ({"handler": print}, r"not a value of type builtin_function_or_method$"),
        (
            {"accounts": [("key", "one-secret"), ("key", "another")]},
            r"^AppKey 'key' has two accounts: each AppKey must have one SecretKey$",
        ),
    ],
)
def test_a_wrong_value(options: dict[str, Any], error: str) -> None:
    """A wrong value is an error of one sentence."""
    with pytest.raises(ConfigurationError, match=error):
        FakeSMTP(**options)


@pytest.mark.parametrize("seconds", [-1, -0.5, float("nan"), "1", None, True])
def test_a_wrong_number_of_seconds(seconds: Any) -> None:  # noqa: ANN401
    """A time that is not a number from 0 is refused by every method that waits."""
    with FakeSMTP(ports={587: 0}) as smtp:
        for wait in (
            lambda: smtp.wait_for(timeout=seconds),
            lambda: smtp.wait_for_count(1, timeout=seconds),
            lambda: smtp.take(timeout=seconds),
            lambda: smtp.expect_none(within=seconds),
        ):
            with pytest.raises(ConfigurationError, match="must be a number of seconds from 0, not"):
                wait()
