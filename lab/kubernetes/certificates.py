"""The lab's own authority, what it has signed, and kubeconfigs that need no other file.

Made by the openssl program, so that the lab asks of Python nothing but its standard library.
"""

import base64
import json
import subprocess

DAYS = 3650
SERVES = "serverAuth,clientAuth"
ASKS = "clientAuth"


def openssl(*words, text=""):
    done = subprocess.run(["openssl", *map(str, words)], input=text, capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"openssl {words[0]}: {done.stderr.strip()}")


class Authority:
    def __init__(self, directory):
        self.directory = directory
        directory.mkdir(parents=True, mode=0o700)
        self.make_key("ca")
        openssl("req", "-x509", "-new", "-key", self.key("ca"), "-subj", "/CN=homeostat-lab",
                "-days", DAYS, "-out", self.certificate("ca"))
        # Tokens of service accounts are signed by a pair of its own.
        self.make_key("accounts")
        openssl("ec", "-in", self.key("accounts"), "-pubout", "-out", directory / "accounts.pub")

    def key(self, name):
        return self.directory / f"{name}.key"

    def certificate(self, name):
        return self.directory / f"{name}.crt"

    def make_key(self, name):
        openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", self.key(name))

    def sign(self, name, subject, usage=ASKS, names=()):
        """`names` as openssl spells them: DNS:localhost, IP:127.0.0.1."""
        self.make_key(name)
        request, wanted = self.directory / f"{name}.csr", self.directory / f"{name}.ext"
        wanted.write_text(f"basicConstraints=CA:FALSE\nkeyUsage=digitalSignature\n"
                          f"extendedKeyUsage={usage}\n" +
                          (f"subjectAltName={','.join(names)}\n" if names else ""))
        openssl("req", "-new", "-key", self.key(name), "-subj", subject, "-out", request)
        openssl("x509", "-req", "-in", request, "-CA", self.certificate("ca"),
                "-CAkey", self.key("ca"), "-CAcreateserial", "-days", DAYS, "-extfile", wanted,
                "-out", self.certificate(name))
        request.unlink()
        wanted.unlink()

    def kubeconfig(self, name, server, token=None):
        """For who was signed as `name`, or for whoever holds the token."""
        def data(file):
            return base64.b64encode(file.read_bytes()).decode()
        user = {"token": token} if token else {
            "client-certificate-data": data(self.certificate(name)),
            "client-key-data": data(self.key(name))}
        return json.dumps({
            "apiVersion": "v1", "kind": "Config", "current-context": "lab",
            "clusters": [{"name": "lab", "cluster": {
                "server": server, "certificate-authority-data": data(self.certificate("ca"))}}],
            "users": [{"name": name, "user": user}],
            "contexts": [{"name": "lab", "context": {"cluster": "lab", "user": name}}]},
            indent=2) + "\n"
