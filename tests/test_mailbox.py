"""What arrived: waiting, taking, subscribing, from threads and asyncio loops."""

from __future__ import annotations

import asyncio
import re
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Barrier, Lock, Semaphore, Thread
from typing import TYPE_CHECKING, NoReturn

import pytest
from made_messages import make_message, with_subject

from fakesmtp.errors import ConfigurationError, NoMatchingMessage
from fakesmtp.mailbox import Mailbox
from fakesmtp.storage.memory import MemoryStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fakesmtp.messages import ReceivedMessage

LONG = 30.0  # a test that waits so long has failed


@pytest.fixture
def mailbox() -> Mailbox:
    """Give an empty mailbox."""
    return Mailbox(MemoryStore())


class Watched(MemoryStore):
    """A store that tells how many have begun to wait: whoever does lists what is here."""

    def __init__(self) -> None:
        super().__init__()
        self._looks = Semaphore(0)

    def ids(self) -> list[str]:
        """Return the ids, and tell."""
        self._looks.release()
        return super().ids()

    def until_waited_for(self, count: int = 1) -> None:
        """Return when so many more wait."""
        for _ in range(count):
            assert self._looks.acquire(timeout=LONG)


def append_when_waited_for(store: Watched, mailbox: Mailbox, *messages: ReceivedMessage) -> Thread:
    """Start a thread that appends as soon as someone waits."""

    def append() -> None:
        store.until_waited_for()
        for message in messages:
            mailbox.append(message)

    thread = Thread(target=append)
    thread.start()
    return thread


def broken(_: object) -> NoReturn:
    """Be a callable with a bug."""
    raise ZeroDivisionError


class Counting:
    """A condition that counts how often it is tried."""

    def __init__(self, wanted: str) -> None:
        self.wanted = wanted
        self.tried: list[str] = []

    def __call__(self, value: str) -> bool:
        """Try it."""
        self.tried.append(value)
        return value == self.wanted


# -- waiting in a thread ---------------------------------------------------------------------------


def test_a_message_that_is_here(mailbox: Mailbox) -> None:
    """The oldest message that matches is given, at once and again."""
    messages = [with_subject(subject) for subject in ("a", "b", "b")]
    for message in messages:
        mailbox.append(message)
    assert mailbox.wait_for(subject="b", timeout=0) is messages[1]
    assert mailbox.wait_for(subject="b", timeout=0) is messages[1]
    assert mailbox.messages == messages


def test_a_message_that_comes() -> None:
    """Waiting ends when a message that matches arrives, and each message is tried once."""
    store, messages = Watched(), [with_subject(subject) for subject in "abc"]
    mailbox = Mailbox(store)
    mailbox.append(messages[0])
    thread = append_when_waited_for(store, mailbox, *messages[1:])
    condition = Counting("c")
    assert mailbox.wait_for(subject=condition, timeout=LONG) is messages[2]
    assert condition.tried == ["a", "b", "c"]
    thread.join()


def test_a_number_of_messages() -> None:
    """Waiting for some messages gives the oldest ones that match, here and to come."""
    store, messages = Watched(), [with_subject(subject) for subject in "abaaa"]
    mailbox = Mailbox(store)
    mailbox.append(messages[0])
    thread = append_when_waited_for(store, mailbox, *messages[1:])
    assert mailbox.wait_for_count(3, subject="a", timeout=LONG) == [
        messages[0],
        messages[2],
        messages[3],
    ]
    assert mailbox.wait_for_count(0, subject="a", timeout=0) == []
    thread.join()


@pytest.fixture
def _eager_threads() -> Iterator[None]:
    """Let the interpreter change threads as often as it can."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)


@pytest.mark.usefixtures("_eager_threads")
def test_no_message_is_missed_or_seen_twice() -> None:
    """Threads that begin to wait while messages come see each of them exactly once."""
    mailbox, messages, waiters = Mailbox(MemoryStore()), [make_message() for _ in range(100)], 3
    start, everything = Barrier(waiters + 1), [message.id for message in messages]

    def wait_again_and_again() -> None:
        start.wait(LONG)
        for number in range(1, len(messages) + 1):
            found = mailbox.wait_for_count(number, id=everything.__contains__, timeout=LONG)
            assert [message.id for message in found] == everything[:number]

    with ThreadPoolExecutor(waiters) as pool:
        waiting = [pool.submit(wait_again_and_again) for _ in range(waiters)]
        start.wait(LONG)
        for message in messages:
            mailbox.append(message)
        for future in waiting:
            future.result()


class TellingLock:
    """A lock that does something once, right after it was let go."""

    def __init__(self) -> None:
        self._lock = Lock()
        self.then: Callable[[], object] | None = None

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        self._lock.release()
        then, self.then = self.then, None
        if then:
            then()


def test_what_was_there_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """A message that arrives while those that are there are looked through is found behind them."""
    lock = TellingLock()
    monkeypatch.setattr("fakesmtp.arrivals.Lock", lambda: lock)
    mailbox, messages = Mailbox(MemoryStore()), [make_message() for _ in range(3)]
    for message in messages[:2]:
        mailbox.append(message)
    lock.then = lambda: mailbox.append(messages[2])
    assert mailbox.wait_for_count(3, timeout=LONG) == messages


def test_kept_and_announced_in_one_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever begins to wait right after a message was kept is not told of it a second time."""
    lock, heard = TellingLock(), list[object]()
    monkeypatch.setattr("fakesmtp.arrivals.Lock", lambda: lock)
    mailbox = Mailbox(MemoryStore())
    lock.then = lambda: mailbox.subscribe(heard.append)
    mailbox.append(make_message())
    assert mailbox.waiting == 1
    assert heard == []


def test_time_is_up(mailbox: Mailbox) -> None:
    """The error says what was awaited, what came, what came nearest and what was refused."""
    refused = Mailbox(
        MemoryStore(), lambda: ["refused sessions:", "  session 7: AUTH PLAIN -> 535"]
    )
    for subject in ("Bill", "Welcom"):
        refused.append(with_subject(subject))
    with pytest.raises(NoMatchingMessage) as caught:
        refused.wait_for(subject="Welcome", to="to@example.com", timeout=0.001)
    assert str(caught.value) == (
        "no message came within 0.001 s\n"
        "awaited: subject='Welcome', to='to@example.com'\n"
        "arrived: 2\n"
        "  22:13:20.250 sender@example.com -> to@example.com 'Welcom' (normal)\n"
        "  22:13:20.250 sender@example.com -> to@example.com 'Bill' (normal)\n"
        "nearest miss: sender@example.com -> to@example.com 'Welcom' (normal)\n"
        "  subject: expected 'Welcome', was 'Welcom'\n"
        "refused sessions:\n"
        "  session 7: AUTH PLAIN -> 535"
    )
    with pytest.raises(NoMatchingMessage, match=r"awaited: any message\narrived: nothing$"):
        mailbox.wait_for(timeout=0)


def test_too_few_messages(mailbox: Mailbox) -> None:
    """The error counts those that matched, and shows the newest of many."""
    for number in range(20):
        mailbox.append(with_subject(f"n{number}"))
    with pytest.raises(NoMatchingMessage) as caught:
        mailbox.wait_for_count(3, subject=re.compile("n1?7$"), timeout=0)
    report = str(caught.value)
    assert report.startswith("only 2 of 3 messages came within 0 s")
    assert "arrived: 20, of which the newest 5 are\n" in report
    assert "'n14'" not in report
    assert report.index("'n19'") < report.index("'n15'")


def test_the_nearest_of_many(mailbox: Mailbox) -> None:
    """A message that differs in less is the nearest miss, however many came after it."""
    mailbox.append(make_message(rcpt_tos=("other@example.com",)))
    mailbox.append(with_subject("Wellcome"))
    for _ in range(100):
        mailbox.append(make_message(rcpt_tos=("other@example.com",)))
    with pytest.raises(NoMatchingMessage, match=r"nearest miss: .*'Wellcome'"):
        mailbox.wait_for(subject="Welcome", to="to@example.com", timeout=0)


def test_a_bug_in_a_condition(mailbox: Mailbox) -> None:
    """What a condition raises reaches the one who waits, and no one else."""
    mailbox.append(make_message())
    for wait in (mailbox.wait_for, mailbox.take, mailbox.expect_none):
        with pytest.raises(ZeroDivisionError):
            wait(subject=broken)
    assert mailbox.wait_for(timeout=0)
    mailbox.append(make_message())


def test_a_wrong_condition(mailbox: Mailbox) -> None:
    """A condition that does not exist is found before anything is waited for."""
    for wait in (mailbox.wait_for, mailbox.take, mailbox.expect_none):
        with pytest.raises(ConfigurationError):
            wait(subjekt="x")


# -- taking, expecting none ------------------------------------------------------------------------


def test_take(mailbox: Mailbox) -> None:
    """Taking removes the oldest message that matches, and leaves the others."""
    messages = [with_subject(subject) for subject in "abb"]
    for message in messages:
        mailbox.append(message)
    assert mailbox.take(subject="b", timeout=0) is messages[1]
    assert mailbox.take(subject="b", timeout=0) is messages[2]
    with pytest.raises(NoMatchingMessage):
        mailbox.take(subject="b", timeout=0)
    assert mailbox.messages == [messages[0]]


def test_no_two_take_the_same() -> None:
    """Of threads that wait for the same message one takes it, and the others go on waiting."""
    store, takers = Watched(), 4
    mailbox, messages = Mailbox(store), [make_message() for _ in range(takers)]
    with ThreadPoolExecutor(takers) as pool:
        taking = [pool.submit(mailbox.take, timeout=LONG) for _ in messages]
        store.until_waited_for(takers)
        for message in messages:
            mailbox.append(message)
        taken = {future.result().id for future in taking}
    assert taken == {message.id for message in messages}
    assert mailbox.messages == []


def test_taken_by_someone_else(mailbox: Mailbox) -> None:
    """A message that goes while it is looked at is not taken."""

    def remove_and_match(_: str) -> bool:
        return mailbox.clear() == 1

    mailbox.append(make_message())
    with pytest.raises(NoMatchingMessage, match="no message came"):
        mailbox.take(subject=remove_and_match, timeout=0)


def test_expect_none(mailbox: Mailbox) -> None:
    """Nothing that matches is what is expected, here or within some time."""
    mailbox.append(with_subject("a"))
    mailbox.expect_none(subject="b")
    mailbox.expect_none(subject="b", within=0.001)
    with pytest.raises(
        NoMatchingMessage, match=r"not wanted: subject='a'\n  22:13:20.250 sender.*'a'"
    ):
        mailbox.expect_none(subject="a")


def test_expect_none_ends_early() -> None:
    """A message that should not come ends the waiting."""
    store = Watched()
    mailbox = Mailbox(store)
    thread = append_when_waited_for(store, mailbox, make_message())
    with pytest.raises(NoMatchingMessage):
        mailbox.expect_none(within=LONG)
    thread.join()


def test_clear(mailbox: Mailbox) -> None:
    """Clearing says how many messages there were."""
    mailbox.append(make_message())
    mailbox.append(make_message())
    assert repr(mailbox) == "<Mailbox with 2 messages>"
    assert (mailbox.clear(), mailbox.clear()) == (2, 0)
    assert mailbox.messages == []


# -- waiting in a loop -----------------------------------------------------------------------------


def later(action: Callable[[], object]) -> None:
    """Run something in another thread once the running task waits."""
    loop = asyncio.get_running_loop()
    loop.call_soon(lambda: Thread(target=action).start())


@pytest.mark.asyncio
async def test_a_message_comes_while_a_loop_waits(mailbox: Mailbox) -> None:
    """A task waits for a message of another thread; the loop goes on, and each is tried once."""
    asyncio.get_running_loop().set_debug(True)  # it then minds being touched by another thread
    messages = [with_subject(subject) for subject in "abc"]
    mailbox.append(messages[0])
    condition = Counting("c")
    later(lambda: [mailbox.append(message) for message in messages[1:]])
    assert await mailbox.wait_for_async(subject=condition, timeout=LONG) is messages[2]
    assert condition.tried == ["a", "b", "c"]


@pytest.mark.asyncio
async def test_a_message_is_here_already(mailbox: Mailbox) -> None:
    """A task gets the message that is here, without time."""
    mailbox.append(make_message())
    assert await mailbox.wait_for_async(timeout=0)


@pytest.mark.asyncio
async def test_a_loop_waits_in_vain(mailbox: Mailbox) -> None:
    """A task gets the same error as a thread, and the condition's own."""
    mailbox.append(with_subject("Welcom"))
    with pytest.raises(NoMatchingMessage, match=r"nearest miss: .*'Welcom'"):
        await mailbox.wait_for_async(subject="Welcome", timeout=0.001)
    with pytest.raises(ZeroDivisionError):
        await mailbox.wait_for_async(subject=broken)


@pytest.mark.asyncio
async def test_a_loop_expects_none(mailbox: Mailbox) -> None:
    """A task may expect that nothing comes, and hears of it when something does."""
    await mailbox.expect_none_async(within=0.001)
    later(lambda: mailbox.append(make_message()))
    with pytest.raises(NoMatchingMessage):
        await mailbox.expect_none_async(within=LONG)


@pytest.mark.asyncio
async def test_cancelling(mailbox: Mailbox) -> None:
    """A task that is cancelled waits no more and leaves nothing behind."""
    task = asyncio.ensure_future(mailbox.wait_for_async(timeout=LONG))
    await asyncio.sleep(0)
    assert mailbox.waiting == 1
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert mailbox.waiting == 0


def test_a_loop_that_is_gone(mailbox: Mailbox) -> None:
    """A loop that was closed while a task waited does not stop mails from arriving."""
    loop = asyncio.new_event_loop()
    waiting = mailbox.wait_for_async(timeout=LONG)
    task = loop.create_task(waiting)
    loop.call_soon(loop.stop)
    loop.run_forever()
    loop.close()
    mailbox.append(make_message())
    assert len(mailbox.messages) == 1
    task._log_destroy_pending = False  # type: ignore[attr-defined]  # noqa: SLF001 - on purpose here
    with suppress(RuntimeError):  # asyncio's own clearing up wants the loop
        waiting.close()
    assert mailbox.waiting == 0


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_under_anyio(mailbox: Mailbox) -> None:
    """Waiting works under anyio on asyncio, and its cancel scopes end it."""
    anyio = pytest.importorskip("anyio")
    with anyio.move_on_after(0.001) as scope:
        await mailbox.wait_for_async(timeout=LONG)
    assert scope.cancelled_caught
    assert mailbox.waiting == 0
    later(lambda: mailbox.append(make_message()))
    assert await mailbox.wait_for_async(timeout=LONG)


@pytest.mark.asyncio
async def test_threads_and_tasks_at_once(mailbox: Mailbox) -> None:
    """Tasks and threads that wait for the same message all get it."""
    tasks = [asyncio.ensure_future(mailbox.wait_for_async(timeout=LONG)) for _ in range(3)]
    threads = [asyncio.to_thread(mailbox.wait_for, timeout=LONG) for _ in range(3)]
    message = make_message()
    later(lambda: mailbox.append(message))
    assert await asyncio.gather(*tasks, *threads) == [message] * 6


# -- views, subscribers ----------------------------------------------------------------------------


def test_a_view_sees_its_own_messages(mailbox: Mailbox) -> None:
    """A view waits for, shows, takes and clears its messages alone."""
    view = mailbox.view(lambda message: message.subject.startswith("my"))
    narrow = view.view(lambda message: message.subject.endswith("own"))
    messages = [with_subject(subject) for subject in ("a", "my b", "my own")]
    for message in messages:
        mailbox.append(message)
    assert (view.messages, narrow.messages) == (messages[1:], messages[2:])
    assert view.wait_for(timeout=0) is messages[1]
    with pytest.raises(NoMatchingMessage, match="arrived: 2\n"):
        view.wait_for(subject="a", timeout=0)
    assert view.take(timeout=0) is messages[1]
    assert view.clear() == 1
    view.expect_none()
    assert mailbox.messages == messages[:1]


def test_a_view_waits() -> None:
    """A view that waits is not woken by messages of others, nor are they tried."""
    store = Watched()
    mailbox = Mailbox(store)
    view = mailbox.view(lambda message: message.subject == "mine")
    message = with_subject("mine")
    thread = append_when_waited_for(store, mailbox, make_message(), message)
    condition = Counting("mine")
    assert view.wait_for(subject=condition, timeout=LONG) is message
    assert condition.tried == ["mine"]
    thread.join()


def test_a_view_has_refusals_of_its_own() -> None:
    """A view tells of the refusals that it is given, else of the mailbox's."""
    mailbox = Mailbox(MemoryStore(), lambda: ["sessions:", "  all"])
    for view, told in (
        (mailbox.view(lambda _: True), "all"),
        (mailbox.view(lambda _: True, lambda: ["sessions:", "  own"]), "own"),
    ):
        with pytest.raises(NoMatchingMessage, match=f"sessions:\n  {told}$"):
            view.wait_for(timeout=0)


def test_subscribing(mailbox: Mailbox) -> None:
    """A subscriber hears of every new message of its view until it ends."""
    heard: list[str] = []
    mailbox.append(with_subject("old"))
    stop = mailbox.view(lambda message: message.subject != "b").subscribe(
        lambda message: heard.append(message.subject)
    )
    for subject in "abc":
        mailbox.append(with_subject(subject))
    stop()
    stop()
    mailbox.append(with_subject("d"))
    assert heard == ["a", "c"]


def test_a_subscriber_with_a_bug(mailbox: Mailbox) -> None:
    """What a subscriber raises is kept; the message and the other subscribers do not suffer."""
    heard: list[ReceivedMessage] = []
    mailbox.subscribe(broken)
    mailbox.subscribe(heard.append)
    message = make_message()
    mailbox.append(message)
    assert heard == mailbox.messages == [message]
    assert [type(error) for error in mailbox.callback_errors] == [ZeroDivisionError]


def test_a_subscriber_uses_the_mailbox(mailbox: Mailbox) -> None:
    """A subscriber may take from the mailbox that calls it."""
    taken: list[ReceivedMessage] = []
    mailbox.subscribe(lambda message: taken.append(mailbox.take(id=message.id, timeout=0)))
    mailbox.append(make_message())
    assert len(taken) == 1
    assert mailbox.messages == mailbox.callback_errors == []
