#!/usr/bin/env python3
"""A service whose spool fills up: each order is a file, and with 100 of them it takes no more."""

import argparse
import http.server
import itertools
from pathlib import Path

SPOOL = Path("spool")
FILES_MAX = 100
NUMBERS = itertools.count(1)


class Orders(http.server.BaseHTTPRequestHandler):
    def do_GET(self):  # noqa: N802: the library names it.
        self.answer(200, "orders\n")

    def do_POST(self):  # noqa: N802
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if len(list(SPOOL.glob("*.order"))) >= FILES_MAX:
            self.answer(507, "the spool is full\n")
            return
        (SPOOL / f"{next(NUMBERS):06}.order").touch()
        self.answer(201, "taken\n")

    def answer(self, status, text):
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_):
        pass


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    SPOOL.mkdir(exist_ok=True)
    http.server.ThreadingHTTPServer(("127.0.0.1", parser.parse_args().port), Orders).serve_forever()
