"""Images of the service, made here: one layer with one static program, no registry, no docker.

An OCI archive holds one image of each tag below; they share their layer. What a tag does:
v1, v2 answer well; v2-crash exits at its start, v2-fail answers 500 (as crash and fail do).
`nopull` is in no archive, so that a kubelet tries to fetch it, and cannot.
"""

import gzip
import hashlib
import io
import json
import shutil
import subprocess
import tarfile

from cluster import HERE, ROOT
from processes import CannotBeHad, LabError

NAME = "lab.local/service"
PAUSE = "lab.local/pause:1"
TAGS = {"v1": {"VERSION": "v1"}, "v2": {"VERSION": "v2"},
        "v2-crash": {"VERSION": "v2", "MODE": "crash"}, "crash": {"MODE": "crash"},
        "v2-fail": {"VERSION": "v2", "MODE": "fail"}, "fail": {"MODE": "fail"}}
FOLDER = ROOT / "build/kubernetes/images"
COMPILERS = ("clang++-19", "c++", "g++")
MEDIA = "application/vnd.oci.image."


def digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def add(archive, path, data, mode=0o644):
    entry = tarfile.TarInfo(path)
    entry.size, entry.mode = len(data), mode
    archive.addfile(entry, io.BytesIO(data))


def layer_of(program):
    """The bytes of the layer, as they are."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as layer:
        for name, mode in (("tmp", 0o1777), ("etc", 0o755)):
            folder = tarfile.TarInfo(name)
            folder.type, folder.mode = tarfile.DIRTYPE, mode
            layer.addfile(folder)
        add(layer, "service", program, 0o755)
        add(layer, "etc/passwd", b"root:x:0:0::/:/\nnobody:x:65534:65534::/:/\n")
    return out.getvalue()


def blob(blobs, media, data):
    """Keeps it, and gives how an index or a manifest speaks of it."""
    blobs[digest(data)] = data
    return {"mediaType": MEDIA + media, "digest": digest(data), "size": len(data)}


def write_archive(path, program):
    layer = layer_of(program)
    blobs, images = {}, []
    packed = blob(blobs, "layer.v1.tar+gzip", gzip.compress(layer, mtime=0))
    names = {f"{NAME}:{tag}": (["/service"], environment) for tag, environment in TAGS.items()}
    names[PAUSE] = (["/service", "pause"], {})
    for name, (command, environment) in names.items():
        config = blob(blobs, "config.v1+json", json.dumps({
            "architecture": "amd64", "os": "linux",
            "config": {"Entrypoint": command,
                       "Env": ["PATH=/", *(f"{key}={value}"
                                           for key, value in environment.items())]},
            "rootfs": {"type": "layers", "diff_ids": [digest(layer)]}}).encode())
        manifest = blob(blobs, "manifest.v1+json", json.dumps({
            "schemaVersion": 2, "mediaType": MEDIA + "manifest.v1+json",
            "config": config, "layers": [packed]}).encode())
        images.append({**manifest, "platform": {"architecture": "amd64", "os": "linux"},
                       "annotations": {"io.containerd.image.name": name}})
    with tarfile.open(path, "w") as archive:
        add(archive, "oci-layout", b'{"imageLayoutVersion":"1.0.0"}')
        add(archive, "index.json", json.dumps({"schemaVersion": 2, "manifests": images}).encode())
        for name, data in blobs.items():
            add(archive, f"blobs/{name.replace(':', '/')}", data)


def compiler():
    found = next((name for name in COMPILERS if shutil.which(name)), None)
    if found is None:
        raise CannotBeHad(f"no C++ compiler for the service in the pods ({', '.join(COMPILERS)})")
    return found


def archive():
    """The path of the archive, made anew only if what it is made of has changed."""
    source = HERE / "service/service.cpp"
    key = digest(source.read_bytes() + (HERE / "images.py").read_bytes())[7:23]
    path = FOLDER / f"{key}.tar"
    if path.exists():
        return path
    FOLDER.mkdir(parents=True, exist_ok=True)
    program = FOLDER / f"service-{key}"
    done = subprocess.run([compiler(), "-std=c++20", "-O2", "-static", "-s", "-Wall", "-Wextra",
                           "-o", program, source], capture_output=True, text=True)
    if done.returncode != 0:
        raise LabError(f"the service in the pods does not compile:\n{done.stderr}")
    fresh = FOLDER / f"{key}.new"
    write_archive(fresh, program.read_bytes())
    fresh.replace(path)
    program.unlink()
    return path
