"""What the tools that measure share: a directory of runs, in which a unit that was measured is not
measured again, and which belongs to one build of the programs."""

import hashlib
import json
import subprocess
import sys
import venv
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


def program_told(program):
    """Which programs the figures are of, for a page: by their digest, since the checkout that
    measured first may be another one than they were built of."""
    digest = program.get("sha256", "")
    return (f"SHA-256 {digest[:16]}, first measured from a checkout at {program['commit']}"
            if digest else program["commit"])


def python_of(runs):
    return runs / "peers/bin/python"


def install_peers(runs, requirements, may_build=False):
    """What is measured beside ours, in an environment of its own below `runs`; done once for each
    content of `requirements`, whose every line has its hash. Without `may_build`, wheels alone."""
    stamp = runs / "peers/.complete"
    if stamp.exists() and stamp.read_text() == requirements.read_text():
        return say("the peers were installed before")
    venv.create(runs / "peers", clear=True, with_pip=True)
    wheels = [] if may_build else ["--only-binary=:all:"]
    subprocess.run([python_of(runs), "-m", "pip", "--disable-pip-version-check", "--no-input",
                    "--quiet", "install", "--no-deps", *wheels, "--require-hashes",
                    "--requirement", requirements], check=True)
    stamp.write_text(requirements.read_text())
