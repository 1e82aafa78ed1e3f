"""The HTTP API of a running server, over real HTTP."""

from __future__ import annotations

import json
import smtplib
from base64 import b64encode
from contextlib import closing
from http.client import HTTPConnection
from typing import TYPE_CHECKING

import pytest
from http_api import Api, serving
from raw_client import PATIENCE, RawClient
from scenarios import KEYS

from fakesmtp import NoMatchingMessage, __version__
from fakesmtp.sessions.folder import RecordFolder

if TYPE_CHECKING:
    from pathlib import Path

INFO = "/api/fakesmtp/v1/info"
SESSIONS = "/api/fakesmtp/v1/sessions"
FAULTS = "/api/fakesmtp/v1/faults"
NEVER = {"where": "noop", "reply": "421 4.3.2 Going down"}
LATER = {"where": "rcpt", "reply": "451 4.7.1 Try later", "times": 1}


def test_info_and_liveness(api: Api) -> None:
    """`/api/…/info` returns version and ports; the liveness probe succeeds."""
    assert api.get("/livez").body == b"ok"
    info = api.get(INFO).json
    assert (info["name"], info["version"]) == ("fakesmtp", __version__)
    assert {each["port"]: each["local_port"] for each in info["listeners"]} == api.smtp.ports
    assert [each["tls"] for each in info["listeners"]] == [False, True]


def test_sessions_are_listed(api: Api) -> None:
    """The list has client, port, number of messages, refusals and ending."""
    sent, refused = api.send_message(), api.fail(b"RCPT TO:<x@example.com>")
    second, first = api.get(SESSIONS).json["sessions"]
    assert (first["id"], second["id"]) == (sent.id, refused.id)
    assert first["port"] == 587
    assert first["local_port"] == api.smtp.port(587)
    assert (first["app_key"], first["mail_type"], first["message_count"]) == ("AppKey", "normal", 1)
    assert (first["outcome"], first["first_refusal"]) == ("delivered", None)
    assert second["outcome"].startswith("refused: RCPT TO:<x@example.com> -> ")
    assert second["first_refusal"] == str(refused.refusals[0])
    assert second["end"]["closed_by"] == "quit"


def test_an_open_session_is_listed(api: Api) -> None:
    """A session that has not ended has no end."""
    with RawClient(api.smtp.port(587)) as client:
        client.read_reply()
        (session,) = api.get(SESSIONS).json["sessions"]
        assert (session["end"], session["duration"]) == (None, None)
        assert session["outcome"] == "still open"
        assert api.get(f"{SESSIONS}/{session['id']}").status == 200


def test_the_newest_are_first(api: Api) -> None:
    """Each page has the newest sessions that are left, and the cursor of the next page."""
    ids = [api.fail().id for _ in range(3)][::-1]
    assert api.get(SESSIONS).json["cursor"] is None
    page = api.get(f"{SESSIONS}?limit=2").json
    assert [each["id"] for each in page["sessions"]] == ids[:2]
    rest = api.get(f"{SESSIONS}?limit=2&cursor={page['cursor']}").json
    assert ([each["id"] for each in rest["sessions"]], rest["cursor"]) == (ids[2:], None)


def test_a_list_reads_no_events(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """The list and a failed wait use collected facts, however long a session is."""
    session = api.fail(*[b"RCPT TO:<x@example.com>"] * 50)
    monkeypatch.setattr(type(session), "events", property(lambda _: pytest.fail("read")))
    (listed,) = api.get(SESSIONS).json["sessions"]
    assert listed["refused"] == 50
    with pytest.raises(NoMatchingMessage) as failure:
        api.smtp.wait_for(timeout=0)
    assert str(failure.value).count("RCPT TO:<x@example.com> -> ") == 20
    assert "and 30 more" in str(failure.value)


def test_a_session_equals_its_file(api: Api) -> None:
    """The response and the file have the same bytes."""
    for session in (api.send_message(), api.fail(b"NOOP \xff\xc0", b"\x80\xed\xa0\x80")):
        (path,) = api.folder.glob(f"*_{session.id}_*")
        answer = api.get(f"{SESSIONS}/{session.id}.jsonl")
        assert answer.headers["content-type"] == "application/x-ndjson"
        assert answer.body == path.read_bytes()


def test_the_list_equals_that_of_the_folder(api: Api) -> None:
    """The API and the folder list the same facts of each session."""
    api.send_message()
    api.fail(b"RCPT TO:<x@example.com>", b"DATA")
    listed = api.get(SESSIONS).json["sessions"]
    files = RecordFolder(api.folder).list_sessions()
    assert listed[::-1] == [json.loads(json.dumps(file.as_json())) for file in files]


def test_no_response_contains_a_secret(tmp_path: Path) -> None:
    """No response contains a SecretKey, in plaintext or Base64, wherever the client sent it."""
    secret = b"s3cr3t-W0rd"
    login = b64encode(b"\0AppKey\0" + secret)
    with serving(tmp_path, ("AppKey", secret.decode())) as api:
        sessions = [
            api.fail(b"EHLO client", b"AUTH PLAIN " + login),
            api.fail(b"EHLO client", b"AUTH PLAIN " + login[:-4], b"NOOP " + secret, login),
            api.fail(b"EHLO client", b"AUTH LOGIN", b"QXBwS2V5", b64encode(secret)),
        ]
        paths = [INFO, SESSIONS, FAULTS, *(f"{SESSIONS}/{each.id}" for each in sessions)]
        shown = b"".join(api.get(path).body for path in paths)
    assert b"SecretKey=***" in shown
    assert [form for form in (secret, b64encode(secret), login, login[:-4]) if form in shown] == []


# -- faults ----------------------------------------------------------------------------------------


def test_faults_apply(api: Api) -> None:
    """A rule from PUT applies to a real client, and is counted."""
    assert api.ask("PUT", FAULTS, {"fault": [LATER]}).status == 200
    with smtplib.SMTP("127.0.0.1", api.smtp.port(587), timeout=PATIENCE) as client:
        client.login(*KEYS)
        with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
            client.sendmail("a@example.com", ["b@example.com"], "hello")
        client.sendmail("a@example.com", ["b@example.com"], "hello")
    assert refused.value.recipients["b@example.com"] == (451, b"4.7.1 Try later")
    (rule,) = api.get(FAULTS).json["faults"]
    assert (rule["applied"], rule["fault"]["where"]) == (1, "rcpt")
    assert rule["means"].startswith("At RCPT, once: ")


def test_faults_are_replaced(api: Api) -> None:
    """PUT removes all other rules; a rule that stays keeps its count."""
    api.smtp.faults.fail("noop")
    api.ask("PUT", FAULTS, {"fault": [LATER]})
    with RawClient(api.smtp.port(587)) as client:
        client.log_in()
        client.ask("MAIL FROM:<a@example.com>")
        assert client.ask("RCPT TO:<b@example.com>") == LATER["reply"]
    answer = api.ask("PUT", FAULTS, {"fault": [LATER, NEVER]})
    assert [each["applied"] for each in answer.json["faults"]] == [1, 0]
    assert [rule.where for rule in api.smtp.faults.rules] == ["rcpt", "noop"]


def test_faults_can_be_put_back(api: Api) -> None:
    """PUT accepts everything that GET returns: limits, seeds, headers and times of day."""
    table = {
        "seed": 7,
        "fault": [
            {"where": "mail", "what": "drop", "probability": 0.5, "between": ["02:00", "03:00"]},
            {"where": "end-of-data", "what": "lose-reply", "headers": {"X-A": "b*"}},
            {"where": "data-body", "what": "reset", "between": [0, 2.5], "nth": 1},
        ],
        "limits": {
            "messages-per-second": 5,
            "size": 100,
            "connections": 3,
            "recipients-per-message": 1,
        },
    }
    put = api.ask("PUT", FAULTS, table)
    assert put.status == 200
    rules = api.smtp.faults.rules
    words = [each["fault"] for each in put.json["faults"]]
    assert api.ask("PUT", FAULTS, {"fault": words}).status == 200
    assert api.smtp.faults.rules == rules
    assert len(rules) == 7


def test_faults_are_deleted(api: Api) -> None:
    """DELETE removes all rules."""
    api.smtp.faults.fail("noop")
    assert api.ask("DELETE", FAULTS)[::2] == (204, b"")
    assert api.get(FAULTS).json == {"faults": []}


@pytest.mark.parametrize(
    ("body", "status", "says"),
    [
        (b"", 400, "the body is not valid JSON: "),
        (b"{", 400, "the body is not valid JSON: "),
        (b"\xff\xfe\xff", 400, "the body is not valid JSON: "),
        (b"[" * 100_000, 400, "the body is not valid JSON: "),
        (b'{"fault": [{"where": "rcpt", "what": "delay", "seconds": NaN}]}', 400, "NaN is no"),
        (b" " * (5 * 1024 * 1024 + 1), 413, "larger than 5242880 bytes"),
        ([], 422, "must be a table, not []"),
        ({"faults": []}, 422, "'faults' is not a key; did you mean 'fault'?"),
        ({"fault": {}}, 422, "fault must be a list"),
        ({"fault": [NEVER, {"where": "mial"}]}, 422, "fault 2: where must be a stage, not 'mial'"),
        ({"fault": [{"where": "rcpt", "reply": "later"}]}, 422, "reply must be a code"),
        ({"fault": [{"where": ["rcpt"], "what": {}}]}, 422, "where must be"),
        ({"fault": [{"where": "rcpt", "what": "drop", "times": "1"}]}, 422, "times"),
        ({"fault": [NEVER | {"nth": 3, "every": 2}]}, 422, "fault 1: nth = 3 and every = 2 do no"),
        ({"limits": {"message_count": 1}}, 422, "message_count"),
    ],
)
def test_wrong_faults(api: Api, body: object, status: int, says: str) -> None:
    """Invalid rules are refused with a sentence, and the old rules stay."""
    before = api.smtp.faults.fail("noop").rule
    answer = api.ask("PUT", FAULTS, body)
    assert answer.status == status
    assert says in answer.json["detail"]
    assert api.smtp.faults.rules == (before,)


# -- what is refused -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path", "status", "says"),
    [
        ("GET", f"{SESSIONS}/nobody", 404, "session 'nobody' is not kept by this server"),
        ("GET", f"{SESSIONS}/..%2F..%2Fetc", 404, "there is nothing at "),
        ("GET", "/api/fakesmtp/v1/docs", 404, "there is nothing at /api/fakesmtp/v1/docs"),
        ("POST", f"{FAULTS}/1", 405, f"POST is not allowed at {FAULTS}/1"),
        ("OPTIONS", FAULTS, 405, f"OPTIONS is not allowed at {FAULTS}"),
        ("GET", f"{SESSIONS}?limit=0", 422, "limit: "),
        ("GET", f"{SESSIONS}?limit=all", 422, "limit: "),
    ],
)
def test_wrong_requests(api: Api, method: str, path: str, status: int, says: str) -> None:
    """An error is JSON with a sentence."""
    answer = api.ask(method, path)
    assert (answer.status, list(answer.json)) == (status, ["detail"])
    assert answer.json["detail"].startswith(says)


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        (FAULTS, "GET, HEAD, POST, PUT, DELETE"),
        (f"{FAULTS}/1", "GET, HEAD, PUT, DELETE"),
        ("/api/v1/messages", "GET, HEAD, PUT, DELETE"),
        ("/api/v1/send", "POST"),
        ("/static/page.css", "GET, HEAD"),
    ],
)
def test_a_method_that_is_not_allowed(api: Api, path: str, allowed: str) -> None:
    """The answer lists the methods of the path, of all its routes (RFC 9110 §15.5.6)."""
    answer = api.ask("PATCH", path)
    assert (answer.status, answer.headers["allow"]) == (405, allowed)


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "", "a@127.0.0.1", "8.8.8.8"])
def test_a_foreign_host_is_refused(api: Api, host: str) -> None:
    """A name that was made to resolve to this machine is refused."""
    answer = api.ask("GET", SESSIONS, None, Host=host)
    assert (answer.status, list(answer.json)) == (403, ["detail"])


def test_a_second_host_is_refused(api: Api) -> None:
    """It is not clear which of the two is meant, and a proxy may choose the other one."""
    with closing(HTTPConnection("127.0.0.1", api.http.port, timeout=PATIENCE)) as connection:
        connection.putrequest("GET", SESSIONS)
        connection.putheader("Host", "evil.example")
        connection.endheaders()
        assert connection.getresponse().status == 403


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST:1", "127.0.0.1", "127.0.0.2:80", "[::1]:8025"]
)
def test_a_host_of_the_loopback_is_served(api: Api, host: str) -> None:
    """All loopback names are allowed, also through a forwarded port."""
    assert api.ask("GET", SESSIONS, None, Host=host).status == 200


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:1", ""])
def test_a_page_of_another_origin_is_refused(api: Api, origin: str) -> None:
    """A page of another origin cannot read or set faults, and no CORS header allows it."""
    for method in ("GET", "PUT", "DELETE", "OPTIONS"):
        answer = api.ask(method, FAULTS, {"fault": [NEVER]}, Origin=origin)
        assert answer.status == 403
        assert [name for name in answer.headers if name.lower().startswith("access-control")] == []
    assert api.smtp.faults.rules == ()


def test_the_own_origin_is_served(api: Api) -> None:
    """A page of the server's own origin is allowed."""
    assert api.ask("GET", SESSIONS, None, Origin=api.http.url).status == 200


def test_internal_error_gives_no_traceback(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """The response to an internal error has no internal details."""
    monkeypatch.setattr("fakesmtp.session_list._number_of", lambda _: json.loads("SecretKey"))
    api.fail()
    answer = api.get(SESSIONS)
    assert answer.status == 500
    assert "this is a bug of fakesmtp (JSONDecodeError)" in answer.json["detail"]
    assert b"SecretKey" not in answer.body
