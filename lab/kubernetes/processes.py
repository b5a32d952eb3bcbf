"""The processes of a lab: started, waited for, and ended so that none is left.

Each is started with a variable in its environment that names the lab, and so is whatever it starts
itself. What is ended is what carries that name: asked through a pidfd, so that nobody else who got
the same pid in the meantime is hit. No list of pids can be lost or be out of date.
"""

import contextlib
import ctypes
import functools
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

VARIABLE = "HOMEOSTAT_KUBERNETES_LAB"
LOG_LINES_SHOWN = 15
PR_SET_PDEATHSIG = 1
LOOK_EVERY = 0.02
# Below what the kernel gives to outgoing connections, so that none of these is taken meanwhile.
PORT_MIN, PORT_MAX = 20000, 29999


class LabError(Exception):
    """The lab cannot be had: with what is wrong and what would mend it."""


class CannotBeHad(LabError):
    """Not a fault: this machine lacks what the lab needs. `lab.py` ends with 77."""


def say(text):
    print(f"lab: {text}", file=sys.stderr, flush=True)


@contextlib.contextmanager
def timed(what):
    """Says how long it took."""
    begun = time.monotonic()
    yield
    say(f"{time.monotonic() - begun:6.2f} s {what}")


def die_with(parent):
    """For a child of it, before its program begins."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)  # It was gone before it could be waited for.


def free_ports(count):
    """Ports of the loopback that were all free at the same moment."""
    sockets = []
    start = PORT_MIN + int.from_bytes(os.urandom(4)) % (PORT_MAX - PORT_MIN)
    for offset in range(PORT_MAX - PORT_MIN):
        one = socket.socket()
        try:
            one.bind(("127.0.0.1", PORT_MIN + (start + offset) % (PORT_MAX - PORT_MIN)))
            sockets.append(one)
        except OSError:
            one.close()
        if len(sockets) == count:
            break
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    if len(ports) < count:
        raise LabError("there are not enough free ports on the loopback")
    return ports


class Processes:
    def __init__(self, name, logs, die_with_us):
        """`name` is of this lab alone. With `die_with_us` none outlives this process."""
        self.name = name
        self.logs = logs
        self.die_with_us = die_with_us
        self.started = {}

    def start(self, name, command):
        self.logs.mkdir(parents=True, exist_ok=True)
        with open(self.logs / f"{name}.log", "ab") as log:
            self.started[name] = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/",
                env={**os.environ, VARIABLE: self.name}, start_new_session=True,
                preexec_fn=functools.partial(die_with, os.getpid())
                if self.die_with_us else None)
        return self.started[name]

    def wait_until(self, what, condition, seconds, names=()):
        """As long as all of `names` run. Says how long it took."""
        give_up_at = time.monotonic() + seconds
        with timed(f"until {what}"):
            while not condition():
                self.check_running(what, names)
                if time.monotonic() > give_up_at:
                    told = "\n".join(self.log_end(name) for name in names)
                    raise LabError(f"waited {seconds} s in vain until {what}\n{told}")
                time.sleep(LOOK_EVERY)

    def check_running(self, what, names):
        for name in names:
            if self.started[name].poll() is not None:
                raise LabError(f"{name} has ended before {what}:\n{self.log_end(name)}")

    def log_end(self, name):
        lines = (self.logs / f"{name}.log").read_text(errors="replace").splitlines()
        return "\n".join(f"    {name}: {line[:300]}" for line in lines[-LOG_LINES_SHOWN:])

    def has_log(self, text):
        """Whether any of them wrote `text`."""
        return any(text in log.read_text(errors="replace") for log in self.logs.glob("*.log"))

    def end_all(self):
        end_named(self.name)
        for process in self.started.values():
            process.wait()


def named(name):
    """pid of everything that was started for the lab of that name and has not ended."""
    wanted = f"{VARIABLE}={name}".encode()
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if wanted in (entry / "environ").read_bytes().split(b"\0"):
                yield int(entry.name)
        except OSError:  # Another user's, or one that has ended.
            continue


def is_named(pid, name):
    try:
        words = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return False
    return f"{VARIABLE}={name}".encode() in words


def kill_if(pid, condition):
    """Ends `pid` if the condition holds of the very process that is ended. Waits until it has."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        if condition():
            signal.pidfd_send_signal(handle, signal.SIGKILL)
    except ProcessLookupError:
        pass
    finally:
        os.close(handle)


def end_named(name):
    """Kills: nothing of a lab is kept, and what gets no time to end starts nothing in it."""
    give_up_at = time.monotonic() + 20
    while pids := list(named(name)):
        if time.monotonic() > give_up_at:
            raise LabError(f"these of the lab do not end: {pids}")
        for pid in pids:
            kill_if(pid, lambda pid=pid: is_named(pid, name))
        time.sleep(LOOK_EVERY)
