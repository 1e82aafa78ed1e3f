"""The words of searches, for the help panel: examples, and what they mean."""

from __future__ import annotations

from fakesmtp.web.pages.texts import later

#: Examples (separated by blanks) and a text of the catalogue.
SEARCH_WORDS = (
    ("광고 -verify", later("words anywhere; without a word")),
    ("from: to: cc: bcc: reply-to: addressed:", later("addresses and names of the headers")),
    ("rcpt:", later("recipients of the envelope")),
    ("subject: body:", later("the subject; the text")),
    ("type:normal type:auth type:ad", later("mail type")),
    ("is:unread is:read is:tagged", later("state")),
    ("tag:", later("a tag")),
    ("has:attachment has:inline", later("files")),
    ("appkey: session: port:587", later("AppKey, session and port")),
    ("tls:none tls:1.2 tls:1.3", later("TLS version")),
    ("header:x-id=abc message-id:", later("a header field; the Message-ID")),
    ("after:2026-11-27 before:2026-11-27T09:30", later("time of arrival")),
    ("larger:1M smaller:20k", later("size")),
    ("finding: fault:", later("a finding; a planned fault that was applied")),
)
SESSION_WORDS = (
    ("535 -timeout", later("words of the outcome, the client, the reason")),
    ("is:refused is:open", later("state")),
    ("has:message has:tls", later("what there was")),
    ("refusal:", later("the first refusal")),
    ("type:normal type:auth type:ad", later("mail type")),
    ("appkey: port:587", later("AppKey and port")),
    ("after:2026-11-27 before:2026-11-27T09:30", later("time of the connect")),
)
