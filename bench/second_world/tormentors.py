#!/usr/bin/env python3
"""Programs that go on breaking something until they are ended: what they are told stands in a file,
because arguments of a process can be read by everybody.

    tormentors.py FILE     {"do": "stutter" | "rogue_writer" | "flood", …}
"""

import json
import os
import random
import selectors
import signal
import socket
import sys
import time
from pathlib import Path


def send(pid, number):
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass


def stutter(told):
    """Stops processes for so long of each second. With `files` those whose pids stand there now."""
    rng = random.Random(2)
    while True:
        pids = [int(Path(file).read_text()) for file in told["files"]] if told["is_of_place"] \
            else told["pids"]
        for pid in pids:
            send(pid, signal.SIGSTOP)
        time.sleep(told["stopped_s"])
        for pid in pids:
            send(pid, signal.SIGCONT)
        time.sleep((1 - told["stopped_s"]) * rng.uniform(0.7, 1.3))


def rogue_writer(told):
    """Writes copies that are so many percent off."""
    factor = 1 + told["percent"] / 100
    command = b"".join(
        b"*5\r\n$3\r\nSET\r\n$%d\r\n%s\r\n$%d\r\n%s\r\n$2\r\nEX\r\n$2\r\n60\r\n"
        % (len(key), key, len(value), value)
        for key, value in ((f"fx:{name}".encode(), str(int(rate * factor)).encode())
                           for name, rate in told["rates"].items()))
    while True:
        try:
            with socket.create_connection(("127.0.0.1", told["port"]), 1) as redis:
                while True:
                    redis.sendall(command)
                    redis.recv(65536)
                    time.sleep(told["every_ms"] / 1000)
        except OSError:
            time.sleep(0.2)


def flood(told):
    """Holds connections that ask for nothing, and opens others for those that are closed."""
    held = selectors.DefaultSelector()
    while True:
        for _ in range(min(100, told["connections"] - len(held.get_map()))):
            one = socket.socket()
            one.setblocking(False)
            one.connect_ex(("127.0.0.1", told["port"]))
            held.register(one, selectors.EVENT_READ)
        for key, _ in held.select(0.05):
            try:
                is_over = key.fileobj.recv(4096) == b""
            except BlockingIOError:
                is_over = False
            except OSError:
                is_over = True
            if is_over:
                held.unregister(key.fileobj)
                key.fileobj.close()
        time.sleep(0.05)


if __name__ == "__main__":
    orders = json.loads(Path(sys.argv[1]).read_text())
    {"stutter": stutter, "rogue_writer": rogue_writer, "flood": flood}[orders["do"]](orders)
