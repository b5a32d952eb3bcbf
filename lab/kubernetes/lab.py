#!/usr/bin/env python3
"""A real Kubernetes to try Homeostat on: `make k8s-lab`, `make k8s-lab-full`, `make k8s-lab-down`.

    lab/kubernetes/lab.py up [--full] [--directory DIR]
    lab/kubernetes/lab.py down [--full] [--directory DIR]
    lab/kubernetes/lab.py status [--full] [--directory DIR]
    lab/kubernetes/lab.py run [--full] [--directory DIR] -- COMMAND...

`run` starts a command where the cluster's addresses can be reached, with KUBECONFIG set and with
kubectl on the PATH. Ends with 77 where this machine lacks what the lab needs; README.md has more.
"""

import argparse
import os
import signal
import sys
from pathlib import Path

from cluster import ROOT
from full_lab import FullLab
from processes import CannotBeHad, LabError, named, say
from quick_lab import QuickLab

CANNOT_BE_HAD = 77


def up(lab, _):
    if lab.is_up():
        say(f"is up already; export KUBECONFIG={lab.kubeconfig}")
    else:
        lab.up()
    print(lab.kubeconfig)


def down(lab, _):
    was_there = (lab.directory / "lab.json").exists()
    lab.down()
    say("down; nothing of it is left" if was_there else "there was none")


def status(lab, _):
    if not lab.is_up():
        say("not up")
        return 1
    for pid in sorted(named(lab.name)):
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        facts = dict(line.split(":\t", 1) for line in lines if ":\t" in line)
        kib = int(facts.get("VmRSS", "0 kB").split()[0])
        name = Path(os.fsdecode(Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[0])).name
        print(f"{pid:7} {kib / 1024:7.0f} MiB  {name}")
    print(lab.kubeconfig)
    return 0


def run(lab, command):
    if not lab.is_up():
        raise LabError("not up")
    os.environ["KUBECONFIG"] = str(lab.kubeconfig)
    os.environ["PATH"] = f"{lab.programs}:{os.environ['PATH']}"
    command = lab.inside(command)
    os.execvp(command[0], command)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0],
                                     epilog="The command of `run` stands after `--`.")
    parser.add_argument("what", choices=["up", "down", "status", "run"])
    parser.add_argument("--full", action="store_true", help="real nodes with real pods; needs root")
    parser.add_argument("--directory", type=Path, help="build/kubernetes/lab, or full")
    parser.add_argument("--compact-every", metavar="2s",
                        help="forget old resource versions that soon (410)")
    # By hand: argparse of Python 3.11 takes no command after options, and keeps no second `--`.
    words = sys.argv[1:]
    own_count = words.index("--") if "--" in words else len(words)
    options = parser.parse_args(words[:own_count])
    # Ended by either, it takes down what it was about to bring up.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    kind = FullLab if options.full else QuickLab
    directory = options.directory or ROOT / "build/kubernetes" / ("full" if options.full else "lab")
    try:
        lab = kind(directory, die_with_us=False, compact_every=options.compact_every)
        return globals()[options.what](lab, words[own_count + 1:])
    except CannotBeHad as error:
        say(f"cannot be had here: {error}")
        return CANNOT_BE_HAD
    except LabError as error:
        say(error)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
