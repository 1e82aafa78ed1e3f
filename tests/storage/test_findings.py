"""Findings in a store: when messages are checked, searches with `finding:`, persistence."""

from __future__ import annotations

import smtplib
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from made_records import make_record, make_session
from sqlalchemy import select

from fakesmtp import FakeSMTP
from fakesmtp.findings import MessageRule, Rules, SessionRule, hit
from fakesmtp.protocol.credentials import MailType
from fakesmtp.server import engine_of
from fakesmtp.storage.base import all_messages
from fakesmtp.storage.language import parse_query
from fakesmtp.storage.sql import tables
from fakesmtp.storage.sql.checker import check_some
from fakesmtp.storage.sqlite.store import SqliteStore
from fakesmtp.storage.updates import UpdateKind

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from fakesmtp.findings import Finding, Hit, MessageReading
    from fakesmtp.storage.base import Store

LONG = 30.0  # seconds; a test that waits so long has failed
AD = "Subject: [광고] 세일\r\n\r\n본문\r\n"


def find_shouting(message: MessageReading) -> Iterator[Hit]:
    """Yield a hit for a subject in capital letters."""
    if message.subject.isupper():
        yield hit(message.at_field(message.field("subject")), subject=message.subject)


def make_rules(levels: dict[str, str] | None = None) -> Rules:
    """Return two own rules: one about messages, one about sessions."""
    common = {"certainty": "advice", "source": "our style guide", "text_ko": "아니요"}
    return Rules(
        levels,
        [
            MessageRule(
                id="shouting",
                severity="warning",
                text="{subject} is too loud",
                check=find_shouting,
                **common,
            ),
            SessionRule(
                id="any-session",
                severity="info",
                text="this is a session",
                check=lambda _: [hit()],
                **common,
            ),
        ],
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return the path of a store."""
    return tmp_path / "messages.db"


def check_all(store: SqliteStore, rules: Rules) -> None:
    """Check everything in this thread."""
    while check_some(store, rules):
        pass


def found(store: Store, text: str) -> set[str]:
    """Return the ids that a search finds."""
    return {row.record.id for row in all_messages(store, parse_query(text))}


@pytest.mark.parametrize("kind", ["memory", "file"])
def test_findings_are_searched_after_the_reply(kind: str, path: Path) -> None:
    """Searches find messages by the rules and severities of their findings and sessions."""
    store = f"sqlite:///{path}" if kind == "file" else None
    with FakeSMTP(store=store) as smtp:
        mailbox = engine_of(smtp).mailbox
        for mail_type in ("ad", "normal"):
            with smtplib.SMTP(smtp.host, smtp.port(587)) as client:
                client.login(smtp.account.username(mail_type), smtp.account.secret_key)
                client.sendmail("a@example.com", ["b@example.com"], AD.encode())
        (row,) = mailbox.wait(parse_query("finding:ad-subject"), since=0, timeout=LONG)
        assert row.record.login.mail_type is MailType.AD
        both = mailbox.wait(parse_query("finding:auth-plain"), since=0, count=2, timeout=LONG)
        assert len(both) == 2
        assert found(mailbox.store, "finding:error") >= {row.record.id}
        assert found(mailbox.store, "finding:no-such-rule") == set()
        message = mailbox.get(row.record.id)
        assert mailbox.store.findings(message.id) == message.findings
        session = mailbox.store.session_findings(message.session_id)
        assert session == message.session.findings
        assert "auth-plaintext" in [each.rule for each in session]


def test_next_run_checks_unchecked_messages(path: Path) -> None:
    """Messages that were not checked before the process ended are checked by the next one."""
    record = make_record("Subject: LOUD\r\n\r\n", session_id="s1")
    with closing(SqliteStore(path)) as store:
        store.add(record).result(LONG)
        assert store.findings(record.id) is None
        assert store.describe()["unchecked"] == 1
    with closing(SqliteStore(path)) as store:
        cursor = store.updates.cursor
        store.check_with(make_rules())
        assert store.updates.wait(cursor, LONG)
        (update,) = store.updates.since(cursor).updates
        assert (update.kind, update.ids) == (UpdateKind.MESSAGES_CHECKED, (record.id,))
        (finding,) = store.findings(record.id)
    assert (finding.rule, finding.text, str(finding.where)) == (
        "shouting",
        "LOUD is too loud",
        "Subject, line 1",
    )
    assert store.describe()["unchecked"] == 0


def test_other_rules_check_again(path: Path) -> None:
    """Other rules replace the findings of earlier rules; the same rules check nothing again."""
    record = make_record("Subject: LOUD\r\n\r\n")

    def severities(rules: Rules) -> list[str]:
        with closing(SqliteStore(path)) as store:
            cursor = store.updates.cursor
            store.check_with(rules)
            store.updates.wait(cursor, LONG)
            return [each.severity.value for each in store.findings(record.id)]

    with closing(SqliteStore(path)) as store:
        store.add(record).result(LONG)
    assert severities(make_rules()) == ["warning"]
    assert severities(make_rules({"shouting": "error"})) == ["error"]
    assert severities(make_rules({"shouting": "off"})) == []
    with closing(SqliteStore(path)) as store:
        assert store.describe()["unchecked"] == 0
        store.check_with(make_rules())
        store.add(make_record()).result(LONG)
        assert store.updates.wait(store.updates.cursor, LONG)


def test_failing_rule_is_reported(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A message whose check fails has no findings, and the other messages are checked."""

    def fail(message: MessageReading) -> list[Hit]:
        return [1 / 0] if message.subject == "bad" else [hit()]

    rule = MessageRule(
        id="failing", severity="info", certainty="advice", source="us", text="x", text_ko="x",
        check=fail,
    )  # fmt: skip
    bad, good = make_record("Subject: bad\r\n\r\n"), make_record("Subject: good\r\n\r\n")
    with closing(SqliteStore(path)) as store:
        for record in (bad, good):
            store.add(record).result(LONG)
        check_all(store, Rules({}, [rule]))
        assert store.findings(bad.id) == ()
        assert len(store.findings(good.id)) == 1
    assert f"a rule of findings failed for {bad.id}" in caplog.text


def test_findings_are_removed_with_their_message(path: Path) -> None:
    """The findings of a removed message or session are removed, too."""
    record = make_record("Subject: LOUD\r\n\r\n", session_id="s1")
    with closing(SqliteStore(path)) as store:
        store.add(record).result(LONG)
        check_all(store, make_rules())
        store.add(make_record("Subject: OTHER\r\n\r\n")).result(LONG)
        store.remove_matching(parse_query("")).result(LONG)
        assert store.findings(record.id) is None
    with closing(sqlite3.connect(path)) as connection:
        for table in (tables.findings, tables.checks, tables.unchecked):
            assert connection.execute(str(select(table))).fetchall() == []


def test_message_that_is_removed_during_its_check(path: Path) -> None:
    """A message that is removed during its check gets no findings."""
    record = make_record("Subject: LOUD\r\n\r\n")
    with closing(SqliteStore(path)) as store:

        def remove(message: MessageReading) -> list[Hit]:
            assert message.subject == "LOUD"
            store.remove([record.id]).result(LONG)
            return [hit()]

        rule = MessageRule(
            id="removing", severity="info", certainty="advice", source="us", text="x", text_ko="x",
            check=remove,
        )  # fmt: skip
        store.add(record).result(LONG)
        check_all(store, Rules({}, [rule]))
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT count(*) FROM findings").fetchone() == (0,)


def test_unusual_texts_are_stored_unchanged(path: Path) -> None:
    """Findings with lone surrogates and quotes are stored unchanged."""
    record = make_record(b'Subject: "\xff\r\n\r\n')

    def quote(message: MessageReading) -> list[Hit]:
        return [hit(message.at_field(message.field("subject")), text="'\udcff\"\0" * 200)]

    rule = MessageRule(
        id="quoting", severity="info", certainty="advice", source="us", text="{text}",
        text_ko="{text}", check=quote,
    )  # fmt: skip
    rules = Rules({}, [rule])
    with closing(SqliteStore(path)) as store:
        store.add(record).result(LONG)
        check_all(store, rules)
        (finding,) = store.findings(record.id)
    assert finding.text == "'\udcff\"\0" * 200


def downgrade(path: Path) -> None:
    """Change a file to schema 1."""
    with closing(sqlite3.connect(path)) as connection:
        for name in ("findings", "checks", "unchecked", "rules"):
            connection.execute(f"DROP TABLE {name}")
        connection.execute(
            "CREATE TABLE findings (number INTEGER, folded_rule TEXT, rule TEXT, severity TEXT)"
        )
        connection.execute("CREATE INDEX findings_by_message ON findings (number)")
        connection.execute("DROP INDEX messages_unread")
        connection.execute("ALTER TABLE sessions DROP COLUMN replica")
        connection.execute("PRAGMA user_version = 1")
        connection.commit()


def test_a_file_without_findings_is_checked(path: Path) -> None:
    """Messages and sessions of an older file are checked after its migration."""
    record = make_record("Subject: LOUD\r\n\r\n", session_id="s1")
    with closing(SqliteStore(path)) as store:
        store.add(record).result(LONG)
        store.add_session(lambda: make_session("s1")).result(LONG)
    downgrade(path)
    with closing(SqliteStore(path)) as store:
        assert store.describe()["unchecked"] == 2
        check_all(store, make_rules())
        assert found(store, "finding:shouting") == {record.id}
        assert store.session_findings("s1") == ()


def test_closing_ends_a_check(path: Path) -> None:
    """`close` ends the checking thread, also before the first check; it is idempotent."""
    store = SqliteStore(path)
    store.check_with(None)
    store.close()
    store.close()
    findings: tuple[Finding, ...] | None = store.findings("nobody")
    assert findings is None
