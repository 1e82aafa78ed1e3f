"""The mailbox: waiting, taking and subscribing, from threads and asyncio loops."""

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

LONG = 30.0  # seconds; a test that waits so long has failed


@pytest.fixture
def inbox() -> LoneInbox:
    """Return an empty inbox."""
    return LoneInbox()


class Watched(MemoryStore):
    """A store that counts waiting calls: each call lists the ids when it begins."""

    def __init__(self) -> None:
        super().__init__()
        self._looks = Semaphore(0)

    def ids(self) -> list[str]:
        """Return the ids, and count the call."""
        self._looks.release()
        return super().ids()

    def until_waited_for(self, count: int = 1) -> None:
        """Wait until `count` more calls wait."""
        for _ in range(count):
            assert self._looks.acquire(timeout=LONG)


def append_when_waited_for(store: Watched, inbox: LoneInbox, *messages: ReceivedMessage) -> Thread:
    """Start a thread that appends messages as soon as a call waits."""

    def append() -> None:
        store.until_waited_for()
        for message in messages:
            inbox.append(message)

    thread = Thread(target=append)
    thread.start()
    return thread


def broken(_: object) -> NoReturn:
    """Raise an error, as a callable with a bug."""
    raise ZeroDivisionError


class Counting:
    """A condition that counts how often it is checked."""

    def __init__(self, wanted: str) -> None:
        self.wanted = wanted
        self.tried: list[str] = []

    def __call__(self, value: str) -> bool:
        """Count the call and compare."""
        self.tried.append(value)
        return value == self.wanted


# -- waiting in a thread ---------------------------------------------------------------------------


def test_message_that_has_arrived(inbox: LoneInbox) -> None:
    """`wait_for` returns the oldest message that matches, at once and every time."""
    messages = [with_subject(subject) for subject in ("a", "b", "b")]
    for message in messages:
        inbox.append(message)
    assert inbox.wait_for(subject="b", timeout=0) is messages[1]
    assert inbox.wait_for(subject="b", timeout=0) is messages[1]
    assert inbox.messages == messages


def test_message_that_arrives_later() -> None:
    """`wait_for` returns when a matching message arrives, and checks each message once."""
    store, messages = Watched(), [with_subject(subject) for subject in "abc"]
    inbox = LoneInbox(store=store)
    inbox.append(messages[0])
    thread = append_when_waited_for(store, inbox, *messages[1:])
    condition = Counting("c")
    assert inbox.wait_for(subject=condition, timeout=LONG) is messages[2]
    assert condition.tried == ["a", "b", "c"]
    thread.join()


def test_number_of_messages() -> None:
    """`wait_for_count` returns the oldest messages that match, old and new."""
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
    """Let the interpreter switch threads as often as possible."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)


@pytest.mark.usefixtures("_eager_threads")
def test_no_message_is_missed_or_seen_twice() -> None:
    """Threads that start to wait while messages arrive see each message exactly once."""
    inbox, messages, waiters = LoneInbox(), [make_message() for _ in range(100)], 3
    start, everything = Barrier(waiters + 1), [message.id for message in messages]

    def wait_repeatedly() -> None:
        start.wait(LONG)
        for number in range(1, len(messages) + 1):
            found = inbox.wait_for_count(number, id=everything.__contains__, timeout=LONG)
            assert [message.id for message in found] == everything[:number]

    with ThreadPoolExecutor(waiters) as pool:
        waiting = [pool.submit(wait_repeatedly) for _ in range(waiters)]
        start.wait(LONG)
        for message in messages:
            inbox.append(message)
        for future in waiting:
            future.result()


class CallingLock:
    """A lock that calls a function once, right after it is released."""

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


def test_messages_are_found_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """A message that arrives while earlier ones are being checked is found after them."""
    lock = CallingLock()
    monkeypatch.setattr("fakesmtp.arrivals.Lock", lambda: lock)
    inbox, messages = LoneInbox(), [make_message() for _ in range(3)]
    for message in messages[:2]:
        inbox.append(message)
    lock.then = lambda: inbox.append(messages[2])
    assert inbox.wait_for_count(3, timeout=LONG) == messages


def test_message_is_kept_and_announced_in_one_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """A subscriber that subscribes right after a message was kept does not receive it."""
    lock, received = CallingLock(), list[object]()
    monkeypatch.setattr("fakesmtp.arrivals.Lock", lambda: lock)
    inbox = LoneInbox()
    lock.then = lambda: inbox.on_message(received.append)
    inbox.append(make_message())
    assert inbox.waiting == 1
    assert received == []


class Refused:
    """A session with one refusal."""

    refused = 1

    def describe_refusals(self) -> list[str]:
        """Describe the refusal."""
        return ["session 7: AUTH PLAIN -> 535"]


def test_timeout_error(inbox: LoneInbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """The timeout error has the conditions, the messages, the nearest miss and refusals."""
    with pytest.raises(NoMatchingMessage, match=r"awaited: any message\narrived: nothing$"):
        inbox.wait_for(timeout=0)
    monkeypatch.setattr(LoneInbox, "sessions", [Refused()])
    refused = LoneInbox()
    for subject in ("Bill", "Welcom"):
        refused.append(with_subject(subject))
    with pytest.raises(NoMatchingMessage) as caught:
        refused.wait_for(subject="Welcome", to="to@example.com", timeout=0)
    assert str(caught.value) == (
        "no message came within 0 s\n"
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
    """The error counts the messages that matched, and shows the newest ones."""
    for number in range(20):
        inbox.append(with_subject(f"n{number}"))
    with pytest.raises(NoMatchingMessage) as caught:
        inbox.wait_for_count(3, subject=re.compile("n1?7$"), timeout=0)
    report = str(caught.value)
    assert report.startswith("only 2 of 3 messages came within 0 s")
    assert "arrived: 20, of which the newest 5 are\n" in report
    assert "'n14'" not in report
    assert report.index("'n19'") < report.index("'n15'")


def test_nearest_miss_of_many(inbox: LoneInbox) -> None:
    """The message with the fewest differences is the nearest miss, also among many later ones."""
    inbox.append(make_message(rcpt_tos=("other@example.com",)))
    inbox.append(with_subject("Wellcome"))
    for _ in range(100):
        inbox.append(make_message(rcpt_tos=("other@example.com",)))
    with pytest.raises(NoMatchingMessage, match=r"nearest miss: .*'Wellcome'"):
        inbox.wait_for(subject="Welcome", to="to@example.com", timeout=0)


def test_error_of_a_condition(inbox: LoneInbox) -> None:
    """An error in a condition is raised only by the call that waits with it."""
    inbox.append(make_message())
    for wait in (inbox.wait_for, inbox.take, inbox.expect_none):
        with pytest.raises(ZeroDivisionError):
            wait(subject=broken)
    assert inbox.wait_for(timeout=0)
    inbox.append(make_message())


def test_unknown_condition(inbox: LoneInbox) -> None:
    """An unknown condition is an error before the call waits."""
    for wait in (inbox.wait_for, inbox.take, inbox.expect_none):
        with pytest.raises(ConfigurationError):
            wait(subjekt="x")


# -- taking, expecting none ------------------------------------------------------------------------


def test_take(inbox: LoneInbox) -> None:
    """`take` removes the oldest message that matches, and keeps the others."""
    messages = [with_subject(subject) for subject in "abb"]
    for message in messages:
        inbox.append(message)
    assert inbox.take(subject="b", timeout=0) is messages[1]
    assert inbox.take(subject="b", timeout=0) is messages[2]
    with pytest.raises(NoMatchingMessage):
        inbox.take(subject="b", timeout=0)
    assert inbox.messages == [messages[0]]


def test_each_message_is_taken_once() -> None:
    """When several threads wait for one message, one takes it and the others continue to wait."""
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


def test_message_that_is_removed_meanwhile(inbox: LoneInbox) -> None:
    """A message that is removed while it is being checked is not taken."""

    def remove_and_match(_: str) -> bool:
        return inbox.clear() == 1

    inbox.append(make_message())
    with pytest.raises(NoMatchingMessage, match="no message came"):
        inbox.take(subject=remove_and_match, timeout=0)


def test_expect_none(inbox: LoneInbox) -> None:
    """`expect_none` passes when no message matches, at once or within some time."""
    inbox.append(with_subject("a"))
    inbox.expect_none(subject="b")
    inbox.expect_none(subject="b", within=0.001)
    with pytest.raises(
        NoMatchingMessage, match=r"not wanted: subject='a'\n  22:13:20.250 sender.*'a'"
    ):
        inbox.expect_none(subject="a")


def test_expect_none_ends_early() -> None:
    """`expect_none` fails as soon as a matching message arrives."""
    store = Watched()
    inbox = LoneInbox(store=store)
    thread = append_when_waited_for(store, inbox, make_message())
    with pytest.raises(NoMatchingMessage):
        inbox.expect_none(within=LONG)
    thread.join()


def test_clear(inbox: LoneInbox) -> None:
    """`clear` returns the number of messages."""
    inbox.append(make_message())
    inbox.append(make_message())
    assert repr(inbox) == "<LoneInbox with 2 messages>"
    assert (inbox.clear(), inbox.clear()) == (2, 0)
    assert inbox.messages == []


# -- waiting in a loop -----------------------------------------------------------------------------


def later(action: Callable[[], object]) -> None:
    """Run an action in another thread when the running task waits."""
    loop = asyncio.get_running_loop()
    loop.call_soon(lambda: Thread(target=action).start())


@pytest.mark.asyncio
async def test_message_arrives_while_a_task_waits(inbox: LoneInbox) -> None:
    """A task waits without blocking its loop, and each message is checked once."""
    asyncio.get_running_loop().set_debug(True)  # then calls from other threads raise
    messages = [with_subject(subject) for subject in "abc"]
    inbox.append(messages[0])
    condition = Counting("c")
    later(lambda: [inbox.append(message) for message in messages[1:]])
    assert await inbox.wait_for_async(subject=condition, timeout=LONG) is messages[2]
    assert condition.tried == ["a", "b", "c"]


@pytest.mark.asyncio
async def test_task_gets_a_message_that_has_arrived(inbox: LoneInbox) -> None:
    """A task gets a message that has arrived, also with a timeout of 0."""
    inbox.append(make_message())
    assert await inbox.wait_for_async(timeout=0)


@pytest.mark.asyncio
async def test_errors_in_a_task(inbox: LoneInbox) -> None:
    """A task gets the same timeout error as a thread, and the error of a condition."""
    inbox.append(with_subject("Welcom"))
    with pytest.raises(NoMatchingMessage, match=r"nearest miss: .*'Welcom'"):
        await inbox.wait_for_async(subject="Welcome", timeout=0.001)
    with pytest.raises(ZeroDivisionError):
        await inbox.wait_for_async(subject=broken)


@pytest.mark.asyncio
async def test_task_expects_none(inbox: LoneInbox) -> None:
    """`expect_none_async` passes when no message arrives, and fails when one does."""
    await inbox.expect_none_async(within=0.001)
    later(lambda: inbox.append(make_message()))
    with pytest.raises(NoMatchingMessage):
        await inbox.expect_none_async(within=LONG)


@pytest.mark.asyncio
async def test_cancelling(inbox: LoneInbox) -> None:
    """A cancelled task does not wait any longer, and no waiting call remains."""
    task = asyncio.ensure_future(inbox.wait_for_async(timeout=LONG))
    await asyncio.sleep(0)
    assert inbox.waiting == 1
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert inbox.waiting == 0


def test_loop_that_is_closed(inbox: LoneInbox) -> None:
    """Messages arrive although a loop was closed while its task waited."""
    loop = asyncio.new_event_loop()
    waiting = inbox.wait_for_async(timeout=LONG)
    task = loop.create_task(waiting)
    loop.call_soon(loop.stop)
    loop.run_forever()
    loop.close()
    inbox.append(make_message())
    assert len(inbox.messages) == 1
    task._log_destroy_pending = False  # type: ignore[attr-defined]  # noqa: SLF001 - on purpose here
    with suppress(RuntimeError):  # asyncio's own cleanup needs the loop
        waiting.close()
    assert inbox.waiting == 0


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_under_anyio(inbox: LoneInbox) -> None:
    """Waiting works under anyio on asyncio, and its cancel scopes end the wait."""
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


def test_view_has_only_its_own_messages(inbox: LoneInbox) -> None:
    """A view waits for, lists, takes and clears only its own messages."""
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


def test_view_waits() -> None:
    """Messages outside of a view neither wake its waiting call nor are checked."""
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
    """A subscriber receives every new message of its view until it unsubscribes."""
    received: list[str] = []
    inbox.append(with_subject("old"))
    stop = inbox.view(lambda message: message.subject != "b").on_message(
        lambda message: received.append(message.subject)
    )
    for subject in "abc":
        inbox.append(with_subject(subject))
    stop()
    stop()
    inbox.append(with_subject("d"))
    assert received == ["a", "c"]


def test_error_of_a_subscriber(inbox: LoneInbox) -> None:
    """A subscriber's error is kept; the message and other subscribers are not affected."""
    received: list[ReceivedMessage] = []
    inbox.on_message(broken)
    inbox.on_message(received.append)
    message = make_message()
    inbox.append(message)
    assert received == inbox.messages == [message]
    assert [type(error) for error in inbox.failures] == [ZeroDivisionError]


def test_subscriber_uses_the_inbox(inbox: LoneInbox) -> None:
    """A subscriber can take messages from the inbox that calls it."""
    taken: list[ReceivedMessage] = []
    inbox.on_message(lambda message: taken.append(inbox.take(id=message.id, timeout=0)))
    inbox.append(make_message())
    assert len(taken) == 1
    assert inbox.messages == inbox.failures == []
