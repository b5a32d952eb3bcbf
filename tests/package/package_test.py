#!/usr/bin/env python3
"""Installs the state graph into an empty folder, and has a project outside the tree build on it.

    package_test.py --build build/release --compiler clang++-19 --generator Ninja
"""

import argparse
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

CONSUMER = pathlib.Path(__file__).resolve().parent / "consumer"
OPTIONS = argparse.Namespace(build="", compiler="", generator="")
INCLUDE = re.compile(r'^#include "(homeostat/[^"]+)"', re.MULTILINE)


def run(*command: object) -> str:
    ran = subprocess.run(
        [str(word) for word in command], capture_output=True, text=True, timeout=240, check=False
    )
    if ran.returncode != 0:
        raise AssertionError(f"{command[:3]}: {ran.stdout}{ran.stderr}")
    return ran.stdout


class Package(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="homeostat-package-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.prefix = self.folder / "prefix"
        run("cmake", "--install", OPTIONS.build, "--component", "graph", "--prefix", self.prefix)

    def test_every_header_of_ours_that_is_included_is_installed(self) -> None:
        include = self.prefix / "include"
        headers = list(include.rglob("*.hpp"))
        self.assertIn(include / "homeostat/graph/runner.hpp", headers)
        for header in headers:
            for name in INCLUDE.findall(header.read_text(encoding="utf-8")):
                self.assertTrue((include / name).is_file(), f"{header.name} includes {name}")

    def test_a_project_outside_the_tree_builds_and_runs_on_it(self) -> None:
        source, build = self.folder / "consumer", self.folder / "build"
        shutil.copytree(CONSUMER, source)
        run(
            "cmake",
            *("-S", source, "-B", build, "-G", OPTIONS.generator),
            f"-DCMAKE_PREFIX_PATH={self.prefix}",
            f"-DCMAKE_CXX_COMPILER={OPTIONS.compiler}",
        )
        run("cmake", "--build", build)
        self.assertEqual(run(build / "consumer"), "42\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    for option in vars(OPTIONS):
        parser.add_argument(f"--{option}", required=True)
    OPTIONS, rest = parser.parse_known_args()
    unittest.main(argv=[sys.argv[0], *rest])
