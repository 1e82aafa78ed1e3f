"""Fault rules that are set at one server, at all servers with the same store."""

from __future__ import annotations

import smtplib
import ssl
from concurrent.futures import ThreadPoolExecutor
from secrets import token_hex
from typing import TYPE_CHECKING, Any

import postgres
import pytest
from raw_client import PATIENCE, RawClient
from scenarios import KEYS

from fakesmtp import FaultScript
from fakesmtp.faults.making import make_rule
from fakesmtp.server import engine_of
from fakesmtp.storage.updates import UpdateKind

if TYPE_CHECKING:
    from collections.abc import Callable

    from http_api import Api

    Start = Callable[..., Api]

OWN = "/api/fakesmtp/v1"
FAULTS = f"{OWN}/faults"
NO = "550 5.1.1 no"


def add(api: Api, **rule: object) -> dict[str, Any]:
    """Add a rule over the API; return what the server tells about it."""
    answer = api.ask("POST", FAULTS, rule)
    assert answer.status == 201, answer.body
    return answer.json


def listed(api: Api) -> list[tuple[int, int]]:
    """Return id and count of each rule that a server lists."""
    return [(each["id"], each["applied"]) for each in api.get(FAULTS).json["faults"]]


def rcpt(api: Api, to: str = "to@example.com") -> int:
    """Log in and send MAIL and RCPT; return the code of the reply to RCPT."""
    with smtplib.SMTP("127.0.0.1", api.smtp.port(587), timeout=PATIENCE) as client:
        client.login(*KEYS)
        client.mail("from@example.com")
        return client.rcpt(to)[0]


def test_rules_are_in_force_everywhere(start: Start) -> None:
    """A rule applies at every server, also at one that starts later; all list the same."""
    one, other = start(), start()
    rule = add(one, where="rcpt", reply=NO, to="to@*")
    while rcpt(other) != 550:
        """Another server learns of a rule some milliseconds later."""
    assert rcpt(other, "else@example.com") == 250
    later = start()
    assert rcpt(later) == 550
    assert rcpt(one) == 550
    for api in (one, other, later):
        (seen,) = api.get(FAULTS).json["faults"]
        assert {**seen, "applied": 0} == rule
        assert seen["applied"] == 3


def test_third_time_of_all_servers(start: Start) -> None:
    """`nth = 3` is applied the third time, whichever server is asked."""
    one, other = start(), start()
    rule = add(one, where="rcpt", reply=NO, nth=3)
    assert listed(other) == [(rule["id"], 0)]
    assert [rcpt(api) for api in (one, other, other, one)] == [250, 250, 550, 250]
    assert listed(one) == listed(other) == [(rule["id"], 1)]


def test_counters_are_exact_under_load(start: Start) -> None:
    """Clients of two servers at the same time get a limited fault exactly as often as it says."""
    servers = start(), start()
    add(servers[0], where="rcpt", reply=NO, times=7)
    add(servers[1], where="rcpt", reply="450 4.2.0 later", every=2)
    assert listed(servers[0]) == listed(servers[1])
    with ThreadPoolExecutor(8) as pool:
        codes = list(pool.map(rcpt, servers * 15))
    # The second rule counts what the first one leaves: 23.
    assert [codes.count(code) for code in (550, 450, 250)] == [7, 11, 12]
    assert [applied for _, applied in listed(servers[0])] == [7, 11]


@pytest.mark.parametrize(
    ("options", "codes"),
    [
        ({"after": 2}, [250, 250, 550, 550]),
        ({"times": 1, "per": "recipient"}, [550, 250, 250, 250]),
        ({"probability": 1, "seed": 1}, [550, 550, 550, 550]),
        ({"between": [0, 3600]}, [550, 550, 550, 550]),
        ({"between": [3600, 7200]}, [250, 250, 250, 250]),
        ({"nth": 1, "per": "session"}, [550, 550, 550, 550]),
    ],
)
def test_schedules_of_shared_rules(
    start: Start, options: dict[str, object], codes: list[int]
) -> None:
    """Every schedule counts the moments of all servers."""
    one, other = start(), start()
    add(one, where="rcpt", reply=NO, **options)
    assert len(listed(other)) == 1
    assert [rcpt(api) for api in (one, other, one, other)] == codes


def test_counters_of_sessions_end_with_them(start: Start, url: str) -> None:
    """Counters for each session are removed after it, and those of others stay."""
    api = start()
    add(api, where="rcpt", reply=NO, nth=2, per="session")
    add(api, where="rcpt", reply=NO, nth=2)
    with RawClient(api.smtp.port(587)) as client:
        client.log_in()
        client.ask("MAIL FROM:<a@example.com>")
        assert client.ask("RCPT TO:<b@example.com>").startswith("250")
        assert postgres.execute(url, "SELECT count(*) FROM fault_counts") == [(2,)]
    while postgres.execute(url, "SELECT key, number FROM fault_counts") != [("", 1)]:
        """The server removes counters once a second."""


def test_long_and_strange_keys(start: Start) -> None:
    """A counter for each recipient works for an address that no index takes."""
    one, other = start(), start()
    add(one, where="rcpt", reply=NO, times=1, per="recipient")
    assert len(listed(other)) == 1
    long = token_hex(2500)  # random: PostgreSQL would compress other text
    for name in (long, long[1:], "a\0b", "a\x7fb"):
        line = f"RCPT TO:<{name}@example.com>".encode()
        with RawClient(one.smtp.port(587)) as client:
            client.log_in()
            client.ask("MAIL FROM:<a@example.com>")
            replies = []
            for _ in range(2):
                client.send(line + b"\r\n")
                replies.append(client.read_reply())
        assert replies[0] == NO
        assert replies[1] != NO


def test_rate_limit_of_all_servers(start: Start, url: str) -> None:
    """A limit per second counts the transactions of all servers."""
    one, other = start(), start()
    table = {"limits": {"messages-per-second": {"n": 1}}}
    assert one.ask("PUT", FAULTS, table).status == 200
    assert len(listed(other)) == 1
    with RawClient(one.smtp.port(587)) as first, RawClient(other.smtp.port(587)) as second:
        for client in (first, second):
            client.log_in()
        assert first.ask("MAIL FROM:<a@example.com>").startswith("250")
        # The second in which it passed lasts to the end of the test.
        postgres.execute(url, "UPDATE fault_counts SET passed = ARRAY[passed[1] + 3600]")
        assert second.ask("MAIL FROM:<a@example.com>").startswith("4")


def test_rules_are_switched_changed_and_removed_everywhere(start: Start) -> None:
    """What one server does to a rule of another applies to both at once."""
    one, other = start(), start()
    number = add(one, where="rcpt", reply=NO, nth=1)["id"]
    assert listed(other) == [(number, 0)]
    assert rcpt(other) == 550
    changed = {"where": "rcpt", "reply": "450 4.2.0 later", "nth": 1}
    assert other.ask("PUT", f"{FAULTS}/{number}", changed).json["applied"] == 0
    assert listed(one) == [(number, 0)]
    assert [rcpt(one), rcpt(other)] == [450, 250]
    assert other.ask("DELETE", f"{FAULTS}/{number}").status == 204
    assert one.ask("DELETE", f"{FAULTS}/{number}").status == 404
    add(other, where="rcpt", reply=NO)
    assert one.ask("DELETE", FAULTS).status == 204
    assert listed(other) == []
    assert rcpt(other) == 250


@pytest.mark.parametrize("is_removed", [True, False])
def test_server_that_has_not_read_a_change_yet(start: Start, *, is_removed: bool) -> None:
    """The store decides: a rule that is removed or off is not applied by any server."""
    one, other = start(), start()
    number = add(one, where="rcpt", reply=NO)["id"]
    assert listed(other) == [(number, 0)]
    known = other.smtp.faults._shared
    sharing = engine_of(one.smtp).sharing
    assert sharing is not None
    (rule,) = sharing.faults.rules
    if is_removed:
        sharing.faults.remove(rule)
    else:
        sharing.faults.switch(rule, on=False)
    assert listed(other) == []
    other.smtp.faults._share(known, other.smtp.faults._ask)
    assert rcpt(other) == 250


def test_rule_is_switched_on_again(start: Start) -> None:
    """A rule that was off is in force everywhere when it is switched on, with its counters."""
    one, other = start(), start()
    number = add(one, where="rcpt", reply=NO, nth=2)["id"]
    assert rcpt(one) == 250
    sharing = engine_of(other.smtp).sharing
    assert sharing is not None
    (rule,) = sharing.faults.rules
    for is_on in (False, True):
        sharing.faults.switch(rule, on=is_on)
        assert sharing.faults.planned == ((rule, is_on),)
    assert listed(one) == [(number, 0)]
    assert rcpt(other) == 550


def test_replaced_rules_keep_their_counters(start: Start) -> None:
    """Of the rules that are set together, those that were there keep number and counters."""
    one, other = start(), start()
    kept = add(one, where="rcpt", reply=NO, nth=2)
    add(one, where="mail", reply="450 4.2.0 later")
    one.ask("DELETE", f"{FAULTS}/{kept['id'] + 1}")
    assert rcpt(one) == 250
    table = {"fault": [{"where": "noop", "reply": "451 4.0.0 no"}, kept["fault"]]}
    answer = other.ask("PUT", FAULTS, table).json["faults"]
    assert [each["id"] for each in answer] == [answer[0]["id"], kept["id"]]
    assert [each["id"] for each in one.get(FAULTS).json["faults"]] == [
        each["id"] for each in answer
    ]
    assert rcpt(other) == 550


def test_rules_of_a_server_stay_its_own(start: Start) -> None:
    """Rules of a file or of Python are in force at one server, and come before shared ones."""
    own = FaultScript([make_rule({"where": "rcpt", "reply": "450 4.2.0 mine", "times": 1})])
    one, other = start(faults=own), start()
    shared = add(one, where="rcpt", reply=NO)
    assert listed(one) == [(1, 0), (shared["id"], 0)]
    assert listed(other) == [(shared["id"], 0)]
    assert [rcpt(one), rcpt(one), rcpt(other)] == [450, 550, 550]
    table = {"fault": [one.get(f"{FAULTS}/1").json["fault"]]}
    assert one.ask("PUT", FAULTS, table).json["faults"][0]["applied"] == 1
    assert listed(other) == []
    assert one.ask("DELETE", FAULTS).status == 204
    assert listed(one) == []


def test_accounts_replace_their_own_rules(start: Start) -> None:
    """An account's rules are replaced and removed without those of others."""
    one, other = start(), start()
    rest = add(one, where="noop", reply="451 4.0.0 no")
    for api in (one, other):
        mine = [{"where": "rcpt", "reply": NO}]
        assert api.ask("PUT", f"{FAULTS}?app_key={KEYS[0]}", {"fault": mine}).status == 200
    assert [each["fault"].get("app_key") for each in one.get(FAULTS).json["faults"]] == [
        None,
        KEYS[0],
    ]
    keys = one.ask("POST", f"{OWN}/accounts").json["app_key"]
    other.ask("POST", f"{FAULTS}?app_key={keys}", {"where": "rcpt", "reply": NO})
    assert len(listed(one)) == 3
    assert one.ask("DELETE", f"{OWN}/accounts/{keys}").status == 204
    assert len(listed(other)) == 2
    assert other.ask("DELETE", f"{FAULTS}?app_key={KEYS[0]}").status == 204
    assert listed(one) == [(rest["id"], 0)]


def test_events_of_all_servers(start: Start) -> None:
    """Every server tells of the rules that another one sets and applies, with their count."""
    one, other = start(), start()
    updates = engine_of(one.smtp).archive.store.updates
    cursor = updates.cursor
    number = add(other, where="rcpt", reply=NO)["id"]
    assert rcpt(other) == 550
    found: list[tuple[UpdateKind, tuple[str, ...]]] = []
    while (UpdateKind.FAULTS_APPLIED, (str(number),)) not in found:
        assert updates.wait(cursor, timeout=PATIENCE)
        batch = updates.since(cursor)
        found += [(each.kind, each.ids) for each in batch.updates]
        cursor = batch.cursor
    assert (UpdateKind.FAULTS_CHANGED, (str(number),)) in found
    assert listed(one) == [(number, 1)]


@pytest.mark.parametrize("where", ["connect", "greeting", "ehlo", "auth", "mail", "data", "any"])
def test_every_stage_waits_for_the_counter(start: Start, where: str) -> None:
    """A counted rule that does not apply yet changes nothing, at any stage."""
    api = start()
    add(api, where=where, what="delay", seconds=0.001, nth=2)
    assert len(listed(api)) == 1
    for _ in range(2):
        session = api.send_message()
        assert session.refusals == ()
    assert len(api.smtp.messages) == 2
    assert listed(api)[0][1] == 1


@pytest.mark.parametrize("where", ["data-body", "end-of-data"])
def test_message_waits_for_the_counter(start: Start, where: str) -> None:
    """Message data that arrives at once is complete, although rules about it are asked for."""
    api = start()
    add(api, where=where, what="delay", seconds=0.001, nth=2)
    assert len(listed(api)) == 1
    for number in range(2):
        with RawClient(api.smtp.port(587)) as client:
            client.log_in()
            client.send(
                b"MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.com>\r\nDATA\r\n"
                b"Subject: x\r\n\r\n%d\r\n.\r\nQUIT\r\n" % number
            )
            client.read_to_end()
        api.take_session()
    assert [each.raw[-3:-2] for each in api.smtp.messages] == [b"0", b"1"]
    assert listed(api)[0][1] == 1


def test_starttls_waits_for_the_counter(start: Start) -> None:
    """A handshake begins after rules about it were asked for; a bad certificate is counted."""
    api = start()
    add(api, where="tls-handshake", what="bad-certificate", certificate="expired", nth=2)
    assert len(listed(api)) == 1
    for is_good in (True, False):
        with smtplib.SMTP("127.0.0.1", api.smtp.port(587), timeout=PATIENCE) as client:
            if is_good:
                client.starttls(context=api.smtp.client_context())
                client.login(*KEYS)
            else:
                with pytest.raises(ssl.SSLCertVerificationError, match="expired"):
                    client.starttls(context=api.smtp.client_context())
                client.sock.close()
    with RawClient(api.smtp.port(465), api.smtp.client_context()) as client:
        assert client.read_reply().startswith("220")


def test_rule_of_a_newer_server_is_left_out(start: Start, url: str) -> None:
    """A rule that this version does not know is not in force; everything else works."""
    one = start()
    number = add(one, where="rcpt", reply=NO)["id"]
    postgres.execute(
        url,
        "INSERT INTO fault_rules (place, rule, began) "
        """VALUES (9, '{"where": "rcpt", "what": "teleport"}', 0)""",
    )
    later = start()
    assert listed(one) == listed(later) == [(number, 0)]
    assert rcpt(later) == 550
