#!/usr/bin/env python3
"""A second implementation of the pledge protocol (docs/pledges.md): its HTTP, and the program.

The core is in agent.py; this file gives it a clock, a socket and a file for its epoch. It is made
to be read and to be tested against. It stands in front of no real data plane: the one in here
does as a test tells it.

    pledges.py sut --config FILE --port 0      a server under test (tests/pledges/README.md)
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import queue
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from agent import (Agent, Applied, Arrived, Condition, Event, FoundInMode, Intending, Load, Looked,
                   Woken, Working)
from precedence import WORKS
from settings import (EnterMode, Neighbour, Order, Ramp, Restore, Settings, Terms, Throttle,
                      settings_of)
from wire import (BYTES_MAX, DISCARDS, EVIDENCE, KINDS, TRACEPARENT, Message, Thread, is_name,
                  keeps, seal)

QUEUE_MAX = 64  # Messages that wait for one neighbour. What does not fit is lost, as any may be.
WAITS_MS_MAX = 1_000  # No kind of message is valid for longer; the receiver goes by the kind.
ANSWER_WITHIN_S = 1.0
TEST_BYTES_MAX = 4_096
DRAINED_BYTES_MAX = 65_536


def now_ms() -> int:
    """Counts on while the machine sleeps: a promise ends in the world's time, not in ours."""
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000


def next_epoch(path: Path) -> int:
    """One higher than the last life's, and durable when this returns."""
    epoch = int(path.read_text()) + 1 if path.exists() else 1
    written = path.with_name(path.name + ".new")
    with written.open("w") as file:
        file.write(f"{epoch}\n")
        file.flush()
        os.fsync(file.fileno())
    written.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    return epoch


class Sender(threading.Thread):
    """The connection to one neighbour: kept open, one message after the other."""

    def __init__(self, neighbour: Neighbour):
        super().__init__(daemon=True, name=f"to {neighbour.agent}")
        self.address = urlsplit(neighbour.url)
        self.waiting: queue.Queue[tuple[int, bytes]] = queue.Queue(QUEUE_MAX)
        self.connection: http.client.HTTPConnection | None = None

    def send(self, line: bytes, until: int) -> None:
        try:
            self.waiting.put_nowait((until, line))
        except queue.Full:
            pass

    def run(self) -> None:
        while True:
            until, line = self.waiting.get()
            if now_ms() < until:
                self._post(line)

    def _post(self, line: bytes) -> None:
        """Once. A kept connection may have been closed meanwhile; then the message is lost, and
        the next one opens another."""
        try:
            if self.connection is None:
                self.connection = http.client.HTTPConnection(
                    self.address.hostname, self.address.port, timeout=ANSWER_WITHIN_S)
            self.connection.request("POST", self.address.path.rstrip("/") + "/v1/pledges", line,
                                    {"Content-Type": "application/json"})
            answer = self.connection.getresponse()
            answer.read()  # What it says changes nothing: answers are messages of their own.
            if answer.will_close:
                self._hang_up()
        except (OSError, http.client.HTTPException):
            self._hang_up()

    def _hang_up(self) -> None:
        if self.connection:
            self.connection.close()
            self.connection = None


class TestDataPlane:
    """Where EnterMode and the others go. It ends what they say by itself."""

    def __init__(self) -> None:
        self.answer = "obey"
        self.modes: dict[str, EnterMode] = {}
        self.throttles: dict[str, Throttle] = {}
        self.ramps: dict[str, Ramp] = {}

    def carry_out(self, order: Order) -> Applied | None:
        if isinstance(order, EnterMode):
            if self.answer == "obey":
                self._clear(order.route)
                self.modes[order.route] = order
            if self.answer == "silent":
                return None
            return Applied(order.route, order.number, self.answer == "obey")
        if isinstance(order, Restore):
            self._clear(order.route)
        if isinstance(order, Ramp):
            self._clear(order.route)
            self.ramps[order.route] = order
        if isinstance(order, Throttle):
            self._clear(order.route)
            self.throttles[order.route] = order
        return None

    def describe(self, route: str, now: int) -> dict[str, Any]:
        mode, throttle, ramp = (
            orders[route] if route in orders and now < orders[route].until else None
            for orders in (self.modes, self.throttles, self.ramps))
        redirect = mode.redirect if mode else None
        if redirect and now >= redirect.until:
            redirect = None
        return {"mode": mode.terms.mode if mode else None,
                "rps_max": mode.terms.rps_max if mode else None,
                "left_ms": mode.until - now if mode else None,
                "redirect": {"via": redirect.via, "rps": redirect.rps,
                             "left_ms": redirect.until - now} if redirect else None,
                "drop_permille": throttle.drop_permille if throttle else 0,
                "share_percent": ramp.share_percent if ramp else 100}

    def _clear(self, route: str) -> None:
        for orders in (self.modes, self.throttles, self.ramps):
            orders.pop(route, None)


class Shell:
    """Gives the agent one event at a time, and carries out what comes of it."""

    def __init__(self, settings: Settings):
        self.settings = settings
        self.changed = threading.Condition()
        self.plane = TestDataPlane()
        self.senders = {one.agent: Sender(one) for one in settings.neighbours}
        self.agent = Agent(settings, next_epoch(Path(settings.epoch_file)), now_ms())

    def start(self) -> None:
        for sender in self.senders.values():
            sender.start()
        for found in self.settings.found:
            terms = Terms(found.mode, found.rps_max)
            self.plane.modes[found.route] = EnterMode(found.route, 0, terms, None,
                                                      now_ms() + found.left_ms)
            self.take(FoundInMode(found.route, terms))
        threading.Thread(target=self._wake_forever, daemon=True, name="wake").start()

    def take(self, event: Event) -> str | None:
        """Why the bytes that arrived were thrown away; None: they were not."""
        with self.changed:
            turn = self.agent.step(event, now_ms())
            events: deque[Event] = deque()
            discarded = turn.discarded
            while True:
                for message in turn.messages:
                    self._send(message)
                for order in turn.orders:
                    applied = self.plane.carry_out(order)
                    if applied:
                        events.append(applied)
                if not events:
                    break
                turn = self.agent.step(events.popleft(), now_ms())
            self.changed.notify_all()
            return discarded

    def _send(self, message: Message) -> None:
        self.senders[message.to].send(seal(message, self.settings.signing_key),
                                      message.sent_ms + WAITS_MS_MAX)

    def _wake_forever(self) -> None:
        while True:
            with self.changed:
                left_ms = self.agent.wake_at() - now_ms()
                # At least a millisecond: what is due may have to wait for something else.
                self.changed.wait(max(1, left_ms) / 1_000)
                is_due = now_ms() >= self.agent.wake_at()
            if is_due:
                self.take(Woken())

    def describe(self) -> dict[str, Any]:
        with self.changed:
            now = now_ms()
            return {
                "self": self.settings.self,
                "epoch": self.agent.epoch,
                "lends": self.agent.capacity.lends(now),
                "routes": {name: self._describe_route(name, now) for name in self.agent.routes},
                "callers": [
                    {"caller": caller, "route": route, "phase": one.phase,
                     "mode": one.relied.mode if one.phase == "relying" else None,
                     "rps_max": one.relied.rps_max if one.phase == "relying" else None,
                     "left_ms": one.relies_until - now if one.phase == "relying" else None}
                    for (caller, route), one in self.agent.callers.items()],
                "precedence": self._describe_precedence(now),
                "discarded": {why: self.agent.inbox.discarded[why] for why in DISCARDS}}

    def _describe_precedence(self, now: int) -> dict[str, Any]:
        precedence = self.agent.precedence
        return {"is_asking": precedence.until is not None,
                "is_taking": precedence.is_taking(now),
                "words": [{"neighbour": one.neighbour, "says": one.says,
                           "lasts_ms": one.lasts_ms} for one in precedence.answers]}

    def _describe_route(self, name: str, now: int) -> dict[str, Any]:
        route = self.agent.routes[name]
        held, grant = route.held, route.grant
        return {"phase": route.phase,
                "promise": {"pledge": held.pledge, "turn": held.turn, "mode": held.terms.mode,
                            "rps_max": held.terms.rps_max,
                            "left_ms": held.until - now} if held else None,
                "grant": {"via": grant.via, "rps": grant.rps,
                          "left_ms": grant.until - now} if grant else None,
                "data_plane": self.plane.describe(name, now)}


class TestDoor:
    """What of the world a test tells the agent (tests/pledges/README.md)."""

    def __init__(self, shell: Shell):
        self.shell = shell
        self.doors: dict[str, Callable[[dict[str, Any]], None]] = {
            "/test/looked": self._looked,
            "/test/load": self._load,
            "/test/condition": lambda value: self._take(Condition(**value)),
            "/test/data_plane": self._data_plane,
            "/test/intend": self._intend,
            "/test/working": self._working}

    def tell(self, path: str, body: bytes) -> None:
        """Raises ValueError, TypeError or KeyError when it makes no sense of it."""
        self.doors[path](json.loads(body))

    def _take(self, event: Event) -> None:
        self.shell.take(event)

    def _looked(self, value: dict[str, Any]) -> None:
        evidence = {name: value[name] for name in EVIDENCE}
        if not (keeps(EVIDENCE, evidence) and is_name(value["incident"])
                and TRACEPARENT.fullmatch(value["traceparent"])):
            raise ValueError("out of bounds")
        self._take(Looked(value["route"], evidence,
                          Thread(value["incident"], value["traceparent"])))

    def _intend(self, value: dict[str, Any]) -> None:
        if not is_name(value["incident"]) or not TRACEPARENT.fullmatch(value["traceparent"]):
            raise ValueError("out of bounds")
        self._take(Intending(Thread(value["incident"], value["traceparent"])))

    def _working(self, value: dict[str, Any]) -> None:
        if value["work"] not in WORKS:
            raise ValueError("no such work")
        self._take(Working(value["work"]))

    def _load(self, value: dict[str, Any]) -> None:
        load = Load(**value)
        told = KINDS["beacon"]
        wrong = [name for name in ("level", "queue_ms", "inflight_count", "floor_rps")
                 if not told[name](getattr(load, name))]
        if wrong or load.need not in ("none", "keep", "more") or load.capacity_rps < 0:
            raise ValueError(f"out of bounds: {wrong}")
        self._take(load)

    def _data_plane(self, value: dict[str, Any]) -> None:
        if value["answer"] not in ("obey", "refuse", "silent"):
            raise ValueError("no such answer")
        with self.shell.changed:
            self.shell.plane.answer = value["answer"]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # An answer leaves in one piece; in two it would wait for an acknowledgement.
    disable_nagle_algorithm = True
    shell: Shell
    door: TestDoor

    def do_POST(self) -> None:
        is_message = self.path == "/v1/pledges"
        if not is_message and self.path not in self.door.doors:
            return self._answer(404, close=True)
        size = self._size()
        if size is None:
            return self._answer(411, close=True)
        if size > (BYTES_MAX if is_message else TEST_BYTES_MAX):
            return self._oversized(is_message, size)
        body = self.rfile.read(size)
        if is_message:
            discarded = self.shell.take(Arrived(body))
            return self._answer(400 if discarded else 202,
                                {"discarded": discarded} if discarded else None)
        try:
            self.door.tell(self.path, body)
        except (ValueError, TypeError, KeyError) as wrong:
            return self._answer(400, {"wrong": str(wrong)})
        self._answer(204)

    def do_GET(self) -> None:
        if self.path == "/test/state":
            self._answer(200, self.shell.describe())
        else:
            self._answer(405 if self.path == "/v1/pledges" else 404)

    def _size(self) -> int | None:
        text = self.headers.get("Content-Length", "")
        return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None

    def _oversized(self, is_message: bool, size: int) -> None:
        """Nothing is made of it, and the connection ends; a message is counted. What has come of
        it is taken off the socket, because closing over it could take the answer along."""
        self.rfile.read(min(size, DRAINED_BYTES_MAX))
        if is_message:
            self.shell.take(Arrived(b" " * (BYTES_MAX + 1)))
        self._answer(413, {"discarded": "oversized"}, close=True)

    def _answer(self, status: int, value: Any = None, close: bool = False) -> None:
        body = b"" if value is None else json.dumps(value, separators=(",", ":")).encode()
        self.send_response(status)
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        if body:
            self.send_header("Content-Type", "application/json")
        if close:
            self.send_header("Connection", "close")
            self.close_connection = True
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """It says nothing of requests: whoever tests it asks for its state."""


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A connection that broke is nothing: what was on it is lost. Others are mistakes."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


def serve(settings: Settings, port: int) -> int:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    shell = Shell(settings)

    class Bound(Handler):
        pass

    Bound.shell, Bound.door = shell, TestDoor(shell)
    server = Server(("127.0.0.1", port), Bound)
    shell.start()
    print(f"listening on 127.0.0.1:{server.server_address[1]}", flush=True)
    server.serve_forever()
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    sut = commands.add_parser("sut", help="a server under test on 127.0.0.1")
    sut.add_argument("--config", type=Path, required=True,
                     help="JSON; tests/pledges/README.md says of what")
    sut.add_argument("--port", type=int, required=True, help="0: one that is free")
    options = parser.parse_args()
    try:
        settings = settings_of(json.loads(options.config.read_text()))
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as wrong:
        print(f"{options.config}: {wrong!r}", file=sys.stderr)
        return 2
    return serve(settings, options.port)


if __name__ == "__main__":
    sys.exit(main())
