#!/usr/bin/env python3
"""The first seconds of some seeds give the traces that are committed, in every build.

Each preset compares with the same file, so what one build decides otherwise than another (an
uninitialised value, an order by address, a rounding) fails one of them. A change of what the loop
does, or the world, changes the file: `make golden` writes it anew.
"""

import difflib
import os
import subprocess
import sys
from pathlib import Path

SEEDS = "1..8"
SECONDS = "75"


def main() -> int:
    lab, golden = sys.argv[1], Path(sys.argv[2])
    command = [lab, "--seeds", SEEDS, "--digests-for", SECONDS]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    if os.environ.get("HOMEOSTAT_GOLDEN") == "rewrite":
        golden.write_text(told)
        return 0
    known = golden.read_text()
    if told == known:
        return 0
    lines = difflib.unified_diff(known.splitlines(), told.splitlines(), str(golden), "this build")
    print("\n".join(lines))
    print("If the loop or the world was changed on purpose: make golden")
    return 1


if __name__ == "__main__":
    sys.exit(main())
