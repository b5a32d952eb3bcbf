"""Answers at the addresses of a quick lab's pods and of its Service, which are of the loopback:
what an agent asks of them is answered as the test says, though no pod has a process.

    with PlayedTraffic() as traffic:
        traffic.add("127.96.0.12")
        traffic.answer = lambda address: (0.02, 200)
"""

import asyncio
import collections
import socket
import sys
import threading
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))

from free_ports import free_port  # noqa: E402

PODS_MAX = 64
POD_ADDRESSES = [f"127.64.0.{number}" for number in range(1, PODS_MAX + 1)]


class PlayedTraffic:
    """One port at each of the addresses; `answer(address)` gives (seconds, status)."""

    def __init__(self):
        self.answer = lambda address: (0, 200)
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.listening, self.port = [], free_port()
        self.asked = collections.Counter()  # Requests by address.
        self.listened = set()

    def __enter__(self):
        self.thread.start()
        for address in POD_ADDRESSES:
            self.add(address)
        return self

    def __exit__(self, *_):
        for server in self.listening:
            self.loop.call_soon_threadsafe(server.close)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()

    def add(self, address):
        if address in self.listened:  # Of a Service that is gone.
            return
        self.listened.add(address)
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((address, self.port))
        self.listening.append(asyncio.run_coroutine_threadsafe(
            asyncio.start_server(self.serve, sock=listener), self.loop).result(10))

    async def serve(self, reader, writer):
        try:
            while (await reader.readline()).strip():
                pass
            address = writer.get_extra_info("sockname")[0]
            self.asked[address] += 1
            seconds, status = self.answer(address)
            await asyncio.sleep(seconds)
            writer.write(f"HTTP/1.1 {status} As played\r\nContent-Length: 2\r\n"
                         "Connection: close\r\n\r\nok".encode())
            await writer.drain()
        except OSError:
            pass
        finally:
            writer.close()


class PartOfTraffic:
    """What a Deployment of several that are tried at once is asked: `answer` as above, of its
    Service's address, and of its pods' where they are `sick`; all else is well."""

    parts = {}  # By address.
    sick = {}  # What pods answer instead, by address.

    def __init__(self, traffic):
        self.traffic, self.port, self.asked = traffic, traffic.port, traffic.asked
        self.answer = self.be_well
        traffic.answer = self.answer_of_whom_it_is

    def add(self, address):
        self.parts[address] = self
        self.traffic.add(address)

    @staticmethod
    def be_well(address):
        return 0.002, 200

    @classmethod
    def answer_of_whom_it_is(cls, address):
        if address in cls.sick:
            return cls.sick[address]
        part = cls.parts.get(address)
        return part.answer(address) if part else cls.be_well(address)
