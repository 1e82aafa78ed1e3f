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
from lone_inbox import LoneInbox
from made_messages import make_message, with_subject

from fakesmtp.errors import ConfigurationError, NoMatchingMessage
from fakesmtp.storage.memory import MemoryStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fakesmtp.messages import ReceivedMessage

LONG = 30.0  # a test that waits so long has failed


@pytest.fixture
def inbox() -> LoneInbox:
    """Give an empty inbox."""
    return LoneInbox()


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


def append_when_waited_for(store: Watched, inbox: LoneInbox, *messages: ReceivedMessage) -> Thread:
    """Start a thread that appends as soon as someone waits."""

    def append() -> None:
        store.until_waited_for()
        for message in messages:
            inbox.append(message)

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


def test_a_message_that_is_here(inbox: LoneInbox) -> None:
    """The oldest message that matches is given, at once and again."""
    messages = [with_subject(subject) for subject in ("a", "b", "b")]
    for message in messages:
        inbox.append(message)
    assert inbox.wait_for(subject="b", timeout=0) is messages[1]
    assert inbox.wait_for(subject="b", timeout=0) is messages[1]
    assert inbox.messages == messages


def test_a_message_that_comes() -> None:
    """Waiting ends when a message that matches arrives, and each message is tried once."""
    store, messages = Watched(), [with_subject(subject) for subject in "abc"]
    inbox = LoneInbox(store=store)
    inbox.append(messages[0])
    thread = append_when_waited_for(store, inbox, *messages[1:])
    condition = Counting("c")
    assert inbox.wait_for(subject=condition, timeout=LONG) is messages[2]
    assert condition.tried == ["a", "b", "c"]
    thread.join()


def test_a_number_of_messages() -> None:
    """Waiting for some messages gives the oldest ones that match, here and to come."""
    store, messages = Watched(), [with_subject(subject) for subject in "abaaa"]
    inbox = LoneInbox(store=store)
    inbox.append(messages[0])
    thread = append_when_waited_for(store, inbox, *messages[1:])
    assert inbox.wait_for_count(3, subject="a", timeout=LONG) == [
        messages[0],
        messages[2],
        messages[3],
    ]
    assert inbox.wait_for_count(0, subject="a", timeout=0) == []
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
    inbox, messages, waiters = LoneInbox(), [make_message() for _ in range(100)], 3
    start, everything = Barrier(waiters + 1), [message.id for message in messages]

    def wait_again_and_again() -> None:
        start.wait(LONG)
        for number in range(1, len(messages) + 1):
            found = inbox.wait_for_count(number, id=everything.__contains__, timeout=LONG)
            assert [message.id for message in found] == everything[:number]

    with ThreadPoolExecutor(waiters) as pool:
        waiting = [pool.submit(wait_again_and_again) for _ in range(waiters)]
        start.wait(LONG)
        for message in messages:
            inbox.append(message)
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
    inbox, messages = LoneInbox(), [make_message() for _ in range(3)]
    for message in messages[:2]:
        inbox.append(message)
    lock.then = lambda: inbox.append(messages[2])
    assert inbox.wait_for_count(3, timeout=LONG) == messages


def test_kept_and_announced_in_one_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever begins to wait right after a message was kept is not told of it a second time."""
    lock, heard = TellingLock(), list[object]()
    monkeypatch.setattr("fakesmtp.arrivals.Lock", lambda: lock)
    inbox = LoneInbox()
    lock.then = lambda: inbox.on_message(heard.append)
    inbox.append(make_message())
    assert inbox.waiting == 1
    assert heard == []


class Refused:
    """A session with one refusal."""

    refused = 1

    def describe_refusals(self) -> list[str]:
        """Describe it."""
        return ["session 7: AUTH PLAIN -> 535"]


def test_time_is_up(inbox: LoneInbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error says what was awaited, what came, what came nearest and what was refused."""
    with pytest.raises(NoMatchingMessage, match=r"awaited: any message\narrived: nothing$"):
        inbox.wait_for(timeout=0)
    monkeypatch.setattr(LoneInbox, "sessions", [Refused()])
    refused = LoneInbox()
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


def test_too_few_messages(inbox: LoneInbox) -> None:
    """The error counts those that matched, and shows the newest of many."""
    for number in range(20):
        inbox.append(with_subject(f"n{number}"))
    with pytest.raises(NoMatchingMessage) as caught:
        inbox.wait_for_count(3, subject=re.compile("n1?7$"), timeout=0)
    report = str(caught.value)
    assert report.startswith("only 2 of 3 messages came within 0 s")
    assert "arrived: 20, of which the newest 5 are\n" in report
    assert "'n14'" not in report
    assert report.index("'n19'") < report.index("'n15'")


def test_the_nearest_of_many(inbox: LoneInbox) -> None:
    """A message that differs in less is the nearest miss, however many came after it."""
    inbox.append(make_message(rcpt_tos=("other@example.com",)))
    inbox.append(with_subject("Wellcome"))
    for _ in range(100):
        inbox.append(make_message(rcpt_tos=("other@example.com",)))
    with pytest.raises(NoMatchingMessage, match=r"nearest miss: .*'Wellcome'"):
        inbox.wait_for(subject="Welcome", to="to@example.com", timeout=0)


def test_a_bug_in_a_condition(inbox: LoneInbox) -> None:
    """What a condition raises reaches the one who waits, and no one else."""
    inbox.append(make_message())
    for wait in (inbox.wait_for, inbox.take, inbox.expect_none):
        with pytest.raises(ZeroDivisionError):
            wait(subject=broken)
    assert inbox.wait_for(timeout=0)
    inbox.append(make_message())


def test_a_wrong_condition(inbox: LoneInbox) -> None:
    """A condition that does not exist is found before anything is waited for."""
    for wait in (inbox.wait_for, inbox.take, inbox.expect_none):
        with pytest.raises(ConfigurationError):
            wait(subjekt="x")


# -- taking, expecting none ------------------------------------------------------------------------


def test_take(inbox: LoneInbox) -> None:
    """Taking removes the oldest message that matches, and leaves the others."""
    messages = [with_subject(subject) for subject in "abb"]
    for message in messages:
        inbox.append(message)
    assert inbox.take(subject="b", timeout=0) is messages[1]
    assert inbox.take(subject="b", timeout=0) is messages[2]
    with pytest.raises(NoMatchingMessage):
        inbox.take(subject="b", timeout=0)
    assert inbox.messages == [messages[0]]


def test_no_two_take_the_same() -> None:
    """Of threads that wait for the same message one takes it, and the others go on waiting."""
    store, takers = Watched(), 4
    inbox, messages = LoneInbox(store=store), [make_message() for _ in range(takers)]
    with ThreadPoolExecutor(takers) as pool:
        taking = [pool.submit(inbox.take, timeout=LONG) for _ in messages]
        store.until_waited_for(takers)
        for message in messages:
            inbox.append(message)
        taken = {future.result().id for future in taking}
    assert taken == {message.id for message in messages}
    assert inbox.messages == []


def test_taken_by_someone_else(inbox: LoneInbox) -> None:
    """A message that goes while it is looked at is not taken."""

    def remove_and_match(_: str) -> bool:
        return inbox.clear() == 1

    inbox.append(make_message())
    with pytest.raises(NoMatchingMessage, match="no message came"):
        inbox.take(subject=remove_and_match, timeout=0)


def test_expect_none(inbox: LoneInbox) -> None:
    """Nothing that matches is what is expected, here or within some time."""
    inbox.append(with_subject("a"))
    inbox.expect_none(subject="b")
    inbox.expect_none(subject="b", within=0.001)
    with pytest.raises(
        NoMatchingMessage, match=r"not wanted: subject='a'\n  22:13:20.250 sender.*'a'"
    ):
        inbox.expect_none(subject="a")


def test_expect_none_ends_early() -> None:
    """A message that should not come ends the waiting."""
    store = Watched()
    inbox = LoneInbox(store=store)
    thread = append_when_waited_for(store, inbox, make_message())
    with pytest.raises(NoMatchingMessage):
        inbox.expect_none(within=LONG)
    thread.join()


def test_clear(inbox: LoneInbox) -> None:
    """Clearing says how many messages there were."""
    inbox.append(make_message())
    inbox.append(make_message())
    assert repr(inbox) == "<LoneInbox with 2 messages>"
    assert (inbox.clear(), inbox.clear()) == (2, 0)
    assert inbox.messages == []


# -- waiting in a loop -----------------------------------------------------------------------------


def later(action: Callable[[], object]) -> None:
    """Run something in another thread once the running task waits."""
    loop = asyncio.get_running_loop()
    loop.call_soon(lambda: Thread(target=action).start())


@pytest.mark.asyncio
async def test_a_message_comes_while_a_loop_waits(inbox: LoneInbox) -> None:
    """A task waits for a message of another thread; the loop goes on, and each is tried once."""
    asyncio.get_running_loop().set_debug(True)  # it then minds being touched by another thread
    messages = [with_subject(subject) for subject in "abc"]
    inbox.append(messages[0])
    condition = Counting("c")
    later(lambda: [inbox.append(message) for message in messages[1:]])
    assert await inbox.wait_for_async(subject=condition, timeout=LONG) is messages[2]
    assert condition.tried == ["a", "b", "c"]


@pytest.mark.asyncio
async def test_a_message_is_here_already(inbox: LoneInbox) -> None:
    """A task gets the message that is here, without time."""
    inbox.append(make_message())
    assert await inbox.wait_for_async(timeout=0)


@pytest.mark.asyncio
async def test_a_loop_waits_in_vain(inbox: LoneInbox) -> None:
    """A task gets the same error as a thread, and the condition's own."""
    inbox.append(with_subject("Welcom"))
    with pytest.raises(NoMatchingMessage, match=r"nearest miss: .*'Welcom'"):
        await inbox.wait_for_async(subject="Welcome", timeout=0.001)
    with pytest.raises(ZeroDivisionError):
        await inbox.wait_for_async(subject=broken)


@pytest.mark.asyncio
async def test_a_loop_expects_none(inbox: LoneInbox) -> None:
    """A task may expect that nothing comes, and hears of it when something does."""
    await inbox.expect_none_async(within=0.001)
    later(lambda: inbox.append(make_message()))
    with pytest.raises(NoMatchingMessage):
        await inbox.expect_none_async(within=LONG)


@pytest.mark.asyncio
async def test_cancelling(inbox: LoneInbox) -> None:
    """A task that is cancelled waits no more and leaves nothing behind."""
    task = asyncio.ensure_future(inbox.wait_for_async(timeout=LONG))
    await asyncio.sleep(0)
    assert inbox.waiting == 1
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert inbox.waiting == 0


def test_a_loop_that_is_gone(inbox: LoneInbox) -> None:
    """A loop that was closed while a task waited does not stop mails from arriving."""
    loop = asyncio.new_event_loop()
    waiting = inbox.wait_for_async(timeout=LONG)
    task = loop.create_task(waiting)
    loop.call_soon(loop.stop)
    loop.run_forever()
    loop.close()
    inbox.append(make_message())
    assert len(inbox.messages) == 1
    task._log_destroy_pending = False  # type: ignore[attr-defined]  # noqa: SLF001 - on purpose here
    with suppress(RuntimeError):  # asyncio's own clearing up wants the loop
        waiting.close()
    assert inbox.waiting == 0


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_under_anyio(inbox: LoneInbox) -> None:
    """Waiting works under anyio on asyncio, and its cancel scopes end it."""
    anyio = pytest.importorskip("anyio")
    with anyio.move_on_after(0.001) as scope:
        await inbox.wait_for_async(timeout=LONG)
    assert scope.cancelled_caught
    assert inbox.waiting == 0
    later(lambda: inbox.append(make_message()))
    assert await inbox.wait_for_async(timeout=LONG)


@pytest.mark.asyncio
async def test_threads_and_tasks_at_once(inbox: LoneInbox) -> None:
    """Tasks and threads that wait for the same message all get it."""
    tasks = [asyncio.ensure_future(inbox.wait_for_async(timeout=LONG)) for _ in range(3)]
    threads = [asyncio.to_thread(inbox.wait_for, timeout=LONG) for _ in range(3)]
    message = make_message()
    later(lambda: inbox.append(message))
    assert await asyncio.gather(*tasks, *threads) == [message] * 6


# -- views, subscribers ----------------------------------------------------------------------------


def test_a_view_sees_its_own_messages(inbox: LoneInbox) -> None:
    """A view waits for, shows, takes and clears its messages alone."""
    view = inbox.view(lambda message: message.subject.startswith("my"))
    messages = [with_subject(subject) for subject in ("a", "my b", "my own")]
    for message in messages:
        inbox.append(message)
    assert view.messages == messages[1:]
    assert view.wait_for(timeout=0) is messages[1]
    with pytest.raises(NoMatchingMessage, match="arrived: 2\n"):
        view.wait_for(subject="a", timeout=0)
    assert view.take(timeout=0) is messages[1]
    assert view.clear() == 1
    view.expect_none()
    assert inbox.messages == messages[:1]


def test_a_view_waits() -> None:
    """A view that waits is not woken by messages of others, nor are they tried."""
    store = Watched()
    inbox = LoneInbox(store=store)
    view = inbox.view(lambda message: message.subject == "mine")
    message = with_subject("mine")
    thread = append_when_waited_for(store, inbox, make_message(), message)
    condition = Counting("mine")
    assert view.wait_for(subject=condition, timeout=LONG) is message
    assert condition.tried == ["mine"]
    thread.join()


def test_subscribing(inbox: LoneInbox) -> None:
    """A subscriber hears of every new message of its view until it ends."""
    heard: list[str] = []
    inbox.append(with_subject("old"))
    stop = inbox.view(lambda message: message.subject != "b").on_message(
        lambda message: heard.append(message.subject)
    )
    for subject in "abc":
        inbox.append(with_subject(subject))
    stop()
    stop()
    inbox.append(with_subject("d"))
    assert heard == ["a", "c"]


def test_a_subscriber_with_a_bug(inbox: LoneInbox) -> None:
    """What a subscriber raises is kept; the message and the other subscribers do not suffer."""
    heard: list[ReceivedMessage] = []
    inbox.on_message(broken)
    inbox.on_message(heard.append)
    message = make_message()
    inbox.append(message)
    assert heard == inbox.messages == [message]
    assert [type(error) for error in inbox.failures] == [ZeroDivisionError]


def test_a_subscriber_uses_the_mailbox(inbox: LoneInbox) -> None:
    """A subscriber may take from the inbox that calls it."""
    taken: list[ReceivedMessage] = []
    inbox.on_message(lambda message: taken.append(inbox.take(id=message.id, timeout=0)))
    inbox.append(make_message())
    assert len(taken) == 1
    assert inbox.messages == inbox.failures == []
