#!/usr/bin/env python3
"""Starts a model server, asks it for one real decision and stops it: exit 0 if it answered.

A server may load a model and still die or lie at the first prompt (wrong processor kernels, a
changed wire format), so that being up proves nothing. Standard library only.
"""

import argparse
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time

START_S = 60.0  # A cold disk reads 280 MB.
ANSWER_S = 20.0

# As homeostat/adapters/llm/model_server.cpp starts it, so that an unknown flag is found here.
FLAGS = [
    "--ctx-size", "2048", "--parallel", "1", "--threads", "1", "--threads-batch", "1",
    "--batch-size", "512", "--ubatch-size", "512", "--flash-attn", "off", "--swa-full",
    "--cache-ram", "0", "--no-slots", "--offline", "--log-verbosity", "2",
]


class UnixConnection(http.client.HTTPConnection):
    """HTTP over a UNIX socket, which needs no free port."""

    def __init__(self, path: str, timeout: float):
        super().__init__("localhost", timeout=timeout)
        self.path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


def call(path: str, method: str, route: str, body: dict | None = None) -> tuple[int, dict]:
    connection = UnixConnection(path, ANSWER_S)
    try:
        text = None if body is None else json.dumps(body)
        connection.request(method, route, text, {"Content-Type": "application/json"})
        reply = connection.getresponse()
        return reply.status, json.loads(reply.read())
    finally:
        connection.close()


def wait_until_up(path: str, server: subprocess.Popen) -> None:
    until = time.monotonic() + START_S
    while time.monotonic() < until:
        if server.poll() is not None:
            raise RuntimeError(f"it ended with status {server.returncode}")
        try:
            if call(path, "GET", "/health")[0] == 200:
                return
        except (OSError, ValueError, http.client.HTTPException):
            pass
        time.sleep(0.05)
    raise RuntimeError(f"it was not ready after {START_S:.0f} s")


def decide(path: str) -> float:
    """Asks for one of two labels; returns the milliseconds it took."""
    labels = []
    for word in (" restart", " observe"):
        body = {"content": word, "add_special": False, "parse_special": False}
        tokens = call(path, "POST", "/tokenize", body)[1]["tokens"]
        if len(tokens) != 1:
            raise RuntimeError(f"the label '{word}' is {len(tokens)} tokens, not one")
        labels.append(tokens[0])
    began = time.monotonic()
    answer = call(path, "POST", "/completion", {
        "prompt": "An instance has crashed. The remedy is",
        "n_predict": 1,
        "temperature": 1,
        "samplers": ["top_k"],
        "top_k": 2,
        "logit_bias": [[label, 100] for label in labels],
        "n_probs": 2,
        "post_sampling_probs": True,
    })[1]
    candidates = answer["completion_probabilities"][0]["top_probs"]
    found = {candidate["id"]: candidate["prob"] for candidate in candidates}
    if set(found) != set(labels) or abs(sum(found.values()) - 1) > 1e-3:
        raise RuntimeError(f"it answered {found}; a probability for each of {labels} was asked")
    return (time.monotonic() - began) * 1000


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--server", required=True)
    parser.add_argument("--model", required=True)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="homeostat-") as directory:
        path = os.path.join(directory, "m.sock")
        log = open(os.path.join(directory, "log"), "w+b")
        server = subprocess.Popen(
            [arguments.server, "--model", arguments.model, "--host", path, *FLAGS],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        try:
            wait_until_up(path, server)
            took = decide(path)
        except (RuntimeError, OSError, ValueError, KeyError, http.client.HTTPException) as error:
            log.seek(0)
            sys.stderr.write(log.read().decode(errors="replace")[-2000:])
            print(f"model: {arguments.server}: {error}", file=sys.stderr)
            return 1
        finally:
            if server.poll() is None:
                os.killpg(server.pid, signal.SIGKILL)
            server.wait()
    print(f"model: the server answered its first decision in {took:.0f} ms", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
