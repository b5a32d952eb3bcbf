"""Requests to the API server of a lab, for what starts it and for tests. Standard library only."""

import base64
import http.client
import json
import ssl
import tempfile

PATCHES = {"merge": "application/merge-patch+json", "json": "application/json-patch+json",
           "strategic": "application/strategic-merge-patch+json"}


class ApiError(Exception):
    """An answer of 400 or above, with what the server says of it."""

    def __init__(self, status, message):
        super().__init__(f"{status}: {message}")
        self.status = status


class Connection(http.client.HTTPSConnection):
    """One whose socket comes from `open_socket(host, port, seconds)`."""

    def __init__(self, host, port, seconds, context, open_socket):
        super().__init__(host, port, timeout=seconds, context=context)
        self.tls = context
        self.open_socket = open_socket

    def connect(self):
        plain = self.open_socket(self.host, self.port, self.timeout)
        self.sock = self.tls.wrap_socket(plain, server_hostname=self.host)


class Api:
    """Every request goes over a connection of its own, so that any thread may ask."""

    def __init__(self, kubeconfig, open_socket):
        """`kubeconfig` is one that the lab wrote: JSON, with everything in it."""
        config = json.loads(kubeconfig.read_text())
        cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
        self.host, port = cluster["server"].removeprefix("https://").rsplit(":", 1)
        self.port = int(port)
        self.open_socket = open_socket
        self.headers = {"User-Agent": "homeostat-kubernetes-lab"}
        self.tls = ssl.create_default_context(
            cadata=base64.b64decode(cluster["certificate-authority-data"]).decode())
        if "token" in user:
            self.headers["Authorization"] = f"Bearer {user['token']}"
        else:
            with tempfile.NamedTemporaryFile() as pair:  # Only a file can be loaded.
                pair.write(base64.b64decode(user["client-certificate-data"]) +
                           base64.b64decode(user["client-key-data"]))
                pair.flush()
                self.tls.load_cert_chain(pair.name)

    def request(self, method, path, body=None, kind="application/json", seconds=10):
        """(status, document). Raises OSError where there is no answer."""
        connection = Connection(self.host, self.port, seconds, self.tls, self.open_socket)
        try:
            connection.request(method, path, None if body is None else json.dumps(body),
                               {**self.headers, "Content-Type": kind})
            answer = connection.getresponse()
            text = answer.read()
        except http.client.HTTPException as error:
            raise OSError(f"{method} {path}: {error!r}") from error
        finally:
            connection.close()
        try:
            return answer.status, json.loads(text)
        except ValueError:
            return answer.status, {"message": text.decode(errors="replace")}

    def ask(self, method, path, body=None, kind="application/json"):
        status, document = self.request(method, path, body, kind)
        if status >= 400:
            raise ApiError(status, f"{method} {path}: {document.get('message')}")
        return document

    def get(self, path):
        return self.ask("GET", path)

    def post(self, path, body):
        return self.ask("POST", path, body)

    def patch(self, path, body, kind="merge"):
        return self.ask("PATCH", path, body, PATCHES[kind])

    def delete(self, path, body=None):
        return self.ask("DELETE", path, body)

    def answers(self, path):
        """Whether a GET of it is answered with 200."""
        try:
            return self.request("GET", path, seconds=5)[0] == 200
        except OSError:
            return False
