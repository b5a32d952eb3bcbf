"""Ports of the loopback for servers that have to know theirs, and each other's, before they start.

Several tests may run at once: a port that was given stays its process's until that ends, whether
anything listens there or not. All lie below the range from which the kernel takes ports of outgoing
connections.
"""

import fcntl
import os
import random
import socket
import tempfile

FIRST, LAST = 11000, 19999

_claims = None  # A file of which each byte is a port's, locked by whoever has the port.


def is_free(port):
    with socket.socket() as one:
        try:
            one.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def claim(port):
    global _claims
    if _claims is None:
        path = os.path.join(tempfile.gettempdir(), f"homeostat-ports-{os.getuid()}")
        _claims = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.lockf(_claims, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, port)
    except OSError:
        return False
    return True


_given = set()


def free_ports(count):
    """As many that nobody has, as a list."""
    ports = []
    for port in random.sample(range(FIRST, LAST + 1), LAST + 1 - FIRST):
        if len(ports) == count:
            break
        if port not in _given and claim(port) and is_free(port):
            _given.add(port)
            ports.append(port)
    assert len(ports) == count, f"{count} free ports are wanted, and there are {len(ports)}"
    return ports


def free_port():
    return free_ports(1)[0]
