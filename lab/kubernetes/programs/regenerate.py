#!/usr/bin/env python3
"""Writes go.mod and go.sum anew, for other versions: needs Go and the network.

    lab/kubernetes/programs/regenerate.py 1.37.2 --etcd 3.7.0 --kwok 0.8.0

Kubernetes cannot be installed as a Go module is: its own go.mod replaces its parts by folders that
only its repository has. Each of them is published too, as 0.X of the same release, and that is what
is required here. Building and starting both labs says whether the new versions get on.
"""

import argparse
import json
import re
import subprocess
from pathlib import Path

HERE = Path(__file__).resolve().parent


def go(*words):
    return subprocess.run(["go", *words], cwd=HERE, check=True, capture_output=True,
                          text=True).stdout


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("kubernetes", metavar="1.37.2")
    parser.add_argument("--etcd", required=True, metavar="3.7.0")
    parser.add_argument("--kwok", required=True, metavar="0.8.0")
    options = parser.parse_args()
    found = json.loads(go("mod", "download", "-json", f"k8s.io/kubernetes@v{options.kubernetes}"))
    theirs = Path(found["GoMod"]).read_text()
    go_version = re.search(r"^go (\S+)", theirs, re.MULTILINE)[1]
    parts = sorted(set(re.findall(r"^\s*(k8s\.io/\S+) => \./staging", theirs, re.MULTILINE)))
    part_version = "v0." + options.kubernetes.split(".", 1)[1]
    lines = [
        "module homeostat.dev/lab/kubernetes", "", f"go {go_version}", "",
        f"godebug default=go{go_version.rsplit('.', 1)[0]}", "",
        "tool (", "\tgo.etcd.io/etcd/server/v3", "\tsigs.k8s.io/kwok/cmd/kwok", ")", "",
        "require (", f"\tgo.etcd.io/etcd/server/v3 v{options.etcd}",
        f"\tk8s.io/kubernetes v{options.kubernetes}",
        f"\tsigs.k8s.io/kwok v{options.kwok}", ")", "",
        "replace (", *(f"\t{part} => {part} {part_version}" for part in parts), ")", ""]
    (HERE / "go.mod").write_text("\n".join(lines))
    go("mod", "tidy")


if __name__ == "__main__":
    main()
