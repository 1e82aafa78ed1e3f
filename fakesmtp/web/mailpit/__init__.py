"""The HTTP API that Mailpit's clients use, below `/api/v1`."""
