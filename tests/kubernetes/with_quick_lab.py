#!/usr/bin/env python3
"""Runs a program in a quick lab of its own, whose kubeconfig it finds in HOMEOSTAT_KUBECONFIG.

    tests/kubernetes/with_quick_lab.py build/release/bin/kubernetes_test
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import lab_cases  # noqa: F401  Finds the lab.
from processes import CannotBeHad
from quick_lab import QuickLab


def main():
    with tempfile.TemporaryDirectory(prefix="quick-lab-") as folder:
        try:
            with QuickLab(Path(folder) / "lab") as lab:
                return subprocess.run(sys.argv[1:], env={
                    **os.environ, "HOMEOSTAT_KUBECONFIG": str(lab.kubeconfig)}).returncode
        except CannotBeHad as error:
            print(f"SKIPPED: {error}")
            return 77


if __name__ == "__main__":
    sys.exit(main())
