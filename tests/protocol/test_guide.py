"""The two transcripts in NHN's guide are followed exactly."""

from __future__ import annotations

import re

import pytest
from driver import Driver
from scenarios import GOLDEN


@pytest.mark.parametrize("name", ["auth-plain", "auth-login"])
def test_printed_transcript(name: str) -> None:
    """Every reply is as printed in the guide."""
    lines = (GOLDEN / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    ip = re.search(r"\[([\d.]+)\]", "\n".join(lines))
    assert ip
    driver = Driver(ip=ip[1])
    transcript = [f"S: {line}" for line in driver.take_replies()]
    for line in lines:
        if line.startswith("C: "):
            transcript.append(line)
            replies = driver.send(line[3:].encode() + b"\r\n")
            transcript += [f"S: {reply}" for reply in replies]
    assert transcript == lines


def test_ipv6_address_in_the_reply_to_ehlo() -> None:
    """The reply to EHLO has the address of an IPv6 client in brackets."""
    driver = Driver(ip="2001:db8::1")
    driver.take_replies()
    first, *_ = driver.send(b"EHLO a\r\n")
    assert first == "250-smtp-mail.nhncloudservice.com Hello a [2001:db8::1])"
