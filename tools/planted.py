#!/usr/bin/env python3
"""Plants the bugs of tests/planted/bugs.toml, one at a time, and asks the tests for each.

    tools/planted.py [--only NAME ...] [--seeds 400] [--kills 5] [--page FILE]
    tools/planted.py --check                 every snippet still stands once; builds nothing

Every bug is compiled into copies of its files at once, in build/planted, behind a switch that the
environment turns (BUG in bugs.toml), and linked in front of the libraries of `make build`: one
build serves all of them, and no source of the product knows of any. A bug that the simulator must
catch is run by the seed (of one scenario where the bug names it) until the referee has objected
`--kills` times where it does not without the bug, or the seeds are over; for
another one the test program that it names must fail. Exit 1 if a bug survives, if a snippet no
longer stands once, or if anything fails while no bug is active.
"""

import argparse
import json
import os
import pathlib
import re
import shlex
import statistics
import subprocess
import sys
import tomllib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUGS = ROOT / "tests/planted/bugs.toml"
BUILD = ROOT / "build/release"
SCRATCH = ROOT / "build/planted"
PLACE = SCRATCH / "programs"
BUGS_MIN = 40
SECONDS_MAX = 120  # A seed takes half a second; one that does not end has been seen, too.
SWITCH = """#pragma once
#include <cstdlib>
#include <string>
namespace planted {
inline const int active = [] {
    const char* text = std::getenv("HOMEOSTAT_PLANTED");
    return text == nullptr ? 0 : std::atoi(text);
}();
}
"""
# A ledger is synced thousands of times: not on a disk.
MEMORY = pathlib.Path("/dev/shm")
QUICK = os.environ | ({"TMPDIR": str(MEMORY)} if MEMORY.is_dir() else {})
PROGRAMS = {"sim": "homeostat-lab", "ledger.matrix": "ledger_matrix_test",
            "matrix.faults": "fault_matrix", "crash.secrets": "homeostat"}


@dataclass(frozen=True)
class Edit:
    file: str
    snippet: str
    instead: str


@dataclass
class Bug:
    number: int  # From 1.
    name: str
    breaks: str
    caught_by: str
    scenario: str  # Empty: whatever the seed draws.
    edits: list[Edit]

    def promises(self) -> set[str]:
        return set(re.findall(r"P\d+", self.breaks.partition(":")[0]))

    def program(self) -> str:
        return PROGRAMS.get(
            self.caught_by, "homeostat_" + self.caught_by.removeprefix("unit.").replace(".", "_")
            + "_test",
        )


@dataclass
class Result:
    bug: Bug
    first: int = 0  # The first seed that shows it; 0: none, or no seeds.
    kills: int = 0
    runs: int = 0
    says: str = ""
    is_caught: bool = field(default=False)


def read_bugs() -> list[Bug]:
    rows = tomllib.loads(BUGS.read_text())["bug"]
    return [
        Bug(number, row["name"], row["breaks"], row["caught_by"], row.get("scenario", ""),
            [Edit(one["file"], one["snippet"], one["instead"]) for one in row["edit"]])
        for number, row in enumerate(rows, 1)
    ]


def objections(bugs: list[Bug], root: pathlib.Path = ROOT) -> list[str]:
    """What is wrong with the list itself."""
    found = []
    if len(bugs) < BUGS_MIN:
        found.append(f"{len(bugs)} bugs, {BUGS_MIN} are wanted")
    names = [bug.name for bug in bugs]
    twice = sorted({it for it in names if names.count(it) > 1})
    found += [f"{name} stands twice" for name in twice]
    for bug in bugs:
        if not re.match(r"[PN]\d+(, [PN]\d+)*: ", bug.breaks):
            found.append(f"{bug.name}: '{bug.breaks}' names no promise")
        for edit in bug.edits:
            path = root / edit.file
            count = path.read_text().count(edit.snippet) if path.exists() else 0
            if count != 1:
                found.append(f"{bug.name}: its snippet stands {count} times in {edit.file}; "
                             "choose one that stands once, or give the bug another place")
            if not edit.file.endswith(".cpp"):
                found.append(f"{bug.name}: {edit.file} is compiled as a part of others; give the "
                             "bug a place in a source")
        if not any("BUG" in edit.instead for edit in bug.edits):
            found.append(f"{bug.name}: nothing depends on BUG")
    return found


def planted(file: str, bugs: list[Bug]) -> str:
    text = (ROOT / file).read_text()
    places = []
    for bug in bugs:
        for edit in bug.edits:
            if edit.file == file:
                begin = text.index(edit.snippet)
                switch = f"(::planted::active == {bug.number})"
                instead = re.sub(r"\bBUG\b", switch, edit.instead)
                places.append((begin, begin + len(edit.snippet), instead, bug.name))
    places.sort(reverse=True)
    for later, earlier in zip(places, places[1:]):
        if earlier[1] > later[0]:
            raise SystemExit(f"{file}: {earlier[3]} and {later[3]} change the same text")
    for begin, end, instead, _ in places:
        text = text[:begin] + instead + text[end:]
    return text


def write(path: pathlib.Path, text: str) -> None:
    """Only what has changed: the compiler's cache looks at dates."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() or path.read_text() != text:
        path.write_text(text)


def ninja_commands(program: str) -> list[str]:
    return subprocess.run(
        ["ninja", "-C", str(BUILD), "-t", "commands", "-s", f"bin/{program}"],
        check=True, capture_output=True, text=True,
    ).stdout.splitlines()


def compile_all(bugs: list[Bug], chosen: list[Bug], jobs: int) -> list[pathlib.Path]:
    """The files that the chosen ones are in, with all bugs of each: another choice finds them."""
    write(SCRATCH / "planted.hpp", SWITCH)
    entries = {
        os.path.relpath(entry["file"], ROOT): shlex.split(entry["command"])
        for entry in json.loads((BUILD / "compile_commands.json").read_text())
    }

    def compile_one(file: str) -> pathlib.Path:
        source = SCRATCH / file
        write(source, planted(file, bugs))
        command = list(entries[file])
        command[command.index("-o") + 1] = str(source.with_suffix(".o"))
        command[command.index("-c") + 1] = str(source)
        command += ["-w", "-include", str(SCRATCH / "planted.hpp")]
        if subprocess.run(command, cwd=BUILD).returncode != 0:
            raise SystemExit(f"{file}: does not compile with its bugs")
        return source.with_suffix(".o")

    with ThreadPoolExecutor(jobs) as pool:
        return list(pool.map(compile_one, sorted({it.file for bug in chosen for it in bug.edits})))


def link(program: str, objects: list[pathlib.Path]) -> pathlib.Path:
    """Archives give only what is still missing: an object in front of them takes its place."""
    command = shlex.split(ninja_commands(program)[-1].removeprefix(": && ").removesuffix(" && :"))
    archives = " ".join(it for it in command if it.endswith(".a"))
    first = next(i for i, part in enumerate(command) if part.endswith(".o"))
    for one in objects:
        folder = one.relative_to(SCRATCH).parent.as_posix().replace("/", "_")
        if f"lib{folder}.a" in archives:
            command.insert(first, str(one))
    PLACE.mkdir(exist_ok=True)
    (PLACE / program).unlink(missing_ok=True)  # It may be a link to the one without bugs.
    command[command.index("-o") + 1] = str(PLACE / program)
    subprocess.run(command, cwd=BUILD, check=True)
    return PLACE / program


def run(command: list[str], number: int) -> tuple[bool, str]:
    """Whether it passed, and what it said."""
    environment = QUICK | {"HOMEOSTAT_PLANTED": str(number)}
    try:
        done = subprocess.run(
            command, cwd=BUILD, env=environment, capture_output=True, text=True,
            errors="replace", timeout=SECONDS_MAX * (1 if "--seed" in command else 10),
        )
    except subprocess.TimeoutExpired:
        return False, "it does not end"
    return done.returncode == 0, done.stderr + done.stdout


class Seeds:
    """Seeds of the simulator, one run each. What breaks without any bug tells nothing of one."""

    def __init__(self, program: pathlib.Path):
        self.program = program
        self.sound: dict[tuple, bool] = {}

    def broken(self, seed: int, bug: Bug, number: int) -> str:
        """What was done against one of the bug's promises; empty: nothing."""
        only = ["--scenario", bug.scenario] if bug.scenario else []
        command = [str(self.program), "--seed", str(seed), *only, "--trace"]
        passed, output = run(command, number)
        said = re.findall(r"^BROKEN (P\d+) at [^:]*: (.*)$", output, re.M)
        ours = [f"{promise}: {text}" for promise, text in said if promise in bug.promises()]
        has_died = not passed and not said
        return ours[0] if ours else output.strip()[-100:] if has_died else ""

    def is_sound(self, seed: int, bug: Bug) -> bool:
        which = (seed, bug.scenario, frozenset(bug.promises()))
        if which not in self.sound:
            self.sound[which] = not self.broken(seed, bug, 0)
        return self.sound[which]


def try_seeds(bug: Bug, seeds: Seeds, count: int, kills: int) -> Result:
    result = Result(bug)
    for seed in range(1, count + 1):
        says = seeds.broken(seed, bug, bug.number)
        result.runs += 1
        if says and seeds.is_sound(seed, bug):
            result.kills += 1
            result.first = result.first or seed
            result.says = result.says or says
        if result.kills >= kills:
            break
    result.is_caught = result.kills > 0
    return result


def put_others_beside() -> None:
    """The programs that have no bug, as they were built: a program, and a test of how one starts
    another, looks for them beside itself, and without them fails whatever is planted."""
    for one in (BUILD / "bin").iterdir():
        link_to = PLACE / one.name
        if link_to.is_symlink() or not link_to.exists():
            link_to.unlink(missing_ok=True)
            link_to.symlink_to(one)


def commands_of(program: pathlib.Path) -> list[list[str]]:
    """What a test program is asked, one after another. The fault matrix is none of doctest's, and
    an option that a program does not know looks like a bug that it has caught."""
    if program.name == PROGRAMS["crash.secrets"]:
        return [[sys.executable, str(ROOT / "tests/crash/secrets_test.py"), "--bin",
                 str(program.parent), "--only", "no_secret"]]
    if program.name == PROGRAMS["matrix.faults"]:
        return [[str(program)]]
    last = "*specification_test.cpp"  # Its enumerations take longest.
    return [[str(program), choice, "--abort-after=1"]
            for choice in (f"--source-file-exclude={last}", f"--source-file={last}")]


def said_first(output: str) -> str:
    """The test that fails first; of the fault matrix the first promise that is broken."""
    test = re.search(r"^(?:TEST CASE:|(?=\s+P\d+: ))\s+(.*)$", output, re.M)
    return test[1] if test else output.strip()[-80:]


def try_test(bug: Bug, program: pathlib.Path) -> Result:
    for command in commands_of(program):
        passed, output = run(command, bug.number)
        if not passed:
            return Result(bug, 0, 1, 1, said_first(output), True)
    return Result(bug, 0, 0, 1)


def told(result: Result) -> str:
    bug = result.bug
    if not result.is_caught:
        return f"SURVIVED  {bug.name}: {bug.caught_by} does not see it ({bug.breaks})"
    of = f" of {bug.scenario}" if bug.scenario else ""
    how = (f"seed {result.first}{of}, {result.kills} of {result.runs}" if bug.caught_by == "sim"
           else bug.caught_by)
    return f"caught    {bug.name}: {how}; {result.says}"


def row_of(result: Result, commit: str) -> str:
    bug = result.bug
    if bug.caught_by == "sim":
        of = f" of {bug.scenario}" if bug.scenario else ""
        share = 100 * result.kills / max(result.runs, 1)
        cells = [f"{result.first}{of}" if result.first else "none",
                 f"{result.kills} of {result.runs} ({share:.0f} %)"]
    else:
        cells = [bug.caught_by, result.says if result.is_caught else "none"]
    return "| " + " | ".join([bug.name, bug.breaks, *cells, commit]) + " |"


def rows_of(page: str, bugs: list[Bug]) -> dict[str, str]:
    """What earlier runs have written of bugs that are still the same."""
    begins = {f"| {bug.name} | {bug.breaks} |": bug.name for bug in bugs}
    return {name: line for line in page.splitlines()
            for begin, name in begins.items() if line.startswith(begin)}


def first_seed(row: str) -> int:
    """0: none has shown it."""
    cell = row.split(" | ")[2]
    return int(cell.split()[0]) if cell != "none" else 0


def page_of(bugs: list[Bug], rows: dict[str, str], seeds: int, kills: int) -> str:
    asked = [bug for bug in bugs if bug.name in rows]
    by_seed = sorted((rows[bug.name] for bug in asked if bug.caught_by == "sim"), key=first_seed)
    by_test = [rows[bug.name] for bug in asked if bug.caught_by != "sim"]
    firsts = [first_seed(row) for row in by_seed if first_seed(row) > 0]
    caught = sum(" | none | " not in row for row in by_seed + by_test)
    never = [bug.name for bug in bugs if bug.name not in rows]
    lines = [
        "# Planted bugs",
        "",
        "Mistakes that engineers make, built in one at a time behind a switch that only "
        "`make planted`",
        "has (`tests/planted/bugs.toml`, `tools/planted.py`). The upper ones are for the "
        "simulator: the share is",
        f"of the seeds that were run until {kills} had shown the bug. The lower ones have to fail "
        "a test. Behind each",
        "stands the commit that it was run on last.",
        "",
        f"{caught} of {len(asked)} are caught. Of the "
        f"{len(by_seed)} for the simulator {len(firsts)} are caught within {seeds} seeds, "
        "the median",
        f"by seed {statistics.median(firsts or [0]):g}. "
        + (f"{len(never)} are not here yet: " + ", ".join(f"`{name}`" for name in never) + "."
           if never else "No bug of the list is missing."),
        "",
        "| bug | breaks | first seed | seeds that show it | program |",
        "|---|---|---|---|---|",
        *by_seed,
        "",
        "| bug | breaks | caught by | the test that fails first | program |",
        "|---|---|---|---|---|",
        *by_test,
    ]
    return "\n".join(lines) + "\n"


def write_page(path: pathlib.Path, bugs: list[Bug], results: list[Result], options) -> None:
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, check=True,
                            capture_output=True, text=True).stdout.strip()
    rows = rows_of(path.read_text(), bugs) if path.exists() else {}
    rows |= {it.bug.name: row_of(it, commit) for it in results}
    path.write_text(page_of(bugs, rows, options.seeds, options.kills))


def fail_if_broken_before(programs: dict[str, pathlib.Path]) -> None:
    """Without any bug every test has to pass, asked just as it is with one."""
    for name, program in programs.items():
        if name == PROGRAMS["sim"]:
            continue
        for command in commands_of(program):
            passed, output = run(command, 0)
            if not passed:
                raise SystemExit(f"{name} fails without any bug: {said_first(output)}; mend that "
                                 "first")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="of the list alone; builds nothing")
    parser.add_argument("--only", nargs="*", help="these bugs")
    parser.add_argument("--seeds", type=int, default=400, help="at most, for each bug")
    parser.add_argument("--kills", type=int, default=5, help="until so many seeds have shown it")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--page", type=pathlib.Path,
                        help="write the tables here, beside what they have of others")
    options = parser.parse_args()
    bugs = read_bugs()
    if wrong := objections(bugs):
        print("\n".join(f"tests/planted/bugs.toml: {one}" for one in wrong), file=sys.stderr)
        return 1
    if options.check:
        print(f"{len(bugs)} bugs, each snippet stands once")
        return 0
    chosen = [bug for bug in bugs if not options.only or bug.name in options.only]
    if unknown := sorted(set(options.only or []) - {bug.name for bug in chosen}):
        print(f"no bug is called {', '.join(unknown)}", file=sys.stderr)
        return 1
    objects = compile_all(bugs, chosen, options.jobs)
    programs = {name: link(name, objects) for name in sorted({bug.program() for bug in chosen})}
    put_others_beside()
    print(f"{len(objects)} files with their bugs; first without any", flush=True)
    fail_if_broken_before(programs)
    seeds = Seeds(PLACE / PROGRAMS["sim"])

    def try_one(bug: Bug) -> Result:
        result = (try_seeds(bug, seeds, options.seeds, options.kills)
                  if bug.caught_by == "sim" else try_test(bug, programs[bug.program()]))
        print(told(result), flush=True)
        return result

    with ThreadPoolExecutor(options.jobs) as pool:
        results = list(pool.map(try_one, chosen))
    firsts = [it.first for it in results if it.first > 0]
    median = f"; the median by seed {statistics.median(firsts):g}" if firsts else ""
    print(f"{sum(it.is_caught for it in results)} of {len(results)} caught{median}")
    if options.page:
        write_page(options.page, bugs, results, options)
    return 0 if all(it.is_caught for it in results) else 1


if __name__ == "__main__":
    sys.exit(main())
