#!/usr/bin/env python3
"""The image of the model server: twice the same, nobody in it is root, it says what it is of, and
from a root that nobody may write to it answers those who have its token, and nobody else.

    tests/deploy/model_image_test.py BIN       as root, with buildah and what `make model` brings
"""

import http.client
import json
import os
import re
import signal
import stat
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "deploy/image/build_model.sh"
BIN = Path(sys.argv[1]).resolve()
USER, GROUP_OF_THE_SOCKET = 65531, 65532
TOKEN = "0123456789abcdef" * 2
# What is no part of a server that ranks menus, and would help whoever took it over.
UNWANTED = ("sh", "bash", "dash", "busybox", "pip", "curl", "subprocess.py", "ctypes", "pdb.py",
            "asyncio", "ensurepip", "urllib", "http", "tests", "gguf")
# Its root is read-only, and it sees no processes, no devices and no network.
IN_A_ROOT = """mount --bind "$1" "$1"
mount -o remount,bind,ro "$1"
mount --bind "$2" "$1/homeostat/model"
shift 2
exec chroot --userspec=USER:USER "$@"
""".replace("USER", str(USER))

sys.path.insert(0, str(ROOT / "tools/model"))
import try_server  # noqa: E402


class Image:
    """What an archive of OCI holds."""

    def __init__(self, archive):
        self.tar = tarfile.open(archive)
        self.digest = self.json("index.json")["manifests"][0]["digest"]
        manifest = self.json(self.blob(self.digest))
        self.layer, = manifest["layers"]
        self.config = self.json(self.blob(manifest["config"]["digest"]))["config"]
        self.contents = json.loads(archive.with_suffix(".spdx.json").read_text())

    def blob(self, digest):
        return f"blobs/{digest.replace(':', '/')}"

    def json(self, name):
        return json.load(self.tar.extractfile(name))

    def files(self):
        return tarfile.open(fileobj=self.tar.extractfile(self.blob(self.layer["digest"])))


def built(archive, umask):
    done = subprocess.run([BUILD, archive, BIN / "homeostat"], capture_output=True, text=True,
                          preexec_fn=lambda: os.umask(umask))
    if done.returncode == 77:
        print(f"SKIPPED: {done.stderr.strip()}")
        sys.exit(77)
    assert done.returncode == 0, done.stdout + done.stderr
    return Image(archive)


def the_same_model_gives_the_same_image(image, folder):
    again = folder / "again.tar"
    assert built(again, 0o077).digest == image.digest
    again.unlink()


def nobody_is_root_in_it_and_nothing_may_be_changed(image, _):
    assert image.config["User"] == f"{USER}:{USER}", image.config
    with image.files() as files:
        for one in files:
            assert one.uid == one.gid == 0, one.name
            assert not one.mode & 0o6022, f"{one.name}: {stat.filemode(one.mode)}"
            assert one.mtime == 0, one.name
            assert one.isfile() or one.isdir(), one.name


def it_has_what_the_server_loads_and_nothing_to_work_with(image, _):
    with image.files() as files:
        names = {part for one in files for part in Path(one.name).parts}
    assert {"python3.11", "llama_server.py", "xllamacpp.abi3.so", "NOTICE"} <= names, names
    assert not names & set(UNWANTED), names & set(UNWANTED)


def who_says_nothing_gets_a_server_of_its_own_loopback(image, _):
    assert image.config["Cmd"] == ["--host", "127.0.0.1", "--port", "8080"], image.config["Cmd"]
    # As the agent starts one, so that a decision takes what it takes there.
    assert image.config["Entrypoint"][-len(try_server.FLAGS):] == try_server.FLAGS
    assert "OMP_WAIT_POLICY=passive" in image.config["Env"]
    labels = image.config["Labels"]
    version = subprocess.run([BIN / "homeostat", "--version"], check=True, capture_output=True,
                             text=True).stdout.strip()
    assert labels["org.opencontainers.image.version"] == version, labels
    assert "Gemma" in labels["org.opencontainers.image.licenses"], labels


def beside_it_stands_of_what_versions_and_under_which_licences_it_is(image, _):
    packages = {one["name"]: one for one in image.contents["packages"]}
    pinned = (ROOT / "tools/model/requirements-server.txt").read_text()
    wheel = packages["xllamacpp"]
    assert f"xllamacpp=={wheel['versionInfo']}" in pinned and wheel["licenseDeclared"] == "MIT"
    llama = packages["llama.cpp"]
    assert llama["licenseDeclared"] == "MIT" and wheel["versionInfo"] in llama["versionInfo"]
    weights = next(name for name in image.config["Entrypoint"] if name.endswith(".gguf"))
    model = packages[Path(weights).stem]
    with image.files() as files:
        told = json.load(files.extractfile(weights.lstrip("/").replace(".gguf", ".json")))
        notice = files.extractfile(str(Path(weights).with_name("NOTICE")).lstrip("/")).read()
    assert model["checksums"] == [{"algorithm": "SHA256", "checksumValue": told["sha256"]}]
    assert "Gemma" in model["licenseDeclared"] and b"Gemma Terms of Use" in notice
    assert {"python3.11-minimal", "libc6", "libstdc++6"} <= set(packages), packages.keys()
    ids = [one["SPDXID"] for one in packages.values()]
    assert len(set(ids)) == len(image.contents["packages"])
    assert all(re.fullmatch(r"SPDXRef-[A-Za-z0-9.-]+", one) for one in ids), ids
    known = {*ids, "SPDXRef-DOCUMENT"}
    for one in image.contents["relationships"]:
        assert {one["spdxElementId"], one["relatedSpdxElement"]} <= known, one


def unpacked(image, folder):
    root = folder / "root"
    if not root.exists():
        with image.files() as files:
            files.extractall(root, filter="tar")
    return root


class Server:
    """Of the image, as a cluster runs it, but for its socket."""

    def __init__(self, image, folder, *words):
        self.place = folder / "place"
        self.place.mkdir(exist_ok=True)
        os.chown(self.place, USER, GROUP_OF_THE_SOCKET)
        self.place.chmod(0o2770)
        self.socket = self.place / "model.sock"
        environment = dict(one.split("=", 1) for one in image.config["Env"])
        self.log = open(folder / "log", "w+")
        self.process = subprocess.Popen(
            ["unshare", "--mount", "--net", "--ipc", "--propagation", "slave",
             "sh", "-euc", IN_A_ROOT, "sh", unpacked(image, folder), self.place,
             unpacked(image, folder), *image.config["Entrypoint"],
             "--host", "/homeostat/model/model.sock", "--group-socket", *words],
            env={**environment, "PATH": f"{environment['PATH']}:/usr/sbin:/bin"},
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.log.close()

    def words(self):
        self.log.seek(0)
        return self.log.read()[-2000:]

    def wait_until_up(self):
        try:
            try_server.wait_until_up(str(self.socket), self.process)
        except RuntimeError as error:
            raise AssertionError(f"{error}: {self.words()}") from error

    def status(self, method, path, token=None, body=None):
        connection = try_server.UnixConnection(str(self.socket), try_server.ANSWER_S)
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        try:
            connection.request(method, path, body, headers)
            return connection.getresponse().status
        except http.client.HTTPException as error:
            raise AssertionError(self.words()) from error
        finally:
            connection.close()


def it_decides_where_its_root_is_read_only_and_its_socket_is_the_groups(image, folder):
    with Server(image, folder) as server:
        server.wait_until_up()
        assert try_server.decide(str(server.socket)) > 0
        found = server.socket.stat()
        assert stat.S_IMODE(found.st_mode) == 0o660 and found.st_gid == GROUP_OF_THE_SOCKET, found
        assert server.status("GET", "/") == 404, "a page for people is no part of it"
    assert server.socket.exists()
    # What a killed one has left is in nobody's way.
    with Server(image, folder) as server:
        server.wait_until_up()


def a_server_with_tokens_answers_nobody_else(image, folder):
    tokens = folder / "place/token"
    tokens.write_text(f"{'f' * 32}\n{TOKEN}\n")
    question = json.dumps({"content": "hello"})
    with Server(image, folder, "--api-key-file", "/homeostat/model/token") as server:
        server.wait_until_up()
        assert server.status("GET", "/health") == 200  # The kubelet has no token.
        for token in (TOKEN, "f" * 32):
            assert server.status("POST", "/tokenize", token, question) == 200
        for token in (None, TOKEN[:-1], TOKEN + "0", "x" * 32):
            for method, path in (("POST", "/tokenize"), ("POST", "/completion"),
                                 ("POST", "/v1/completions"), ("GET", "/props")):
                assert server.status(method, path, token, question) == 401, (token, path)


def a_file_without_a_token_serves_nobody(image, folder):
    for text in ("", "\n", "short\n"):
        (folder / "place/token").write_text(text)
        with Server(image, folder, "--api-key-file", "/homeostat/model/token") as server:
            assert server.process.wait(60) == 1, server.words()
            assert "no token of 16 to 512" in server.words(), server.words()


def main():
    if os.geteuid() != 0:
        print("SKIPPED: an image is made by root")
        return 77
    with tempfile.TemporaryDirectory(prefix="model-image-") as place:
        folder = Path(place)
        image = built(folder / "model.tar", 0o022)
        for test in (the_same_model_gives_the_same_image,
                     nobody_is_root_in_it_and_nothing_may_be_changed,
                     it_has_what_the_server_loads_and_nothing_to_work_with,
                     who_says_nothing_gets_a_server_of_its_own_loopback,
                     beside_it_stands_of_what_versions_and_under_which_licences_it_is,
                     it_decides_where_its_root_is_read_only_and_its_socket_is_the_groups,
                     a_server_with_tokens_answers_nobody_else,
                     a_file_without_a_token_serves_nobody):
            print(test.__name__.replace("_", " "), flush=True)
            test(image, folder)
    print("ok")


if __name__ == "__main__":
    sys.exit(main())
