"""What servers share while their database is away."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING

import postgres
import pytest
from http_api import serving
from scenarios import KEYS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from http_api import Api

    from fakesmtp import Session

OWN = "/api/fakesmtp/v1"


@pytest.fixture
def database() -> Iterator[postgres.Server]:
    """Return a server of PostgreSQL that only one test uses, to stop it."""
    postgres.find_programs()
    server = postgres.Server.make()
    yield server
    server.remove()


def attempt(api: Api, keys: tuple[str, str]) -> tuple[Session, list[str]]:
    """Log in with PLAIN, send MAIL and RCPT; return the session and its notes."""
    response = b64encode("\0".join(("", *keys)).encode())
    session = api.fail(
        b"EHLO client.example",
        b"AUTH PLAIN " + response,
        b"MAIL FROM:<a@example.com>",
        b"RCPT TO:<b@example.com>",
    )
    return session, [event.text for event in session.events if event.kind == "note"]


def codes(session: Session) -> list[tuple[str, int]]:
    """Return the verbs of refused commands with their codes."""
    return [(each.command.partition(" ")[0], each.reply.code) for each in session.refusals]


def test_database_is_away(database: postgres.Server, tmp_path: Path) -> None:
    """Logins that must be looked up fail for a time, rules with counters do not apply; both say so.

    Everything else goes on, and works again by itself when the database is back.
    """
    with serving(tmp_path, store=database.url("postgres")) as api:
        answer = api.ask("POST", f"{OWN}/accounts").json
        issued = answer["app_key"], answer["secret_key"]
        for rule in (
            {"where": "mail", "reply": "450 4.2.0 always"},
            {"where": "rcpt", "reply": "550 5.1.1 counted", "times": 1, "name": "once"},
        ):
            assert api.ask("POST", f"{OWN}/faults", rule).status == 201
        database.stop("immediate")

        session, notes = attempt(api, issued)
        assert codes(session)[0] == ("AUTH", 451)
        assert any(
            each.startswith("refused because the account could not be looked up: cannot ask")
            for each in notes
        )
        assert issued[1] not in session.transcript()

        session, notes = attempt(api, KEYS)
        assert session.login is not None
        assert codes(session) == [("MAIL", 450), ("RCPT", 503)]
        left_out = "planned faults that must be counted were not applied: once; cannot ask"
        assert [each.startswith(left_out) for each in notes if "planned" in each] == [True]

        assert api.ask("POST", f"{OWN}/accounts").status == 503
        assert api.get(f"{OWN}/faults").status == 503

        database.start()
        session, notes = attempt(api, issued)
        assert session.login is not None
        assert codes(session) == [("MAIL", 450), ("RCPT", 550)]
        assert [each["applied"] for each in api.get(f"{OWN}/faults").json["faults"]] == [1, 1]
