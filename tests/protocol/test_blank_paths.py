"""Blanks inside the brackets of MAIL and RCPT, as in the endpoint's software."""

from __future__ import annotations

import pytest
from driver import Driver

from fakesmtp.protocol.policy import Policy

BAD_SENDER = "501 5.1.7 Syntax error in sender address"
BAD_RECIPIENT = "553 5.1.3 Syntax error in recipient address"
REPEATED_WORD = "451 Unable to process request"

#: By path: the replies to MAIL and to RCPT.
PATHS = {
    "<>": ("250 2.1.0 Sender <> OK", BAD_RECIPIENT),
    "<@>": ("250 2.1.0 Sender <> OK", BAD_RECIPIENT),
    "< >": (BAD_SENDER, BAD_RECIPIENT),
    "<\t>": (BAD_SENDER, BAD_RECIPIENT),
    "<   >": (BAD_SENDER, BAD_RECIPIENT),
    "< @>": (BAD_SENDER, BAD_RECIPIENT),
    "<@ >": (BAD_SENDER, BAD_RECIPIENT),
    "< a>": ("250 2.1.0 Sender <a@localhost> OK", "250 2.1.5 Recipient <a@localhost> OK"),
    "<a >": (BAD_SENDER, BAD_RECIPIENT),
    "< a@C.com >": ("250 2.1.0 Sender <a@c.com> OK", "250 2.1.5 Recipient <a@c.com> OK"),
    "<\ta@c.com\t>": ("250 2.1.0 Sender <a@c.com> OK", "250 2.1.5 Recipient <a@c.com> OK"),
    "<   a@c.com>": ("250 2.1.0 Sender <a@c.com> OK", REPEATED_WORD),
    "<a @c.com>": (BAD_SENDER, BAD_RECIPIENT),
    "<a@ c.com>": (BAD_SENDER, BAD_RECIPIENT),
}


@pytest.mark.parametrize("path", PATHS)
def test_blanks_inside_a_path(path: str) -> None:
    """Only `<>` and `<@>` are the null sender; blanks around an address are ignored."""
    driver = Driver(Policy(auth_required_at="never"))
    driver.send(b"EHLO a\r\n")
    to_mail, to_rcpt = PATHS[path]
    assert driver.send(f"MAIL FROM:{path}\r\n".encode()) == [to_mail]
    driver.send(b"RSET\r\nMAIL FROM:<a@b.c>\r\n")
    assert driver.send(f"RCPT TO:{path}\r\n".encode()) == [to_rcpt]


def test_refused_blank_sender_is_not_the_null_sender() -> None:
    """After a refused `MAIL FROM:< >` there is no sender: RCPT is refused, MAIL is accepted."""
    driver = Driver()
    driver.send(b"EHLO a\r\nMAIL FROM:< >\r\n")
    assert driver.send(b"RCPT TO:<b@c.d>\r\n") == ["503 5.5.0 Need MAIL before RCPT"]
    assert driver.send(b"MAIL FROM:<>\r\n") == ["250 2.1.0 Sender <> OK"]
