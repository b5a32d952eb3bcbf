"""A TCP relay between two agents: it lets messages pass, loses them, or breaks off inside one.

It sees every message before the receiver does, and so knows what an agreement has come to.
"""

import collections
import contextlib
import json
import socket
import threading
import time

HEAD_MAX = 8192  # An agent's request has a head of some 100 bytes.
CONNECT_MAX = 1  # Seconds; on loopback a port answers at once, or nobody is there.


def length_of(head):
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line.split(b":")[1])
    raise AssertionError(f"a request without a length: {head[:200]}")


class Relay:
    """`how` is "passes", "loses" (all that comes, in both directions) or "breaks" (inside of each
    message). `before` is told the kind and the bytes of a message while its receiver does not have
    it yet."""

    def __init__(self, port_to, before):
        self.how = "passes"
        self.before = before
        self.port_to = port_to
        self.last = {}  # Kind → the bytes of the last message of it that has passed.
        self.at = {}  # (kind, number of the question, if it has one) → when that has passed last.
        self.counts = collections.Counter()  # How often each thing was done to a message.
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept_all, daemon=True).start()

    def end(self):
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def accept_all(self):
        while True:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(near,), daemon=True).start()

    def serve(self, near):
        """An agent that is dead is not reached through us either."""
        with contextlib.suppress(OSError), near, \
                socket.create_connection(("127.0.0.1", self.port_to), CONNECT_MAX) as far:
            far.settimeout(None)
            threading.Thread(target=self.give_back, args=(far, near), daemon=True).start()
            try:
                self.pass_on(near, far)
            finally:
                for one in (near, far):
                    with contextlib.suppress(OSError):
                        one.shutdown(socket.SHUT_RDWR)

    def give_back(self, far, near):
        with contextlib.suppress(OSError):
            while data := far.recv(65536):
                if self.how == "passes":
                    near.sendall(data)
            near.shutdown(socket.SHUT_RDWR)

    def pass_on(self, near, far):
        """Request after request, each of them whole before any of it is sent on."""
        data = b""
        while more := near.recv(65536):
            data += more
            while b"\r\n\r\n" in data:
                head, rest = data.split(b"\r\n\r\n", 1)
                assert len(head) <= HEAD_MAX, "no head of an agent is so long"
                length = length_of(head)
                if len(rest) < length:
                    break
                request = data[:len(head) + 4 + length]
                data = data[len(request):]
                if not self.pass_one(request, rest[:length], far):
                    return

    def pass_one(self, request, body, far):
        """False: the connection is over."""
        said = json.loads(body)["body"]
        kind = said["kind"]
        self.counts[self.how] += 1
        if self.how == "loses":
            return True
        if self.how == "breaks":
            far.sendall(request[:len(request) - len(body) // 2])
            return False
        self.before(kind, body)
        far.sendall(request)
        self.last[kind] = body
        self.at[kind, said.get("ask")] = time.clock_gettime(time.CLOCK_BOOTTIME)
        return True
