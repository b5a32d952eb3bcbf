#!/usr/bin/env python3
"""Runs clang-tidy over the project's sources, in parallel, and remembers what was clean.

    tools/clang_tidy.py BUILD_FOLDER [--jobs N] [--seconds-max N] [FILE...]

Each source compiled there is checked once; a folder that is configured and not built will do, and
only the asan preset's has the fuzz targets. One file costs seconds, most of it spent in third-party
headers, so a clean result is remembered under the hash of everything it depends on: the file, each
project header it includes, its compile command, .clang-tidy, this script and the version of
clang-tidy. Changing a source checks that source again, changing a header those that include it, and
a run on an unchanged tree takes a second. No hash knows where the tree stands.

Exit status: 1 with findings, 124 where there are none so far and the time was not enough.
"""

import argparse
import concurrent.futures
import functools
import hashlib
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
# Where tools/setup.sh puts it. The script of that name would start the program beside it.
SITE_PACKAGES = "build/clang_tidy/lib/python*/site-packages"
CACHE = ROOT / "build/clang_tidy_clean"
# The analyzer follows calls into small functions only: of eight planted faults it finds the same
# seven, and one source costs 2.9 s of user time instead of 5.3 (2.7 without the analyzer).
ANALYZER_FLAGS = ("-Xclang", "-analyzer-config", "-Xclang", "mode=shallow")
# What --quiet does not silence: it counts what was found in others' headers as well.
COUNT_LINE = re.compile(r"^\d+ (warning|error)s?( and \d+ errors?)? generated\.$\n?", re.MULTILINE)
TOO_LATE = 124  # As timeout(1) has it.
FINDING = re.compile(r"^\S+:\d+:\d+: (error|warning): ")
INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"', re.MULTILINE)


@functools.cache
def program() -> str:
    found = sorted(ROOT.glob(f"{SITE_PACKAGES}/clang_tidy/data/bin/clang-tidy"))
    if not found:
        sys.exit("clang-tidy is not installed here: run `tools/setup.sh check`")
    return str(found[-1])


@functools.cache
def project_files_of(path: pathlib.Path) -> frozenset[pathlib.Path]:
    """The file and every project header it reaches. Circles are cut by #pragma once, as here."""
    found, waiting = {path}, [path]
    while waiting:
        here = waiting.pop()
        for name in INCLUDE.findall(here.read_text(encoding="utf-8")):
            for header in (ROOT / name, here.parent / name):
                if header.is_file() and header not in found:
                    found.add(header)
                    waiting.append(header)
    return frozenset(found)


def key_of(entry: dict, settings: bytes) -> str:
    digest = hashlib.sha256(settings)
    flags = entry["command"].replace(entry["directory"], "BUILD").replace(str(ROOT), "ROOT")
    digest.update(flags.encode())
    for path in sorted(project_files_of(pathlib.Path(entry["file"]))):
        digest.update(str(path.relative_to(ROOT)).encode() + path.read_bytes())
    return digest.hexdigest()


def check(entry: dict, build: pathlib.Path) -> tuple[bool, str, float]:
    begun = time.monotonic()
    command = [program(), "-p", str(build), "--quiet"]
    command += [f"--extra-arg={flag}" for flag in ANALYZER_FLAGS]
    # A test that dereferences nothing fails by itself, so does a fuzz target, and in a coroutine
    # all that the analyzer ever reported was inside Asio's awaitable.
    path = pathlib.Path(entry["file"])
    runs_by_itself = path.stem.endswith(("_test", "_fuzz"))
    if runs_by_itself or "co_await" in path.read_text(encoding="utf-8"):
        command.append("--checks=-clang-analyzer-*")
    done = subprocess.run(
        [*command, entry["file"]],
        capture_output=True,
        text=True,
        errors="replace",
    )
    said = done.stdout + COUNT_LINE.sub("", done.stderr)
    if done.returncode < 0:
        said += f"clang-tidy was ended by {signal.Signals(-done.returncode).name}\n"
    return done.returncode == 0, said, time.monotonic() - begun


def entries_of(build: pathlib.Path, wanted: list[str]) -> list[dict]:
    """What is compiled of ours, once each: no third-party source, nothing generated."""
    ours = {}
    for entry in json.loads((build / "compile_commands.json").read_text()):
        path = pathlib.Path(entry["file"])
        generated = build.resolve() in path.parents
        if ROOT in path.parents and not generated and ROOT / "third_party" not in path.parents:
            ours[path] = entry
    if wanted:
        chosen = {pathlib.Path(name).resolve() for name in wanted}
        return [entry for path, entry in ours.items() if path in chosen]
    return list(ours.values())


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("files", nargs="*")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--seconds-max", type=float, default=float("inf"),
                        help="begin with no source after that")
    options = parser.parse_intermixed_args()

    version = subprocess.run([program(), "--version"], check=True, capture_output=True).stdout
    settings = b"".join(
        (version, (ROOT / ".clang-tidy").read_bytes(), pathlib.Path(__file__).read_bytes())
    )
    CACHE.mkdir(parents=True, exist_ok=True)
    entries = entries_of(options.build, options.files)
    keys = {entry["file"]: key_of(entry, settings) for entry in entries}
    waiting = [entry for entry in entries if not (CACHE / keys[entry["file"]]).exists()]
    print(f"clang-tidy: {len(entries)} sources, {len(waiting)} to check", file=sys.stderr)

    faulty, left_out = [], 0
    ends_at = time.monotonic() + options.seconds_max

    def check_in_time(entry: dict) -> tuple[bool, str, float] | None:
        return check(entry, options.build) if time.monotonic() < ends_at else None

    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        pending = {pool.submit(check_in_time, entry): entry for entry in waiting}
        for count, future in enumerate(concurrent.futures.as_completed(pending), 1):
            name, result = pending[future]["file"], future.result()
            if result is None:
                left_out += 1
                continue
            is_clean, output, seconds = result
            shown = pathlib.Path(name).relative_to(ROOT)
            verdict = "ok" if is_clean else "FAULTY"
            print(f"[{count}/{len(waiting)}] {seconds:5.1f} s {verdict} {shown}", file=sys.stderr)
            if output:
                print(output, flush=True)
            if is_clean:
                (CACHE / keys[name]).touch()
            else:
                faulty.append((str(shown), output))
    # Once more at the end, where somebody who sees only that finds them.
    for name, output in sorted(faulty):
        findings = [line for line in output.splitlines() if FINDING.match(line)]
        print("\n".join(findings or [f"{name}: see above"]), file=sys.stderr)
    if faulty:
        print(f"clang-tidy: {len(faulty)} sources with findings", file=sys.stderr)
    if left_out:
        print(f"clang-tidy: {left_out} sources were not checked in time", file=sys.stderr)
    if faulty:
        return 1
    return TOO_LATE if left_out else 0


if __name__ == "__main__":
    sys.exit(main())
