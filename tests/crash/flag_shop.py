#!/usr/bin/env python3
"""A service with a feature flag: while `new-checkout` is on for a user, nobody can buy anything."""

import argparse
import http.client
import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Shop(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):  # noqa: N802: so it is called.
        is_broken = self.path.startswith("/buy") and self.has_new_checkout()
        self.send_response(500 if is_broken else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def has_new_checkout(self):
        """Off, when nobody answers."""
        flagd = http.client.HTTPConnection("127.0.0.1", self.server.flagd, timeout=0.3)
        try:
            flagd.request("POST", "/ofrep/v1/evaluate/flags/new-checkout", '{"context":{}}',
                          {"Content-Type": "application/json"})
            answer = flagd.getresponse()
            return answer.status == 200 and json.loads(answer.read())["value"] is True
        except (OSError, ValueError, http.client.HTTPException):
            return False
        finally:
            flagd.close()

    def log_message(self, *_):
        pass


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--flagd", type=int, required=True)
    options = parser.parse_args()
    ThreadingHTTPServer.request_queue_size = 128
    server = ThreadingHTTPServer(("127.0.0.1", options.port), Shop)
    server.flagd = options.flagd
    server.serve_forever()


if __name__ == "__main__":
    main()
