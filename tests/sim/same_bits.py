#!/usr/bin/env python3
"""A seed gives the same trace whether or not libm multiplies and adds in one rounding.

glibc picks variants of exp, log and pow by the processor. Its tunables pick the others here, as on
an older machine; whether they did is seen from the bits of Python's own math.
"""

import json
import os
import subprocess
import sys

WITHOUT_FMA = "glibc.cpu.hwcaps=-FMA,-FMA4,-AVX2"
SEEDS = "1..12"
BITS = (
    "import hashlib, math, struct\n"
    "values = [f(x / 7919) for x in range(1, 100_000) for f in (math.exp, math.log, math.sin)]\n"
    "print(hashlib.sha256(struct.pack(f'{len(values)}d', *values)).hexdigest())\n"
)


def run(command: list[str], tunables: str | None) -> str:
    environment = dict(os.environ)
    environment.pop("GLIBC_TUNABLES", None)
    if tunables:
        environment["GLIBC_TUNABLES"] = tunables
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{command[0]} exits with {done.returncode}: {done.stderr}")
    return done.stdout


def main() -> int:
    lab = [sys.argv[1], "--seeds", SEEDS, "--json"]
    hashes = [json.loads(run(lab, tunables))["trace_hash"] for tunables in (None, WITHOUT_FMA)]
    bits = [run([sys.executable, "-c", BITS], tunables) for tunables in (None, WITHOUT_FMA)]
    differs = "differs" if bits[0] != bits[1] else "is the same (no FMA here)"
    print(f"seeds {SEEDS}: {hashes[0]} with, {hashes[1]} without; libm {differs}")
    return 0 if hashes[0] == hashes[1] else 1


if __name__ == "__main__":
    sys.exit(main())
