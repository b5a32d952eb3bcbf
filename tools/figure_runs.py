"""What the tools that measure share: a directory of runs, in which a unit that was measured is not
measured again, and which belongs to one build of the programs."""

import hashlib
import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def say(text):
    print(text, file=sys.stderr, flush=True)


def add_line(file, unit):
    with open(file, "a") as out:
        out.write(json.dumps(unit) + "\n")


def lines_of(file):
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def read_json(file):
    return json.loads(file.read_text()) if file.exists() else None


def check_program(runs, programs):
    """Figures of two builds are not mixed: ends the process where `runs` has those of another."""
    digest = hashlib.sha256(b"".join(program.read_bytes() for program in programs)).hexdigest()
    stamp = runs / "program.json"
    if stamp.exists() and read_json(stamp)["sha256"] != digest:
        names = ", ".join(program.name for program in programs)
        sys.exit(f"{runs} holds figures of another build of {names}; remove it, or give another "
                 "--runs")
    commit = subprocess.run(["git", "-C", ROOT, "describe", "--always", "--dirty"],
                            capture_output=True, text=True, check=False).stdout.strip()
    if not stamp.exists():
        stamp.write_text(json.dumps({"sha256": digest, "commit": commit}))
