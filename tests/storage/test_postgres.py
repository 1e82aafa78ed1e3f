"""The store in PostgreSQL: its schema, addresses and passwords, what several servers share."""

from __future__ import annotations

import re
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING

import postgres
import pytest
from free_ports import free_port
from made_records import make_record, make_session
from sqlalchemy import create_engine, inspect

from fakesmtp.errors import ConfigurationError, StoreError
from fakesmtp.findings import MessageRule, Rules, hit
from fakesmtp.storage.base import Count, Removed, all_messages, all_sessions
from fakesmtp.storage.language import parse_query
from fakesmtp.storage.limits import UNLIMITED, Limits
from fakesmtp.storage.opening import open_url, open_url_for_reading
from fakesmtp.storage.query import EVERYTHING
from fakesmtp.storage.sql import tables
from fakesmtp.storage.sql.checker import check_some
from fakesmtp.storage.updates import UpdateKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fakesmtp.findings import Hit, MessageReading
    from fakesmtp.storage.sql.store import DatabaseStore

LONG = 30.0  # seconds; a test that waits so long has failed


def execute(url: str, statement: str) -> None:
    """Run a statement in the schema of a store."""
    postgres.execute(url, statement)


@pytest.fixture
def url() -> str:
    """Return the address of an empty schema."""
    return postgres.new_url()


@pytest.fixture
def open_store(url: str) -> Iterator[Callable[..., DatabaseStore]]:
    """Return a function that opens one more store of the same database."""
    with ExitStack() as stores:
        yield lambda limits=UNLIMITED, **options: stores.enter_context(
            closing(open_url(url, limits, **{"sync": "normal", "replica": "", **options}))
        )


def wait_for(store: DatabaseStore, holds: Callable[[], bool]) -> None:
    """Wait until something holds, looking after each update of a store."""
    cursor = store.updates.cursor
    while not holds():
        assert store.updates.wait(cursor, LONG)
        cursor = store.updates.cursor


# -- the database ----------------------------------------------------------------------------------


def test_steps_create_the_schema(url: str) -> None:
    """The numbered steps create the tables and columns that the statements use."""
    open_url(url, UNLIMITED).close()
    engine = create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    found = inspect(engine)
    for table in tables.metadata.sorted_tables:
        columns = {each["name"]: each for each in found.get_columns(table.name)}
        assert columns.keys() >= {column.name for column in table.c}
        for column in table.c:
            assert columns[column.name]["nullable"] == column.nullable
    engine.dispose()


def test_no_thread_outlives_a_store(url: str) -> None:
    """All threads of a store end when it is closed, also the one that watches connections."""
    before = set(threading.enumerate())
    with closing(open_url(url, UNLIMITED)) as store:
        store.add(make_record("Subject: one\r\n\r\n")).result()
        store.page()
        threads = set(threading.enumerate()) - before
    assert "fakesmtp-watch" in {thread.name for thread in threads}
    for thread in threads:
        thread.join(LONG)
        assert not thread.is_alive(), thread.name


def test_local_socket(url: str) -> None:
    """An address without a host means the local socket, as for libpq."""
    server = postgres.shared_server()
    socket = f"user=tester&host={server.folder}&port={server.port}"
    address = url.replace(f"tester@127.0.0.1:{server.port}", "") + f"&{socket}"
    with closing(open_url(address, UNLIMITED)) as store:
        assert store.location == f"postgresql:///{postgres.database_of(url)}"
        assert store.count() == Count(0)


def test_servers_that_start_together(url: str) -> None:
    """Servers that start at the same moment with an empty database make its schema once."""
    with ThreadPoolExecutor(4) as pool:
        stores = list(pool.map(lambda _: open_url(url, UNLIMITED), range(4)))
    for store in stores:
        store.add(make_record()).result(LONG)
        store.close()
    with closing(open_url_for_reading(url)) as reader:
        assert reader.count() == Count(4)
        assert reader.check() == []


def make_foreign(url: str) -> str:
    """Create a table of another program."""
    execute(url, "CREATE TABLE customers (name text)")
    return url


def make_newer(url: str) -> str:
    """Let a later version have written the database."""
    open_url(url, UNLIMITED).close()
    execute(url, "UPDATE fakesmtp SET version = 99")
    return url


def make_emptied(url: str) -> str:
    """Empty all tables, as someone who wants to start afresh."""
    open_url(url, UNLIMITED).close()
    execute(url, "TRUNCATE fakesmtp, state, messages, contents, texts, sessions")
    return url


def make_unreachable(url: str) -> str:
    """Name a port where nothing listens."""
    return re.sub(r":\d+/", f":{free_port()}/", url)


def use_ascii(url: str) -> str:
    """Name a database whose encoding does not take every text."""
    server = postgres.shared_server()
    server.execute("DROP DATABASE IF EXISTS ascii_only")
    server.execute(
        "CREATE DATABASE ascii_only TEMPLATE template0 ENCODING 'SQL_ASCII' LC_COLLATE 'C' "
        "LC_CTYPE 'C'"
    )
    del url
    return server.url("ascii_only")


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (make_foreign, "has tables of another program (customers): name an empty database"),
        (make_newer, "was written by a newer fakesmtp (schema 99"),
        (make_emptied, "has tables of fakesmtp that were emptied: remove them (DROP TABLE)"),
        (make_unreachable, "Connection refused"),
        (lambda url: f"{url}_missing", "has no schema that its search_path names"),
        (use_ascii, "has the encoding SQL_ASCII: create a database with ENCODING 'UTF8'"),
        (lambda url: f"{url}&no_such_option=1", "no_such_option"),
        (lambda url: url.replace("tester@", "nobody_here@"), 'role "nobody_here" does not exist'),
    ],
)
def test_refused_databases(url: str, make: Callable[[str], str], reason: str) -> None:
    """A database that cannot be used is refused in one sentence."""
    address = make(url)
    for open_it in (partial(open_url, limits=UNLIMITED), open_url_for_reading):
        with pytest.raises(StoreError, match=re.escape(reason)) as caught:
            open_it(address)
        assert "\n" not in str(caught.value)


def test_a_standby(url: str) -> None:
    """A database that can only be read is read; to write it is an error that names the primary."""
    open_url(url, UNLIMITED).close()
    standby = f"{url}%20-cdefault_transaction_read_only%3Don"
    with closing(open_url_for_reading(standby)) as store:
        assert store.count().number == 0
    with pytest.raises(StoreError, match="can only be read, as a standby: name the primary"):
        open_url(standby, UNLIMITED)


def test_reading_creates_nothing(url: str) -> None:
    """Reading an empty database is an error and leaves it empty."""
    with pytest.raises(StoreError, match="there is no store"):
        open_url_for_reading(url)
    open_url(url, UNLIMITED).close()


def test_a_role_without_rights(url: str) -> None:
    """A role that owns its schema needs no other right; the password is shown nowhere."""
    server = postgres.shared_server()
    database = postgres.database_of(url)
    server.execute("DROP ROLE IF EXISTS guarded", database)
    server.execute("CREATE ROLE guarded LOGIN PASSWORD 'hunter2/?#@'", database)
    schema = url.rpartition("%3D")[2]
    server.execute(f"ALTER SCHEMA {schema} OWNER TO guarded", database)
    guarded = url.replace("tester@", "guarded:hunter2%2F%3F%23%40@")
    with closing(open_url(guarded, UNLIMITED)) as store:
        store.add(make_record()).result(LONG)
        assert "hunter2" not in store.location
        assert "hunter2" not in str(store.describe())
        server.execute("ALTER ROLE guarded PASSWORD 'other'", database)
    for text in (guarded, guarded.replace("%2F", "/"), guarded.replace(database, "")):
        with pytest.raises((StoreError, ConfigurationError)) as caught:
            open_url(text, UNLIMITED)
        assert "hunter2" not in f"{caught.value}{caught.value.__cause__}"
    server.execute(f"ALTER SCHEMA {schema} OWNER TO tester; DROP OWNED BY guarded", database)
    server.execute("DROP ROLE guarded", database)


@pytest.fixture
def no_polls(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let servers read updates only when they are notified, or connect."""
    monkeypatch.setattr("fakesmtp.storage.postgres.listening._POLL", 10_000.0)


# -- several servers -------------------------------------------------------------------------------


@pytest.mark.usefixtures("no_polls")
def test_updates_of_another_server(open_store: Callable[..., DatabaseStore]) -> None:
    """Each change of one server is an update of the other, with the same cursor and order."""
    one, other = open_store(), open_store()
    start = other.updates.cursor
    assert start == one.updates.cursor
    record = make_record()
    one.add(record).result(LONG)
    one.mark_read([record.id]).result(LONG)
    one.tag([record.id], ["x"]).result(LONG)
    one.add_session(partial(make_session, "s1")).result(LONG)
    one.updates.publish(UpdateKind.FAULTS_CHANGED, ["1"])
    one.remove([record.id]).result(LONG)
    wanted = one.updates.since(start)
    wait_for(other, lambda: other.updates.cursor >= wanted.cursor)
    assert other.updates.since(start) == wanted
    assert [update.kind for update in wanted.updates] == [
        UpdateKind.MESSAGES_ADDED,
        UpdateKind.MESSAGES_MARKED,
        UpdateKind.MESSAGES_MARKED,
        UpdateKind.SESSIONS_ADDED,
        UpdateKind.FAULTS_CHANGED,
        UpdateKind.MESSAGES_REMOVED,
    ]
    later = open_store()
    assert later.updates.since(start) == wanted


def test_both_servers_write(open_store: Callable[..., DatabaseStore]) -> None:
    """Numbers and updates of two servers that write at once are those of the commits."""
    stores = [open_store(), open_store()]
    start = stores[0].updates.cursor
    tickets = [store.add(make_record()) for _ in range(200) for store in stores]
    numbers = [ticket.result(LONG) for ticket in tickets]
    assert sorted(numbers) == list(range(1, 401))
    wait_for(stores[0], lambda: stores[0].count() == Count(400))
    newest = max(store.updates.cursor for store in stores)
    for store in stores:
        wait_for(store, lambda store=store: store.updates.cursor >= newest)
        ids = [each for update in store.updates.since(start).updates for each in update.ids]
        assert ids == [row.record.id for row in all_messages(store)]


def test_a_cursor_that_is_ahead(open_store: Callable[..., DatabaseStore]) -> None:
    """A cursor that another server has just given is valid; one of another database is not."""
    store = open_store()
    newest = store.updates.cursor
    assert store.updates.since(newest + 1) == ((), newest + 1, True)
    for unknown in (0, newest - 1, newest + 10**9):
        assert not store.updates.since(unknown).is_complete


def test_updates_without_notifications(
    open_store: Callable[..., DatabaseStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that misses a notification reads the updates a little later."""
    monkeypatch.setattr("fakesmtp.storage.postgres.listening._POLL", 0.1)
    monkeypatch.setattr("fakesmtp.storage.postgres.listening.CHANNEL", "another")
    one, other = open_store(), open_store()
    one.add(make_record()).result(LONG)
    wait_for(other, lambda: other.updates.cursor >= one.updates.cursor)


@pytest.fixture
def _no_notifications(monkeypatch: pytest.MonkeyPatch, no_polls: None) -> None:
    """Let servers hear nothing of each other."""
    del no_polls
    monkeypatch.setattr("fakesmtp.storage.postgres.listening.CHANNEL", "another")


@pytest.mark.usefixtures("_no_notifications")
@pytest.mark.parametrize("count", [3, 600])
def test_who_writes_reads_what_others_wrote(
    open_store: Callable[..., DatabaseStore], count: int
) -> None:
    """A server that writes has all updates before its own, also more than one statement reads."""
    one, other = open_store(), open_store()
    start = one.updates.cursor
    for number in range(count):
        one.updates.publish(UpdateKind.FAULTS_CHANGED, [str(number)])
    one.add(make_record()).result(LONG)
    other.add(make_record()).result(LONG)
    told = other.updates.since(start)
    assert [each.cursor - start for each in told.updates] == list(range(1, count + 3))
    assert told.updates[: count + 1] == one.updates.since(start).updates[: count + 1]


@pytest.mark.usefixtures("_no_notifications")
def test_listeners_stop_no_other_server(open_store: Callable[..., DatabaseStore]) -> None:
    """A server that tells its listeners what others wrote lets them write meanwhile."""
    one, other = open_store(), open_store()
    tickets: list[int] = []

    def listen(_: object) -> None:
        if not tickets:
            tickets.append(other.add(make_record()).result(LONG))

    other.add(make_record()).result(LONG)
    with one.updates.listening(listen):
        one.add(make_record()).result(LONG)
    assert tickets == [3]


@pytest.mark.usefixtures("no_polls")
def test_updates_after_a_lost_connection(
    url: str, open_store: Callable[..., DatabaseStore]
) -> None:
    """A server that loses all connections reads what it has missed."""
    one, other = open_store(), open_store()
    execute(
        url,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() "
        "AND datname = current_database()",
    )
    records = [make_record() for _ in range(3)]
    for record in records:
        for _ in range(3):
            if one.add(record).exception(LONG) is None:
                break
    wait_for(other, lambda: other.count() == Count(3))
    wait_for(other, lambda: other.updates.cursor >= one.updates.cursor)


def test_forgotten_updates(
    url: str, open_store: Callable[..., DatabaseStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Old updates are removed from the database, and a reader with their cursor is told so."""
    monkeypatch.setattr("fakesmtp.storage.postgres.updates.MOST_KEPT", 3)
    monkeypatch.setattr("fakesmtp.storage.postgres.database._DROPPING", 0.0)
    monkeypatch.setattr("fakesmtp.storage.sql.pruning.INTERVAL", 0.0)
    one = open_store()
    start = one.updates.cursor
    for _ in range(9):
        one.add(make_record()).result(LONG)
    for _ in range(1_000):
        one.prune().result(LONG)
        if postgres.execute(url, "SELECT count(*) FROM updates") == [(4,)]:
            break
    later = open_store()
    assert not later.updates.since(start).is_complete
    assert len(later.updates.since(later.updates.cursor - 3).updates) == 3


def test_a_message_is_removed_once(open_store: Callable[..., DatabaseStore]) -> None:
    """When several servers remove the same messages, each id is returned to one of them."""
    stores = [open_store() for _ in range(3)]
    records = [make_record() for _ in range(50)]
    for ticket in [stores[0].add(record) for record in records]:
        ticket.result(LONG)
    ids = [record.id for record in records]
    tickets = [store.remove([each]) for each in ids for store in stores]
    gone = list(chain.from_iterable(ticket.result(LONG) for ticket in tickets))
    assert sorted(gone) == sorted(ids)


def test_limits_of_two_servers(open_store: Callable[..., DatabaseStore]) -> None:
    """The limits of two servers remove each old message once, and count it once."""
    stores = [open_store(Limits(max_messages=5)) for _ in range(2)]
    for ticket in [store.add(make_record()) for _ in range(100) for store in stores]:
        ticket.result(LONG)
    for store in stores:
        store.prune().result(LONG)
    assert stores[0].count() == Count(5)
    assert stores[0].removed == Removed(messages=195)
    assert sum(store.dropped for store in stores) == 195


def test_limit_of_bytes(open_store: Callable[..., DatabaseStore]) -> None:
    """The limit of bytes applies to the messages as they were sent."""
    store = open_store(Limits(max_bytes=100_000))
    records = [make_record(b"Subject: x\r\n\r\n" + b"x" * 9_000) for _ in range(20)]
    for ticket in [store.add(record) for record in records]:
        ticket.result(LONG)
    store.prune().result(LONG)
    kept = [row.record.id for row in all_messages(store)]
    assert kept == [record.id for record in records[-len(kept) :]]
    assert 8 <= len(kept) <= 11


def test_findings_are_shared_work(open_store: Callable[..., DatabaseStore]) -> None:
    """Two servers that check the same store never check the same message."""
    checked: list[str] = []

    def note(message: MessageReading) -> list[Hit]:
        checked.append(message.subject)
        return [hit()]

    rule = MessageRule(
        id="noting", severity="info", certainty="advice", source="us", text="x", text_ko="x",
        check=note,
    )  # fmt: skip
    rules = Rules({}, [rule])
    stores = [open_store() for _ in range(2)]
    for number in range(100):
        stores[number % 2].add(make_record(f"Subject: {number}\r\n\r\n")).result(LONG)

    def check_all(store: DatabaseStore) -> None:
        while check_some(store, rules):
            pass

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(check_all, stores))
    assert sorted(checked, key=int) == [str(number) for number in range(100)]
    assert stores[0].describe()["unchecked"] == 0


def test_work_of_a_server_that_ended(url: str, open_store: Callable[..., DatabaseStore]) -> None:
    """What a server had begun to check when it ended is checked by another one after a minute."""
    store = open_store()
    store.add(make_record()).result(LONG)
    assert len(store.unchecked(5, of_sessions=False)) == 1
    assert store.unchecked(5, of_sessions=False) == []
    execute(url, "UPDATE unchecked SET claimed = now() - interval '61 s'")
    assert len(store.unchecked(5, of_sessions=False)) == 1


def test_sessions_have_the_name_of_their_server(open_store: Callable[..., DatabaseStore]) -> None:
    """Each session has the name of the server that recorded it, also in JSON."""
    for name in ("a", "b"):
        open_store(replica=name).add_session(partial(make_session, f"s{name}")).result(LONG)
    store = open_store()
    assert [row.record.replica for row in all_sessions(store)] == ["a", "b"]
    assert store.session("sb").replica == "b"


def test_problems_are_found(url: str, open_store: Callable[..., DatabaseStore]) -> None:
    """A check names what is missing."""
    store = open_store()
    store.add(make_record()).result(LONG)
    assert store.check() == []
    execute(url, "DELETE FROM contents")
    assert store.check() == ["1 messages are listed and 0 have their bytes"]


@pytest.mark.parametrize("few", [0, 3, 2_000])
def test_common_and_rare_words(
    few: int, open_store: Callable[..., DatabaseStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pages of a search are the same, however many messages count as few."""
    monkeypatch.setattr("fakesmtp.storage.postgres.dialect._FEW", few)
    store = open_store()
    records = [make_record(f"Subject: {'광고' if n % 2 else '주문'} {n}\r\n\r\n") for n in range(9)]
    for record in records:
        store.add(record).result(LONG)
    query = parse_query("광고")
    wanted = [record.id for record in records[1::2]]
    for oldest_first in (True, False):
        rows = all_messages(store, query, oldest_first=oldest_first, limit=2)
        found = [row.record.id for row in rows]
        assert found == (wanted if oldest_first else wanted[::-1])
    assert store.count(query) == Count(4)


def test_texts_that_no_database_takes(open_store: Callable[..., DatabaseStore]) -> None:
    """Ids and searches with NUL or half of a surrogate pair find nothing."""
    store = open_store()
    for name in ("\0", "\udcff"):
        assert store.get(name) is None
        assert store.session(name) is None
        assert store.remove([name]).result(LONG) == []
    assert store.count(EVERYTHING) == Count(0)
