"""Where the parts of the HTTP server are."""

from __future__ import annotations

#: fakesmtp's own API.
OWN = "/api/fakesmtp/v1"
#: The API of Mailpit's clients.
MAILPIT = "/api/v1"
#: A message that is sent over HTTP: its body may be as large as a message.
SEND = f"{MAILPIT}/send"
