"""The words of searches, for the help panel: examples, and what they mean."""

from __future__ import annotations

#: Examples (separated by blanks) and a text of the catalogue.
SEARCH_WORDS = (
    ("광고 -verify", "words anywhere; without a word"),
    ("from: to: cc: bcc: reply-to: addressed:", "addresses and names of the headers"),
    ("rcpt:", "recipients of the envelope"),
    ("subject: body:", "the subject; the text"),
    ("type:normal type:auth type:ad", "mail type"),
    ("is:unread is:read is:tagged", "state"),
    ("tag:", "a tag"),
    ("has:attachment has:inline", "files"),
    ("appkey: session: port:587", "AppKey, session and port"),
    ("tls:none tls:1.2 tls:1.3", "TLS version"),
    ("header:x-id=abc message-id:", "a header field; the Message-ID"),
    ("after:2026-11-27 before:2026-11-27T09:30", "time of arrival"),
    ("larger:1M smaller:20k", "size"),
    ("finding: fault:", "a finding; a planned fault that was applied"),
)
