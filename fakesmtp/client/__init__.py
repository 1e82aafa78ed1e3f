"""A client of a running fakesmtp, over HTTP: the same verbs as `FakeSMTP`, for any process.

    with FakeSMTPClient("http://127.0.0.1:8025") as smtp:
        inbox = smtp.new_account()
        ...  # your program logs in with inbox.account, at inbox.address(587)
        message = inbox.wait_for(subject="Welcome")

It needs httpx: `pip install 'fakesmtp[client]'`.
"""

from __future__ import annotations

from fakesmtp.client.client import FakeSMTPClient

__all__ = ["FakeSMTPClient"]
