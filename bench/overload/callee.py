#!/usr/bin/env python3
"""The dependency: answers a call after its service time, so many at once; others wait in a queue.

    callee.py --port N --slots N --ms N [--dagor]

    GET /check?user=N        the answer, in time; 503 where the queue is full or the level says no
    GET /capacity?slots=N&ms=N      from now on; the fault and its mend
    GET /healthz /pid

What it can do is a matter of waiting and not of this machine's processors. As a server with a
thread for each call does, it works on calls whose client has gone.
"""

import argparse
import asyncio
import os
import random
import time
from collections import deque
from urllib.parse import parse_qsl, urlsplit

from admission import AdmissionLevel

QUEUE_MAX = 500  # As many as would wait for five seconds where all is well.
SPREAD = 0.25  # Of the service time, either way.
REASONS = {200: "OK", 404: "Not Found", 503: "Service Unavailable"}


class Callee:
    def __init__(self, options):
        self.slots, self.service_s = options.slots, options.ms / 1e3
        self.busy_count = 0
        self.queue = deque()
        self.chance = random.Random(options.port)
        self.level = AdmissionLevel(time.monotonic()) if options.dagor else None

    def check(self, user, answer):
        now = time.monotonic()
        if self.level and not self.level.admits(user, now):
            return answer(503, "level")
        if len(self.queue) >= QUEUE_MAX:
            return answer(503, "queue")
        self.queue.append((now, answer))
        return self.work()

    def work(self):
        while self.queue and self.busy_count < self.slots:
            arrived_at, answer = self.queue.popleft()
            if self.level:
                self.level.note_wait(time.monotonic() - arrived_at)
            self.busy_count += 1
            service_s = self.service_s * self.chance.uniform(1 - SPREAD, 1 + SPREAD)
            asyncio.get_running_loop().call_later(service_s, self.finish, answer)

    def finish(self, answer):
        self.busy_count -= 1
        answer(200, "checked")
        self.work()

    def obey(self, target, answer):
        place = urlsplit(target)
        words = dict(parse_qsl(place.query))
        if place.path == "/check":
            return self.check(int(words.get("user", "0")), answer)
        if place.path == "/capacity":
            self.slots, self.service_s = int(words["slots"]), int(words["ms"]) / 1e3
            self.work()
            return answer(200, "so be it")
        if place.path in ("/healthz", "/pid"):
            return answer(200, str(os.getpid()))
        return answer(404, "no such place")


class Connection(asyncio.Protocol):
    """One call after the other, as HTTP/1.1 proxies send them."""

    def __init__(self, callee):
        self.callee, self.bytes, self.transport = callee, b"", None

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.bytes += data
        while b"\r\n\r\n" in self.bytes:
            head, self.bytes = self.bytes.split(b"\r\n\r\n", 1)
            self.callee.obey(head.split(b" ", 2)[1].decode(), self.answer)

    def answer(self, status, text):
        if not self.transport.is_closing():
            self.transport.write((f"HTTP/1.1 {status} {REASONS[status]}\r\nx-says: {text}\r\n"
                                  f"content-length: {len(text)}\r\n\r\n{text}").encode())


async def serve(options):
    callee = Callee(options)
    server = await asyncio.get_running_loop().create_server(
        lambda: Connection(callee), "127.0.0.1", options.port, backlog=1_024)
    await server.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--slots", type=int, required=True)
    parser.add_argument("--ms", type=int, required=True)
    parser.add_argument("--dagor", action="store_true")
    asyncio.run(serve(parser.parse_args()))
