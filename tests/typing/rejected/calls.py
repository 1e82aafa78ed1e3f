"""Calls that type checkers reject: the comment of each line names the rule of each checker.

Nothing here is run. `test_typing.py` compares these comments with what mypy and pyright print.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fakesmtp import FakeSMTP
from fakesmtp.server import engine_of

if TYPE_CHECKING:
    from pytest_fakesmtp import FakeSMTPView, MarkerOptions
    from pytest_fakesmtp.servers import Factory

    from fakesmtp import AccountView, FaultScript, ServerOptions


def conditions(smtp: FakeSMTP, view: FakeSMTPView, account: AccountView) -> None:
    """Pass unknown conditions and wrong values."""
    smtp.wait_for(recipient="x")  # mypy: call-arg; pyright: reportCallIssue
    smtp.wait_for(mail_type="promo")  # mypy: arg-type; pyright: reportArgumentType
    smtp.wait_for(to=5)  # mypy: arg-type; pyright: reportArgumentType
    smtp.wait_for(port="587")  # mypy: arg-type; pyright: reportArgumentType
    smtp.take(recipient="x")  # mypy: call-arg; pyright: reportCallIssue
    smtp.expect_none(headers="X-Id")  # mypy: arg-type; pyright: reportArgumentType
    view.wait_for(recipient="x")  # mypy: call-arg; pyright: reportCallIssue
    view.wait_for_count(2, mail_type="promo")  # mypy: arg-type; pyright: reportArgumentType
    view.take(sender=b"a@example.com")  # mypy: arg-type; pyright: reportArgumentType
    view.expect_none(subjct="Hi")  # mypy: call-arg; pyright: reportCallIssue
    account.wait_for(recipient="x")  # mypy: call-arg; pyright: reportCallIssue
    account.wait_for_count(2, recipient="x")  # mypy: call-arg; pyright: reportCallIssue


async def waiting(smtp: FakeSMTP, view: FakeSMTPView) -> None:
    """Pass the same to the async methods."""
    await smtp.wait_for_async(recipient="x")  # mypy: call-arg; pyright: reportCallIssue
    await view.wait_for_async(mail_type="promo")  # mypy: arg-type; pyright: reportArgumentType
    await view.expect_none_async(recipient="x")  # mypy: call-arg; pyright: reportCallIssue


def options(smtp: FakeSMTP, make_fakesmtp: Factory) -> None:
    """Pass unknown options and wrong values."""
    FakeSMTP(acounts="any")  # mypy: call-arg; pyright: reportCallIssue
    FakeSMTP(accounts="all")  # mypy: arg-type; pyright: reportArgumentType
    FakeSMTP(accounts=["a"])  # mypy: list-item; pyright: reportArgumentType
    FakeSMTP(accounts=("key", "secret"))  # mypy: arg-type; pyright: reportArgumentType
    FakeSMTP(ports=587)  # mypy: arg-type; pyright: reportArgumentType
    FakeSMTP(port={587: 0})  # mypy: call-arg; pyright: reportCallIssue
    FakeSMTP(require_tls="yes")  # mypy: arg-type; pyright: reportArgumentType
    FakeSMTP(unknown_mail_type="refused")  # mypy: arg-type; pyright: reportArgumentType
    engine_of(smtp).terms_for(None, requre_tls=True)  # mypy: call-arg; pyright: reportCallIssue
    make_fakesmtp(acounts="any")  # mypy: call-arg; pyright: reportCallIssue


def faults(script: FaultScript, view: FakeSMTPView, account: AccountView) -> None:
    """Pass unknown stages, kinds and options, and options of other kinds."""
    account.fail("rcp", too="x")  # mypy: arg-type; mypy: call-arg; pyright: reportCallIssue
    account.fail("rcpt", too="x")  # mypy: call-arg; pyright: reportCallIssue
    script.fail("rcp", too="x")  # mypy: arg-type; mypy: call-arg; pyright: reportCallIssue
    script.fail("rcp")  # mypy: arg-type; pyright: reportArgumentType
    script.fail("rcpt", too="x")  # mypy: call-arg; pyright: reportCallIssue
    script.fail("rcpt", seconds=1)  # mypy: call-arg; pyright: reportCallIssue
    script.delay("data")  # mypy: call-arg; pyright: reportCallIssue
    script.delay("data", seconds="1")  # mypy: arg-type; pyright: reportArgumentType
    script.fault("rcpt", "dropp")  # mypy: arg-type; pyright: reportArgumentType
    script.fault("rcpt", "drop", mail_type="promo")  # mypy: arg-type; pyright: reportArgumentType
    script.limit("messages", 5)  # mypy: arg-type; pyright: reportArgumentType
    view.fail("rcp")  # mypy: arg-type; pyright: reportArgumentType
    view.delay("data", seconds=1, tims=2)  # mypy: call-arg; pyright: reportCallIssue
    view.fault("tls-handshake", certificate="old")  # mypy: arg-type; pyright: reportArgumentType


def helpers(smtp: FakeSMTP, view: FakeSMTPView) -> None:
    """Pass an unknown mail type and a wrong port."""
    smtp.account.username("promo")  # mypy: arg-type; pyright: reportArgumentType
    view.address("587")  # mypy: arg-type; pyright: reportArgumentType
    smtp.env(format="xml")  # mypy: call-overload; pyright: reportArgumentType
    view.env(mail_type="promo")  # mypy: call-overload; pyright: reportArgumentType


# An option of the marker that does not exist, and a value that it cannot have.
ONE: MarkerOptions = {"tls": True}  # mypy: typeddict-unknown-key; pyright: reportAssignmentType
TWO: MarkerOptions = {"require_tls": 5}  # mypy: typeddict-item; pyright: reportAssignmentType

# The same for the fixture `fakesmtp_options`.
THREE: ServerOptions = {"tls": 1}  # mypy: typeddict-unknown-key; pyright: reportAssignmentType
FOUR: ServerOptions = {"ports": 587}  # mypy: typeddict-item; pyright: reportAssignmentType
