#!/usr/bin/env python3
"""Starts a model server, asks it for one real decision and stops it: exit 0 if it answered.

A server may load a model and still die or lie at the first prompt (wrong processor kernels, a
changed wire format), so that being up proves nothing. Standard library only.
"""

import argparse
import contextlib
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

# What a server that does not work ends in.
TROUBLE = (RuntimeError, OSError, ValueError, KeyError, http.client.HTTPException)


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


def tokens_of(path: str, text: str, is_whole: bool) -> list[int]:
    """is_whole: with the token that begins a prompt, where the model has one."""
    body = {"content": text, "add_special": is_whole, "parse_special": False}
    return call(path, "POST", "/tokenize", body)[1]["tokens"]


def token_of(path: str, label: str) -> int:
    tokens = tokens_of(path, label, is_whole=False)
    if len(tokens) != 1:
        raise RuntimeError(f"the label '{label}' is {len(tokens)} tokens, not one")
    return tokens[0]


def probabilities(path: str, prompt: str, labels: list[int]) -> dict[int, float]:
    """Of each label as the next token, among them alone: what the agent asks
    (homeostat/adapters/llm/llama_request.cpp)."""
    answer = call(path, "POST", "/completion", {
        "prompt": prompt,
        "n_predict": 1,
        "temperature": 1,
        "samplers": ["top_k"],
        "top_k": len(labels),
        "logit_bias": [[label, 100] for label in labels],
        "n_probs": len(labels),
        "post_sampling_probs": True,
    })[1]
    if "completion_probabilities" not in answer:
        raise RuntimeError(f"it answered {str(answer)[:300]}")
    candidates = answer["completion_probabilities"][0]["top_probs"]
    found = {candidate["id"]: candidate["prob"] for candidate in candidates}
    if set(found) != set(labels) or abs(sum(found.values()) - 1) > 1e-3:
        raise RuntimeError(f"it answered {found}; a probability for each of {labels} was asked")
    return found


def decide(path: str) -> float:
    """Asks for one of two labels; returns the milliseconds it took."""
    labels = [token_of(path, word) for word in (" restart", " observe")]
    began = time.monotonic()
    probabilities(path, "An instance has crashed. The remedy is", labels)
    return (time.monotonic() - began) * 1000


@contextlib.contextmanager
def running(program: str, model: str):
    """A server at work; gives its socket. ERRORS: those of TROUBLE, after the server's last words
    were printed."""
    with tempfile.TemporaryDirectory(prefix="homeostat-") as directory:
        path = os.path.join(directory, "m.sock")
        log = open(os.path.join(directory, "log"), "w+b")
        server = subprocess.Popen(
            [program, "--model", model, "--host", path, *FLAGS],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        try:
            wait_until_up(path, server)
            yield path
        except TROUBLE:
            log.seek(0)
            sys.stderr.write(log.read().decode(errors="replace")[-2000:])
            raise
        finally:
            if server.poll() is None:
                os.killpg(server.pid, signal.SIGKILL)
            server.wait()
            log.close()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--server", required=True)
    parser.add_argument("--model", required=True)
    arguments = parser.parse_args()
    try:
        with running(arguments.server, arguments.model) as path:
            took = decide(path)
    except TROUBLE as error:
        print(f"model: {arguments.server}: {error}", file=sys.stderr)
        return 1
    print(f"model: the server answered its first decision in {took:.0f} ms", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
