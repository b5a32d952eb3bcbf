#!/usr/bin/env python3
"""Asks the server at URL every request of FILE again and writes its answers into FILE.

    record.py http://127.0.0.1:8000 vllm.json
"""

import http.client
import json
import sys
import urllib.parse
from pathlib import Path

ANSWER_S = 120.0  # A server on a busy machine, at its first prompt.


def ask(host: str, exchange: dict) -> tuple[int, str]:
    connection = http.client.HTTPConnection(host, timeout=ANSWER_S)
    body = exchange["request"] and json.dumps(exchange["request"])
    connection.request(exchange["method"], exchange["path"], body,
                       {"Content-Type": "application/json"})
    reply = connection.getresponse()
    return reply.status, reply.read().decode()


def main() -> None:
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    host = urllib.parse.urlsplit(sys.argv[1]).netloc
    path = Path(sys.argv[2])
    recording = json.loads(path.read_text())
    for exchange in recording["exchanges"].values():
        exchange["status"], exchange["reply"] = ask(host, exchange)
    path.write_text(json.dumps(recording, indent=2, ensure_ascii=True) + "\n")


main()
