#!/usr/bin/env python3
"""Answers OFREP by the definitions in a flag file, evaluated by OpenFeature's own engine for flagd.

    build/flagd/venv/bin/python lab/flagd/server.py --file flags.json --port 8016

The definitions are read and evaluated by openfeature-flagd-core, the evaluator that flagd's
in-process providers have; what is around it here is what flagd does with a file, as its source has
it: the file is read again when it was written or replaced, one that cannot be read leaves the last
one in force, and the answers have flagd's members and codes. While a file named as by --deaf is
there the flag file is not read again.

flagd itself is a program in Go whose module could not be had where this was written.
"""

import argparse
import json
import os
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from openfeature.contrib.tools.flagd.core import FlagdCore
from openfeature.evaluation_context import EvaluationContext
from openfeature.exception import FlagNotFoundError, OpenFeatureError, ParseError
from openfeature.flag_evaluation import Reason

ONE = "/ofrep/v1/evaluate/flags/"
ALL = "/ofrep/v1/evaluate/flags"
LOOK_EVERY = 0.01
BODY_MAX = 1 << 20


class Flags:
    """The file, read again whenever it is another one."""

    def __init__(self, path, deaf):
        self.path = path
        self.deaf = deaf
        self.core = FlagdCore()
        self.keys = []
        self.seen = None
        self.lock = threading.Lock()
        self.look()
        threading.Thread(target=self.follow, daemon=True).start()

    def follow(self):
        while True:
            time.sleep(LOOK_EVERY)
            self.look()

    def look(self):
        if self.deaf and self.deaf.exists():
            return
        try:
            status = os.stat(self.path)
            seen = status.st_ino, status.st_mtime_ns, status.st_size
            if seen == self.seen:
                return
            definitions = json.loads(self.path.read_text())
            with self.lock:
                self.core.set_flags(definitions)
                self.keys = list(definitions.get("flags", {}))
                self.seen = seen
        except (OSError, ValueError, OpenFeatureError) as error:
            print(f"the file is not taken: {error}", flush=True)

    def evaluate(self, key, context):
        """Whatever its type is: as flagd does for OFREP."""
        def resolve(call, default):
            return call(key, default, context)
        core = self.core
        for call, default in ((core.resolve_boolean_value, False),
                              (core.resolve_string_value, ""),
                              (core.resolve_integer_value, 0),
                              (core.resolve_float_value, 0.0),
                              (core.resolve_object_value, {})):
            try:
                return resolve(call, default)
            except OpenFeatureError as error:
                if error.error_code.value != "TYPE_MISMATCH":
                    raise
        raise ParseError(f"the flag {key} has a value of no type")

    def answer_one(self, key, context):
        with self.lock:
            try:
                found = self.evaluate(key, context)
            except FlagNotFoundError:
                return 404, {"key": key, "errorCode": "FLAG_NOT_FOUND",
                             "errorDetails": f"flag `{key}` does not exist"}
            except OpenFeatureError as error:
                return 400, {"key": key, "errorCode": error.error_code.value,
                             "errorDetails": str(error)}
        if found.reason == Reason.DISABLED:
            return 404, {"key": key, "errorCode": "FLAG_NOT_FOUND",
                         "errorDetails": f"flag `{key}` is disabled"}
        return 200, {"value": found.value, "key": key, "reason": str(found.reason),
                     "variant": found.variant, "metadata": dict(found.flag_metadata)}

    def answer_all(self, context):
        """Disabled flags are left out."""
        answers = [self.answer_one(key, context) for key in list(self.keys)]
        metadata = dict(self.core.get_flag_set_metadata())
        return 200, {"flags": [body for status, body in answers if status != 404],
                     "metadata": metadata}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):  # noqa: N802: so it is called.
        try:
            size = min(int(self.headers.get("Content-Length") or 0), BODY_MAX)
            body = json.loads(self.rfile.read(size) or b"{}")
            attributes = body.get("context") or {}
            context = EvaluationContext(attributes.pop("targetingKey", None), attributes)
        except (ValueError, AttributeError):
            return self.say(400, {"errorCode": "INVALID_CONTEXT",
                                  "errorDetails": "Provider context is not valid"})
        if self.path.rstrip("/") == ALL:
            return self.say(*self.server.flags.answer_all(context))
        if self.path.startswith(ONE):
            return self.say(*self.server.flags.answer_one(self.path[len(ONE):], context))
        return self.say(404, {})

    def say(self, status, body):
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        pass


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--file", type=Path, required=True)
    parser.add_argument("--port", type=int, default=8016)
    parser.add_argument("--deaf", type=Path)
    options = parser.parse_args()
    ThreadingHTTPServer.request_queue_size = 128
    server = ThreadingHTTPServer(("127.0.0.1", options.port), Handler)
    server.flags = Flags(options.file, options.deaf)
    server.serve_forever()


if __name__ == "__main__":
    main()
