"""Stands between an agent and the API server of a lab, over TLS on both sides, and spoils what
passes as a test says.

    with ApiRelay(lab) as relay:
        relay.lead(agent)                 # What it asks comes through here.
        relay.meet(is_write, "lose")      # The next such request is carried out, and not answered.

It sees every request whole before the server does, and so knows what was asked and how often.
Standard library only.
"""

import base64
import contextlib
import http.client
import http.server
import json
import socket
import socketserver
import ssl
import threading
import time

from certificates import SERVES

SECONDS_MAX = 30
EXPIRED = {"type": "ERROR", "object": {
    "kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "Expired", "code": 410,
    "message": "too old resource version"}}


def status_of(code, message):
    return json.dumps({"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code,
                       "reason": "Relay", "message": message}).encode()


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True
    allow_reuse_address = True

    def handle_error(self, request, client_address):
        """Whoever breaks off is no trouble of ours."""


class ApiRelay:
    def __init__(self, lab):
        self.lab = lab
        lab.authority_of().sign("relay", "/CN=relay", SERVES, ["IP:127.0.0.1"])
        pki = lab.directory / "pki"
        self.near = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.near.load_cert_chain(pki / "relay.crt", pki / "relay.key")
        self.far = ssl.create_default_context(cafile=pki / "ca.crt")
        self.far_port = lab.ports["apiserver"]
        self.port = 0
        self.server = None
        self.lock = threading.Lock()
        self.plans = []  # [(which requests, what they meet)], each for one of them.
        self.cuts = []  # Which requests do not come through.
        # (method, path, the status that the server gave or None, when), as they ended.
        self.seen = []
        self.open = set()  # Sockets of clients.
        self.expiries = 0  # How often open watches were to end with a 410.

    # --- its life --------------------------------------------------------------------------------
    def __enter__(self):
        self.come()
        return self

    def __exit__(self, *_):
        self.go()

    def come(self):
        """Listens; after `go` at the same port."""
        relay = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_any(self):
                relay.pass_on(self)
            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any

            def setup(self):
                self.request.settimeout(SECONDS_MAX)
                self.request = relay.near.wrap_socket(self.request, server_side=True)
                self.request.settimeout(None)
                with relay.lock:
                    relay.open.add(self.request)
                super().setup()

            def finish(self):
                with relay.lock:
                    relay.open.discard(self.request)
                with contextlib.suppress(OSError):
                    super().finish()

            def log_message(self, *_):
                pass

        self.server = Server(("127.0.0.1", self.port), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02},
                         daemon=True).start()

    def go(self):
        """Nobody listens any more, and what was open is cut."""
        if self.server is None:
            return
        self.server.shutdown()
        self.server.server_close()
        self.server = None
        with self.lock:
            cut, self.open = self.open, set()
        for one in cut:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    # --- what a test says ------------------------------------------------------------------------
    def lead(self, agent):
        """The agent of a Guarding asks through here from its next start on."""
        path = self.lab.directory / f"{agent.account}.kubeconfig"
        config = json.loads(path.read_text())
        config["clusters"][0]["cluster"].update({
            "server": f"https://127.0.0.1:{self.port}", "certificate-authority-data":
            base64.b64encode((self.lab.directory / "pki/ca.crt").read_bytes()).decode()})
        path.write_text(json.dumps(config))

    def meet(self, which, how, times=1):
        """The next requests for which `which(method, path)` is true meet `how`: "lose" (carried
        out, no answer), or (status, headers): the relay says that, and nothing is carried out; or
        something to call, after which it is passed on."""
        with self.lock:
            self.plans += [(which, how)] * times

    def cut(self, which):
        """From now on no such request comes through, and its connection ends."""
        with self.lock:
            self.cuts.append(which)

    def mend(self):
        """From now on all passes as it comes."""
        with self.lock:
            self.plans.clear()
            self.cuts.clear()

    def expire_watches(self):
        """Each open watch is told in its stream that its version is too old, and ended."""
        with self.lock:
            self.expiries += 1

    def count(self, which):
        """Of requests that the server has answered."""
        with self.lock:
            return sum(1 for method, path, status, _ in self.seen
                       if status is not None and which(method, path))

    def times(self, which):
        """When such requests ended, also those that the relay answered; time.monotonic()."""
        with self.lock:
            return [at for method, path, _, at in self.seen if which(method, path)]

    # --- a request -------------------------------------------------------------------------------
    def plan_of(self, method, path):
        with self.lock:
            for index, (which, how) in enumerate(self.plans):
                if which(method, path):
                    del self.plans[index]
                    return how
        return None

    def is_cut(self, method, path):
        with self.lock:
            return any(which(method, path) for which in self.cuts)

    def note(self, handler, status):
        with self.lock:
            self.seen.append((handler.command, handler.path, status, time.monotonic()))

    def pass_on(self, handler):
        length = int(handler.headers.get("Content-Length", 0))
        body = handler.rfile.read(length) if length else None
        if self.is_cut(handler.command, handler.path):
            self.note(handler, None)
            self.hang_up(handler)
            return
        how = self.plan_of(handler.command, handler.path)
        if isinstance(how, tuple):
            self.note(handler, None)
            self.say(handler, how[0], status_of(how[0], "so the relay says"), how[1])
            return
        if callable(how):
            how()
        far = http.client.HTTPSConnection("127.0.0.1", self.far_port, context=self.far,
                                          timeout=None)
        try:
            headers = {name: value for name, value in handler.headers.items()
                       if name.lower() not in ("host", "connection")}
            far.request(handler.command, handler.path, body, headers)
            answer = far.getresponse()
            if "watch=1" in handler.path and answer.status == 200:
                self.note(handler, 200)
                self.pass_stream(handler, far, answer)
                return
            text = answer.read()
            self.note(handler, answer.status)
            if how == "lose":
                self.hang_up(handler)
                return
            kept = {name: answer.headers[name] for name in ("Content-Type", "Retry-After")
                    if name in answer.headers}
            self.say(handler, answer.status, text, kept)
        finally:
            far.close()

    @staticmethod
    def hang_up(handler):
        handler.close_connection = True
        with contextlib.suppress(OSError):
            handler.request.shutdown(socket.SHUT_RDWR)

    @staticmethod
    def say(handler, status, text, headers):
        handler.send_response(status)
        for name, value in {"Content-Type": "application/json", **headers}.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(text)))
        handler.end_headers()
        handler.wfile.write(text)
        handler.wfile.flush()

    def pass_stream(self, handler, far, answer):
        """Line by line; between two of them it may be ended."""
        with self.lock:
            known = self.expiries
        handler.send_response(200)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        lines = threading.Thread(target=self.pass_lines, args=(handler, answer), daemon=True)
        lines.start()
        while lines.is_alive():
            lines.join(0.05)
            with self.lock:
                is_expired = self.expiries > known
            if is_expired:
                self.write_chunk(handler, json.dumps(EXPIRED).encode() + b"\n")
                break
        handler.close_connection = True
        with contextlib.suppress(OSError):
            handler.wfile.write(b"0\r\n\r\n")
        with contextlib.suppress(OSError, AttributeError):
            far.sock.shutdown(socket.SHUT_RDWR)
        with contextlib.suppress(OSError):
            handler.request.shutdown(socket.SHUT_RDWR)

    def pass_lines(self, handler, answer):
        with contextlib.suppress(OSError, ValueError, http.client.HTTPException, AttributeError):
            while line := answer.readline():
                self.write_chunk(handler, line)

    def write_chunk(self, handler, data):
        with contextlib.suppress(OSError):
            handler.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
            handler.wfile.flush()
