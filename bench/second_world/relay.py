#!/usr/bin/env python3
"""A TCP relay that spoils what passes it: late, lost, cut or mute. What `tc` does in the kernel,
for one connection at a time.

    relay.py FILE     {"routes": [[listen, target], …], "how": {listen: {…}}}

FILE is read again on SIGHUP. Loss is as TCP shows it to a program: what was lost comes after a
timeout of 200 ms, and after 400 ms more if that is lost too.
"""

import asyncio
import json
import random
import signal
import sys
from pathlib import Path

TIMEOUT_S = 0.2  # Of a retransmission: the least that Linux waits.
TRIES_MAX = 5


class Relay:
    def __init__(self, file):
        self.file = Path(file)
        self.rng = random.Random(1)
        self.how = {}
        self.writers = {}  # By port: of connections that are open.

    def read(self):
        told = json.loads(self.file.read_text())
        self.how = told.get("how", {})
        for port, how in self.how.items():
            if how.get("is_cut"):
                for writer in list(self.writers.get(int(port), ())):
                    writer.transport.abort()
        return told["routes"]

    def late_s(self, how):
        late = how.get("delay_ms", 0) / 2000  # Half of it each way.
        for trial in range(TRIES_MAX):
            if self.rng.random() >= how.get("loss", 0):
                break
            late += TIMEOUT_S * 2 ** trial
        return late

    async def pump(self, port, reader, writer):
        """In order, as TCP keeps it: what comes after something late is late as well."""
        free_at = 0.0
        loop = asyncio.get_running_loop()
        while data := await reader.read(65536):
            how = self.how.get(str(port), {})
            while how.get("is_mute"):
                await asyncio.sleep(0.1)
                how = self.how.get(str(port), {})
            free_at = max(free_at, loop.time() + self.late_s(how))
            if free_at > loop.time():
                await asyncio.sleep(free_at - loop.time())
            writer.write(data)
            await writer.drain()

    async def serve(self, port, target, reader, writer):
        if self.how.get(str(port), {}).get("is_cut"):
            writer.transport.abort()
            return
        ends = self.writers.setdefault(port, set())
        ends.add(writer)
        other = None
        try:
            its_reader, other = await asyncio.open_connection("127.0.0.1", target)
            pumps = [asyncio.ensure_future(self.pump(port, reader, other)),
                     asyncio.ensure_future(self.pump(port, its_reader, writer))]
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
            for pump in pumps:
                pump.cancel()
        except OSError:
            pass  # The target refuses, and so do we.
        finally:
            ends.discard(writer)
            for one in (writer, other):
                if one is not None:
                    one.transport.abort()

    async def run(self):
        routes = self.read()
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, self.read)
        for port, target in routes:
            await asyncio.start_server(
                lambda reader, writer, port=port, target=target:
                    self.serve(port, target, reader, writer), "127.0.0.1", port)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(Relay(sys.argv[1]).run())
