"""What a test of a server under test needs: the process, the neighbours that it believes to have,
and ways to wait for what it says and for what it is in.

A neighbour here is scripted. It has a key and uses nothing of the protocol but its byte form, so
it can say what no agent would. Nothing waits for a span of time: a wait is for a message or a
state, and ends in a failure when that does not come.
"""

from __future__ import annotations

import ctypes
import http.client
import json
import queue
import shlex
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (Encoding, NoEncryption, PrivateFormat,
                                                          PublicFormat)

from wire import VALID_MS, Discarded, Message, Thread, open_line, seal, sign_text, text_of

LIBC = ctypes.CDLL(None)
PR_SET_PDEATHSIG = 1
THREAD = Thread("i-7", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
BAD = {"errors_permille": 300, "p95_ms": 40, "queue_ms": 50, "window_ms": 1_000,
       "requests_count": 100}
GOOD = {"errors_permille": 0, "p95_ms": 9, "queue_ms": 1, "window_ms": 1_000,
        "requests_count": 100}


class Patience:
    """Of each wait. Only a failure takes so long; a test that expects one takes less."""
    seconds = 20.0


class Failed(AssertionError):
    """A rule of the standard that was not kept, in words."""


def must(holds: Any, says: str) -> None:
    if not holds:
        raise Failed(says)


def wait_for(what: Callable[[], Any], says: Callable[[], str]) -> Any:
    """The first true value of `what`."""
    end = time.monotonic() + Patience.seconds
    while time.monotonic() < end:
        value = what()
        if value:
            return value
        time.sleep(0.005)
    raise Failed(says())


def ms() -> float:
    return time.monotonic() * 1_000


def public_hex(key: Ed25519PrivateKey) -> str:
    return key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw).hex()


def seed_hex(key: Ed25519PrivateKey) -> str:
    return key.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption()).hex()


class Line:
    """A kept-alive connection, and whole answers."""

    def __init__(self, port: int):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=Patience.seconds)

    def ask(self, method: str, path: str, body: bytes | None = None) -> tuple[int, bytes]:
        headers = {"Content-Type": "application/json"} if body is not None else {}
        try:
            self.connection.request(method, path, body, headers)
        except (ConnectionError, http.client.CannotSendRequest):
            self.connection.close()  # It was closed after the last answer.
            self.connection.request(method, path, body, headers)
        answer = self.connection.getresponse()
        return answer.status, answer.read()

    def close(self) -> None:
        self.connection.close()


class Neighbour:
    """A scripted one. What it is told lies in `heard`, in order."""

    def __init__(self, name: str, key: Ed25519PrivateKey | None = None):
        self.name = name
        self.key = key or Ed25519PrivateKey.generate()
        self.epoch = 1
        self.sequence = 0
        self.server_epoch = 0
        self.last: bytes = b""
        self.incoming: queue.Queue[Message | Exception] = queue.Queue()
        self.keys: dict[str, Any] = {}
        self.line: Line | None = None
        self.server_name = ""
        self.connections = 0
        self.content_types: set[str] = set()
        neighbour = self

        class Door(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1
            disable_nagle_algorithm = True

            def setup(self) -> None:
                super().setup()
                neighbour.connections += 1

            def do_POST(self) -> None:
                line = self.rfile.read(int(self.headers["Content-Length"]))
                neighbour.take(self.path, self.headers.get("Content-Type", ""), line)
                self.send_response(202)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_: Any) -> None:
                """The server under test was killed, and its connection with it."""

        self.http = Server(("127.0.0.1", 0), Door)
        threading.Thread(target=self.http.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.http.server_address[1]}"

    def take(self, path: str, content_type: str, line: bytes) -> None:
        """On the server's thread: what is wrong with it is told to who waits for it."""
        try:
            must(path == "/v1/pledges", f"over HTTP: the path is {path}")
            self.content_types.add(content_type)
            message = open_line(line, self.keys)
            must(message.to == self.name, f"{self.name} is told what is meant for {message.to}")
            must(message.valid_ms == VALID_MS[message.kind],
                 f"valid_ms of a {message.kind} is {message.valid_ms}")
        except (Failed, Discarded) as wrong:
            self.incoming.put(wrong)
            return
        self.server_epoch = message.epoch
        self.incoming.put(message)

    def message(self, kind: str, thread: Thread = THREAD, **members: Any) -> Message:
        """The next one to the server under test. `envelope_…` members change the envelope."""
        self.sequence += 1
        changes = {key.removeprefix("envelope_"): members.pop(key)
                   for key in list(members) if key.startswith("envelope_")}
        envelope: dict[str, Any] = {
            "sender": self.name, "to": self.server_name, "epoch": self.epoch,
            "to_epoch": self.server_epoch, "sequence": self.sequence, "sent_ms": int(ms()),
            "valid_ms": 60_000, "thread": Thread() if kind == "beacon" else thread,
            "body": {"kind": kind, **members}}
        return Message(**(envelope | changes))

    def post(self, line: bytes) -> tuple[int, str]:
        """The status, and the name of the count if it was thrown away."""
        self.last = line
        status, body = self.line.ask("POST", "/v1/pledges", line)
        if status == 202:
            must(body == b"", "over HTTP: 202 has an empty body")
            return status, ""
        must(body == text_of(json.loads(body)), f"over HTTP: the body of {status} is {body!r}")
        value = json.loads(body)
        must(list(value) == ["discarded"], f"over HTTP: the body of {status} is {body!r}")
        return status, value["discarded"]

    def say(self, kind: str, thread: Thread = THREAD, **members: Any) -> None:
        """A message that has to be admitted."""
        answer = self.post(seal(self.message(kind, thread, **members), self.key))
        must(answer == (202, ""), f"a {kind} of a neighbour was not admitted: {answer}")

    def greet(self, level: int = 0) -> None:
        self.say("beacon", level=level, queue_ms=0, inflight_count=0, floor_rps=0, self_health=0)

    def expect(self, kind: str, **members: Any) -> Message:
        """The next message that is no beacon has to be this one."""
        message = self.next()
        must(message.kind == kind, f"{kind} was due to {self.name}, and it said {message.body}")
        for name, value in members.items():
            must(message.body[name] == value,
                 f"{kind} with {name} {value} was due, and it said {message.body}")
        return message

    def next(self, beacons: bool = False,
             where: Callable[[Message], bool] = lambda message: True) -> Message:
        """Takes out what comes before it, too."""
        end = time.monotonic() + Patience.seconds
        while True:
            try:
                message = self.incoming.get(timeout=max(0.0, end - time.monotonic()))
            except queue.Empty:
                raise Failed(f"{self.name} was not told what was due") from None
            if isinstance(message, Exception):
                raise Failed(f"what {self.name} was told is none of the protocol's: {message}")
            if beacons == (message.kind == "beacon") and where(message):
                return message

    def fence(self) -> None:
        """Everything that it was told before is taken out, and the answer to this comes after it,
        on the same connection: so nothing but this has been said."""
        self.say("offer", route="no.such", ask=1, pledge=99, mode="lean", rps_max=45,
                 ttl_ms=2_000)
        self.expect("refuse", route="no.such", number=99, reason="not_mine")

    def end(self) -> None:
        self.http.shutdown()
        self.http.server_close()
        if self.line:
            self.line.close()


class Sut:
    """The server under test: its process, and what the test tells and asks it."""

    def __init__(self, command: str, folder: Path, name: str, neighbours: list[Neighbour],
                 **settings: Any):
        self.command = shlex.split(command)
        self.folder = folder
        self.name = name
        self.neighbours = neighbours
        self.key = Ed25519PrivateKey.generate()
        self.process: subprocess.Popen[str] | None = None
        self.line: Line | None = None
        self.port = 0
        self.settings = {
            "self": name, "signing_seed": seed_hex(self.key),
            "epoch_file": str(folder / f"{name}.epoch"), "jitter_seed": 7,
            "neighbours": [{"agent": one.name, "key": public_hex(one.key), "url": one.url}
                           for one in neighbours], **settings}

    def start(self, **settings: Any) -> None:
        for one in self.neighbours:
            one.keys = {self.name: self.key.public_key()}
            one.server_name = self.name
        config = self.folder / f"{self.name}.json"
        config.write_text(json.dumps(self.settings | settings))
        with (self.folder / f"{self.name}.log").open("a") as log:
            self.process = subprocess.Popen(
                [*self.command, "--config", str(config), "--port", str(self.port)],
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, text=True,
                preexec_fn=lambda: LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL))
        said = self.process.stdout.readline()
        must(said.startswith("listening on 127.0.0.1:"),
             f"the server says {said!r} instead of where it listens; {self.log()}")
        self.port = int(said.rsplit(":", 1)[1])
        self.line = Line(self.port)
        for one in self.neighbours:
            one.line = Line(self.port)

    def know_each_other(self) -> None:
        """Both sides have heard of the other's present life."""
        epoch = self.state()["epoch"]
        for one in self.neighbours:
            one.next(beacons=True, where=lambda message: message.epoch == epoch)
            one.greet()

    def kill(self) -> None:
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process.stdout.close()
            self.process = None
        if self.line:
            self.line.close()

    def log(self) -> str:
        return (self.folder / f"{self.name}.log").read_text()[-2_000:]

    def tell(self, what: str, value: dict[str, Any]) -> None:
        status, body = self.line.ask("POST", f"/test/{what}", text_of(value))
        must(status == 204, f"/test/{what} answers {status} {body!r}")

    def look(self, evidence: dict[str, int], route: str = "cart.pay", count: int = 1,
             **changes: int) -> None:
        for _ in range(count):
            self.tell("looked", {"route": route, **evidence, **changes,
                                 "incident": THREAD.incident, "traceparent": THREAD.traceparent})

    def load(self, capacity_rps: int = 100, need: str = "more", **members: int) -> None:
        self.tell("load", {"capacity_rps": capacity_rps, "need": need, **members})

    def condition(self, **members: Any) -> None:
        self.tell("condition", members)

    def data_plane(self, answer: str) -> None:
        self.tell("data_plane", {"answer": answer})

    def state(self) -> dict[str, Any]:
        status, body = self.line.ask("GET", "/test/state")
        must(status == 200, f"/test/state answers {status}")
        return json.loads(body)

    def route(self, route: str = "cart.pay") -> dict[str, Any]:
        return self.state()["routes"][route]

    def caller(self, caller: str = "cart", route: str = "cart.pay") -> dict[str, Any]:
        return next(one for one in self.state()["callers"]
                    if (one["caller"], one["route"]) == (caller, route))

    def wait_phase(self, phase: str, route: str = "cart.pay") -> dict[str, Any]:
        def is_there() -> dict[str, Any] | None:
            found = self.route(route)
            return found if found["phase"] == phase else None
        return wait_for(is_there, lambda: f"{phase} was due, and it is {self.route(route)}")

    def wait_caller(self, phase: str, caller: str = "cart",
                    route: str = "cart.pay") -> dict[str, Any]:
        def is_there() -> dict[str, Any] | None:
            found = self.caller(caller, route)
            return found if found["phase"] == phase else None
        return wait_for(is_there,
                        lambda: f"{phase} was due, and it is {self.caller(caller, route)}")


def free_port() -> int:
    """One that the kernel has just given away and got back: for two servers that have to know of
    each other before either is there."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def resigned(message: Message, key: Ed25519PrivateKey, change: Callable[[bytes], bytes]) -> bytes:
    """A line whose signature fits to bytes that no agent would write."""
    return sign_text(change(text_of(message.as_object())), key)
