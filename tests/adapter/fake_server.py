#!/usr/bin/env python3
"""A model server for tests: takes the place of llama-server, on a UNIX socket.

Labels are tokens by their place in $FAKE_ANSWERS, a file: {"labels": [...], "answers": {model:
{prompt: [probability of each label]}}}, where model is the name of the file that is served. A
prompt that it does not know gets equal shares of what was asked.
"""

import json
import os
import socketserver
import sys
from http.server import BaseHTTPRequestHandler
from pathlib import Path

MODEL = Path(sys.argv[sys.argv.index("--model") + 1])
SOCKET = sys.argv[sys.argv.index("--host") + 1]
KNOWN = json.loads(Path(os.environ["FAKE_ANSWERS"]).read_text())


class Handler(BaseHTTPRequestHandler):
    def answer(self, document):
        text = json.dumps(document).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def do_GET(self):
        self.answer({"status": "ok"})

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path == "/tokenize":
            label = body["content"]
            known = label in KNOWN["labels"]
            self.answer({"tokens": [KNOWN["labels"].index(label)] if known else [90, 91]})
            return
        asked = [token for token, _ in body["logit_bias"]]
        shares = KNOWN["answers"].get(MODEL.name, {}).get(body["prompt"])
        total = sum(shares[token] for token in asked) if shares else len(asked)
        self.answer({"completion_probabilities": [{"top_probs": [
            {"id": token, "prob": (shares[token] if shares else 1) / total} for token in asked]}]})

    def address_string(self):
        return "unix"

    def log_message(self, *_):
        pass


class Server(socketserver.UnixStreamServer):
    def get_request(self):
        connection, _ = super().get_request()
        return connection, ("unix", 0)


if not MODEL.read_bytes().startswith(b"GGUF"):
    sys.exit(f"fake_server: {MODEL} is no model")
Server(SOCKET, Handler).serve_forever()
