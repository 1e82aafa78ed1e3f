"""Random messages and searches: Python predicates and SQL give the same results."""

from __future__ import annotations

import sqlite3
from contextlib import ExitStack
from contextlib import closing as closing_store
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_records import BEGAN, make_record, make_session
from postgres import LOCALES, new_url

from fakesmtp.findings import MessageRule, Rules, SessionRule, hit
from fakesmtp.protocol.credentials import MailType
from fakesmtp.sessions.contents import TlsFacts
from fakesmtp.sessions.jsonl import dump_bytes
from fakesmtp.sessions.live import LiveSession
from fakesmtp.storage import query as tree
from fakesmtp.storage.base import all_messages
from fakesmtp.storage.extraction import extract
from fakesmtp.storage.folding import fold
from fakesmtp.storage.language import PREFIXES, parse_query
from fakesmtp.storage.limits import UNLIMITED
from fakesmtp.storage.memory import MemoryStore
from fakesmtp.storage.opening import open_url
from fakesmtp.storage.query import ANYWHERE, EVERYTHING, TextField
from fakesmtp.storage.sql.checker import check_some
from fakesmtp.storage.sqlite.store import SqliteStore
from fakesmtp.storage.words import QueryError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import ModuleType

    from fakesmtp.messages.record import MessageRecord
    from fakesmtp.storage.base import Store

#: Few characters, so that searches find messages, and characters with a special meaning.
LETTERS = (
    "가각나ab A%_'\"*^(){}:+-\\ㅋㅠ\u1100\u1161Ａｶﾞß İıΣς🎉\x00\x01\x1f\ufffd\ufffe\U0010ffff\t\n"  # noqa: RUF001 - full width
)
words = st.text(LETTERS, max_size=6) | st.text(max_size=4)
bodies = st.text(LETTERS, max_size=30)
lines = bodies.map(lambda text: " ".join(text.split()))


COMMON = {"certainty": "advice", "source": "us", "text": "x", "text_ko": "x"}
RULES = Rules(
    {},
    [
        MessageRule(
            id="has-letter",
            severity="warning",
            check=lambda message: [hit()] * ("a" in message.subject),
            **COMMON,
        ),
        SessionRule(
            id="session-with-letter",
            severity="info",
            check=lambda session: [hit()] * (session.id == "s1"),
            **COMMON,
        ),
    ],
)


class Message(NamedTuple):
    """The facts of a random message."""

    record: MessageRecord
    is_read: bool
    tags: tuple[str, ...]


def raw_of(subject: str, body: str, name: str, value: str) -> bytes:
    """Return the bytes of a message in 8 bit."""
    text = (
        f"Subject: {subject}\r\nFrom: {subject}\r\n{name}: {value}\r\n"
        f"Content-Type: text/plain; charset=utf-8\r\n\r\n{body}"
    )
    return text.encode("utf-8", "surrogatepass")


names = st.sampled_from(["X-Id", "x-ID", "To", "Cc", "Reply-To", "Message-ID", "X-Other"])
raws = st.builds(raw_of, lines, bodies, names, lines) | st.binary(max_size=40)
records = st.builds(
    make_record,
    raws,
    mail_from=words,
    rcpt_tos=st.lists(words, max_size=2).map(tuple),
    app_key=st.sampled_from([None, "App1", "app1"]),
    mail_type=st.sampled_from(MailType),
    tls=st.sampled_from([None, TlsFacts("TLSv1.3", "x", 0.1), TlsFacts("TLSv1.2", "x", 0.1)]),
    received=st.sampled_from([BEGAN, BEGAN + 1, BEGAN + 2.5]),
    session_id=st.sampled_from(["s1", "s2"]),
    port=st.sampled_from([25, 587]),
    scope=st.sampled_from(["", "a"]),
)
messages = st.lists(
    st.builds(
        Message,
        records,
        st.booleans(),
        st.lists(st.sampled_from(["가", "B"]), max_size=2).map(tuple),
    ),
    max_size=5,
)
folded = words.map(fold).filter(bool)
fields = st.lists(st.sampled_from(ANYWHERE), min_size=1, unique=True).map(tuple)
leaves = st.one_of(
    st.builds(tree.Contains, fields | st.just(ANYWHERE), folded),
    st.builds(tree.MessageId, folded),
    st.builds(tree.HeaderContains, names.map(str.lower), words.map(fold)),
    st.builds(tree.Is, st.sampled_from(["read", "tagged", "attachment", "inline"])),
    st.builds(tree.Equals, st.just("app_key"), st.sampled_from([None, "App1", "x"])),
    st.builds(tree.Equals, st.just("mail_type"), st.sampled_from([None, "ad", "auth"])),
    st.builds(tree.Equals, st.just("port"), st.sampled_from([25, 465])),
    st.builds(tree.Equals, st.just("scope"), st.sampled_from(["", "a", "b"])),
    st.builds(tree.Equals, st.just("tls"), st.sampled_from([None, "TLSv1.3", "x"])),
    st.builds(
        tree.Compare,
        st.just("received"),
        st.sampled_from(["<", "<=", ">=", ">"]),
        st.sampled_from([BEGAN, BEGAN + 1, BEGAN + 2]),
    ),
    st.builds(
        tree.Compare,
        st.just("size"),
        st.sampled_from(["<", "<=", ">=", ">"]),
        st.integers(0, 150),
    ),
    st.builds(tree.Tagged, st.sampled_from(["가", "b", "c"])),
    st.builds(tree.HasFault, st.sampled_from(["one", "rule", "x"])),
    st.builds(tree.Found, st.sampled_from(["has", "letter", "warning", "info", "warn", "x"])),
)
queries = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(tuple).map(tree.All),
        st.lists(inner, max_size=3).map(tuple).map(tree.AnyOf),
        st.builds(tree.Not, inner),
    ),
    max_leaves=6,
)


def find_drivers() -> Iterator[ModuleType]:
    """Return Python's SQLite, and a newer one if it is installed."""
    yield sqlite3
    try:
        from pysqlite3 import dbapi2  # noqa: PLC0415 - optional
    except ImportError:
        return
    yield dbapi2


def open_store(make: Callable[[], Store]) -> Store:
    """Return a store with two sessions, one of them with a planned fault."""
    store = make()
    for name, faults in (("s1", ("Rule ONE",)), ("s2", ())):
        lines = dump_bytes(LiveSession(name, peer="127.0.0.1:1", port=587))
        store.add_session(partial(make_session, name, faults=faults, lines=lines)).result(60)
    return store


def fill(store: Store, wanted: list[Message]) -> None:
    """Add messages and their marks to a store."""
    for message in wanted:
        store.add(message.record)
        store.mark_read([message.record.id], is_read=message.is_read)
        store.tag([message.record.id], message.tags).result(60)


def find(store: Store, query: tree.Query) -> list[str]:
    """Return the ids of the messages that match, oldest first."""
    return [row.record.id for row in all_messages(store, query, limit=2)]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Store]]:
    """Return a file for each SQLite; tests empty and reuse them, because creating one is slow."""
    folder = tmp_path_factory.mktemp("stores")
    with ExitStack() as closing:
        yield [
            closing.enter_context(
                closing_store(
                    open_store(
                        partial(
                            SqliteStore, folder / f"{n}.db", UNLIMITED, sync="normal", driver=driver
                        )
                    )
                )
            )
            for n, driver in enumerate(find_drivers())
        ]


@pytest.fixture(scope="module")
def databases() -> Iterator[list[Store]]:
    """Return a PostgreSQL store in a database of each locale; tests empty and reuse them."""
    with ExitStack() as closing:
        yield [
            closing.enter_context(
                closing_store(
                    open_store(partial(open_url, new_url(locale), UNLIMITED, sync="normal"))
                )
            )
            for locale in LOCALES
        ]


def compare(stores: list[Store], wanted: list[Message], asked: list[tree.Query]) -> None:
    """Check that stores find, count and return the same messages as one in memory."""
    memory = open_store(partial(MemoryStore, UNLIMITED))
    memory.check_with(RULES)
    fill(memory, wanted)
    for store in stores:
        store.remove_matching(EVERYTHING).result(60)
        fill(store, wanted)
        while check_some(store, RULES):
            pass
        for query in asked:
            assert find(store, query) == find(memory, query)
            assert store.count(query, most=2) == memory.count(query, most=2)
        for message in wanted:
            assert store.get(message.record.id) == message.record


cases = given(wanted=messages, asked=st.lists(queries, min_size=1, max_size=5))


@settings(max_examples=150)
@cases
def test_predicate_and_sql_agree(
    files: list[Store], wanted: list[Message], asked: list[tree.Query]
) -> None:
    """All SQLite stores find, count and return the same messages in the same order."""
    compare(files, wanted, asked)


@settings(max_examples=25)
@cases
def test_predicate_and_postgres_agree(
    databases: list[Store], wanted: list[Message], asked: list[tree.Query]
) -> None:
    """PostgreSQL stores find, count and return the same messages in every locale."""
    compare(databases, wanted, asked)


@given(st.text(LETTERS, max_size=10) | st.text(max_size=10))
def test_folding_is_idempotent(text: str) -> None:
    """A folded text does not change when it is folded again, and every database accepts it."""
    folded_text = fold(text)
    assert fold(folded_text) == folded_text
    assert not set(folded_text) & set("\0\x1c\x1d\x1e\x1f\t\n")
    folded_text.encode()


@given(raws)
def test_facts_fit_every_database(raw: bytes) -> None:
    """The facts of any message have no NUL and no lone surrogate."""
    read = extract(make_record(raw))
    for text in (*read.facts[:8], *read.texts.values(), read.message_id):
        assert "\0" not in text
        text.encode()
    assert read.texts.keys() == set(TextField)


prefixed = st.builds("{}:{}".format, st.sampled_from(PREFIXES), words)


@given(
    st.lists(prefixed | words | st.sampled_from(['"', "-", "!", '-"a b"']), max_size=5).map(
        " ".join
    )
)
def test_any_text_is_a_search_or_an_error(text: str) -> None:
    """Any text is a search, or an error with a position inside the text."""
    position = 1
    try:
        parse_query(text)
    except QueryError as error:
        position = error.position
    assert 1 <= position <= max(1, len(text))
