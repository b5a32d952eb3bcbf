"""The caller: calls arrive whether or not the last one was answered, and each is tried up to three
times until its deadline.

One arrival schedule for each seed, the same under every policy: a Poisson process, with the
priority of each call's user. Callbacks and no coroutines, so that two cores carry it all.
"""

import asyncio
import random
from dataclasses import dataclass

from admission import AdmissionLevel

TRIES_MAX = 3
TRY_S, DEADLINE_S = 0.250, 1.0
BACK_OFF_S = 0.025  # The first; doubles. Drawn below it, as Envoy and others do.


@dataclass(frozen=True)
class Arrival:
    due_s: float  # From the beginning of the load.
    user: int


@dataclass(frozen=True)
class Ending:
    """How a call ended for who made it."""

    due_s: float
    took_s: float
    came: str  # "answer", "fallback", or "nothing".
    tries: int


def schedule(seed, rate, length_s):
    chance = random.Random(seed)
    due_s = chance.expovariate(rate)
    while due_s < length_s:
        yield Arrival(due_s, chance.randrange(AdmissionLevel.USERS))
        due_s += chance.expovariate(rate)


class Connection(asyncio.Protocol):
    """To the edge; for one try after the other."""

    def __init__(self, idle, attempt):
        self.idle, self.attempt = idle, attempt
        self.transport, self.bytes = None, b""

    def connection_made(self, transport):
        self.transport = transport
        if self.attempt is None:
            transport.abort()  # Its try ran out of time before.
        else:
            self.send()

    def send(self):
        self.transport.write(
            b"GET /check?user=%d HTTP/1.1\r\nhost: callee\r\n\r\n" % self.attempt.user)

    def begin(self, attempt):
        self.attempt = attempt
        self.send()

    def give_up(self):
        """A try that ran out of time is not waited for, nor its connection used again."""
        self.attempt = None
        if self.transport:
            self.transport.abort()

    def data_received(self, data):
        self.bytes += data
        head, end, text = self.bytes.partition(b"\r\n\r\n")
        head = head.lower()
        if self.attempt is None or not end or len(text) < length_of(head):
            return
        attempt, self.attempt, self.bytes = self.attempt, None, b""
        if b"connection: close" in head:
            self.transport.abort()
        else:
            self.idle.append(self)
        if head.split(b" ", 2)[1] != b"200":
            attempt.end("nothing")
        else:
            attempt.end("fallback" if b"x-fallback:" in head else "answer")

    def connection_lost(self, _):
        if self in self.idle:
            self.idle.remove(self)
        if self.attempt:
            attempt, self.attempt = self.attempt, None
            attempt.end("nothing")


def length_of(head):
    _, _, after = head.partition(b"content-length:")
    return int(after.split(b"\r\n", 1)[0]) if after else 0


class Attempt:
    """One try of a call."""

    def __init__(self, call, within_s):
        self.call, self.user = call, call.arrival.user
        self.loop, self.idle = call.caller.loop, call.caller.idle
        self.timer = self.loop.call_later(within_s, self.run_out)
        self.connection = self.idle.pop() if self.idle else None
        if self.connection:
            self.connection.begin(self)
        else:
            self.connection = Connection(self.idle, self)
            self.loop.create_task(self.connect())

    async def connect(self):
        try:
            await self.loop.create_connection(lambda: self.connection, "127.0.0.1",
                                              self.call.caller.port)
        except OSError:
            self.end("nothing")

    def run_out(self):
        self.connection.give_up()
        self.end("nothing")

    def end(self, came):
        if self.timer:
            self.timer.cancel()
            self.timer = None
            self.call.tried(came)


class Call:
    def __init__(self, caller, arrival, due_at):
        self.caller, self.arrival, self.due_at = caller, arrival, due_at
        self.tries, self.began_at = 0, 0.0

    def try_once(self):
        throttle, self.began_at = self.caller.throttle, self.caller.loop.time()
        left_s = self.due_at + DEADLINE_S - self.began_at
        if left_s <= 0:
            return self.end("nothing")
        if throttle:
            drop_chance = throttle.drop_chance(self.began_at)
            throttle.note_asked(self.began_at)
            if self.caller.chance.random() < drop_chance:
                return self.end("nothing")  # Here and now; to try again would be to ask again.
        self.tries += 1
        Attempt(self, min(TRY_S, left_s))

    def tried(self, came):
        if came != "fallback":
            self.caller.passed_at.append(self.began_at)
        if came != "nothing" or self.tries == TRIES_MAX:
            return self.end(came)
        back_off_s = self.caller.chance.uniform(0, BACK_OFF_S * 2 ** self.tries)
        self.caller.loop.call_later(back_off_s, self.try_once)

    def end(self, came):
        now = self.caller.loop.time()
        if self.caller.throttle and came != "nothing":
            self.caller.throttle.note_accepted(now)
        self.caller.ended(Ending(self.arrival.due_s, now - self.due_at, came, self.tries))


class Caller:
    def __init__(self, port, seed, throttle=None):
        self.port, self.throttle = port, throttle
        self.loop = asyncio.get_running_loop()
        self.chance = random.Random(seed + 1_000_000)
        self.idle, self.endings = [], []
        self.passed_at = []  # When tries began that the edge did not answer itself.
        self.lateness_s = []  # Of the generator itself: an open loop that is late is none.
        self.under_way_count = 1  # The schedule itself counts as one.
        self.is_over = asyncio.Event()

    async def run(self, arrivals, began_at):
        for arrival in arrivals:
            due_at = began_at + arrival.due_s
            if (ahead_s := due_at - self.loop.time()) > 0:
                await asyncio.sleep(ahead_s)
            self.lateness_s.append(self.loop.time() - due_at)
            self.under_way_count += 1
            Call(self, arrival, due_at).try_once()
        self.one_less()
        await self.is_over.wait()

    def ended(self, ending):
        self.endings.append(ending)
        self.one_less()

    def one_less(self):
        self.under_way_count -= 1
        if self.under_way_count == 0:
            self.is_over.set()
