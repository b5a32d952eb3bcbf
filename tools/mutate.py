#!/usr/bin/env python3
"""Changes one thing in a source at a time and asks its folder's unit tests whether they see it.

    tools/mutate.py homeostat/guard [--sample 200] [--seed 1] [--jobs 1] [--seconds 600] [--json F]

A mutant that the tests let pass *survives*: nothing says that this line matters. Each is compiled
from a copy of the one file (its headers once for all of them), linked in front of the folder's
library, so that its object takes the place of the original, and run with a limit of ten times what
the tests need.
tools/mutants_allowed.txt excuses mutants that mean the same, one a line, with the reason:
`file: old line => new line: reason`. Exit 1 with a survivor that is not excused.

It works in build/mutants with the objects of `make build`, and touches no source.
"""

import argparse
import json
import os
import pathlib
import random
import re
import shlex
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = ROOT / "build/release"
SCRATCH = ROOT / "build/mutants"
ALLOWED = ROOT / "tools/mutants_allowed.txt"
# Tests of another folder that are about this one, tried when its own let a mutant pass.
ALSO = {"homeostat/adapters/segment_log": ["ledger_matrix_test"]}
# A ledger is synced thousands of times: not on a disk.
MEMORY = pathlib.Path("/dev/shm")
QUICK = os.environ | ({"TMPDIR": str(MEMORY)} if MEMORY.is_dir() else {})

# What is found and what takes its place. Operators stand in spaces, as clang-format writes them.
SWAPS = [
    (r" < ", " <= "), (r" <= ", " < "), (r" > ", " >= "), (r" >= ", " > "),
    (r" < ", " > "), (r" > ", " < "),
    (r" == ", " != "), (r" != ", " == "),
    (r" && ", " || "), (r" \|\| ", " && "),
    (r" \+ ", " - "), (r" - ", " + "), (r"\+\+(?=\w)", "--"), (r" \+= ", " -= "),
    (r"\btrue\b", "false"), (r"\bfalse\b", "true"),
    (r"(?<![\w.])!(?=\w)", ""),
    (r"\bstd::max\b", "std::min"), (r"\bstd::min\b", "std::max"),
    (r"::any_of\b", "::all_of"), (r"::all_of\b", "::any_of"), (r"::none_of\b", "::any_of"),
]
NUMBER = re.compile(r"(?<![\w.\"'{])(\d+)(?![\w.'\"])")
CONDITION = re.compile(r"\bif (?:constexpr )?\((?!const |auto |std::optional|Answer )([^;]*)\) \{$")
STATEMENT = re.compile(
    r"^\s+[\w.:>\-\[\]*()]+(?: [+\-|&]?= |\(|\.)[^{}]*;$|^\s+(?:\+\+|--)\w[^{}]*;$"
)
RETURN = re.compile(r"^(\s+)return (?!true;|false;|\{\};|std::nullopt;)([^{}]*);$")


@dataclass(frozen=True)
class Mutant:
    file: str  # From the root.
    line: int  # From 1.
    old: str
    new: str
    kind: str

    def says(self) -> str:
        return f"{self.file}: {self.old.strip()} => {self.new.strip()}"


def code_of(line: str) -> str:
    """The line with strings and comments blanked out, each as long as it was."""
    blank = lambda match: re.sub(r".", "~", match[0])  # noqa: E731
    return re.sub(r'"(?:\\.|[^"\\])*"|//.*$', blank, line)


def mutants_of(path: pathlib.Path) -> list[Mutant]:
    name, found = path.relative_to(ROOT).as_posix(), []
    for number, line in enumerate(path.read_text().splitlines(), 1):
        code = code_of(line)
        if not code.strip() or re.match(r"\s*(#|using |namespace |template|\[\[nodiscard)", code):
            continue

        def add(new: str, kind: str, old: str = line, at: int = number) -> None:
            if new != old:
                found.append(Mutant(name, at, old, new, kind))

        for pattern, swap in SWAPS:
            for match in re.finditer(pattern, code):
                add(line[: match.start()] + swap + line[match.end() :], f"{pattern}→{swap}")
        for match in NUMBER.finditer(code):
            for step in (1, -1):
                value = int(match[1]) + step
                if value >= 0:
                    add(line[: match.start()] + str(value) + line[match.end() :], f"{step:+}")
        if match := CONDITION.search(code):
            begin, end = match.span(1)
            add(line[:begin] + f"!({line[begin:end]})" + line[end:], "condition negated")
        if STATEMENT.match(code) and not re.match(r"\s+(return|break|continue|using)\b", code):
            add(re.match(r"\s*", line)[0] + ";", "statement deleted")
        if match := RETURN.match(line):
            add(f"{match[1]}return {{}};", "early return")
    return found


def link_of(program: str) -> list[str]:
    """The command that links it."""
    lines = subprocess.run(
        ["ninja", "-C", str(BUILD), "-t", "commands", "-s", f"bin/{program}"],
        check=True, capture_output=True, text=True,
    ).stdout.splitlines()
    # ": && clang++ … -o bin/x_test … && :"
    return shlex.split(lines[-1].removeprefix(": && ").removesuffix(" && :"))


def without_precompiled(command: list[str]) -> list[str]:
    """The command without the build's own precompiled headers: a source can have one file only."""
    kept: list[str] = []
    parts = iter(command)
    for part in parts:
        if part != "-Xclang":
            kept.append(part)
            continue
        option = next(parts)
        if option in ("-include-pch", "-include"):
            next(parts), next(parts)  # -Xclang FILE
        elif option != "-fno-pch-timestamp":
            kept += [part, option]
    return kept


class Folder:
    """The commands that build and run the unit test of a folder."""

    def __init__(self, folder: str):
        self.folder = folder
        self.target = folder.replace("/", "_")
        entries = json.loads((BUILD / "compile_commands.json").read_text())
        self.compile = {
            os.path.relpath(entry["file"], ROOT): shlex.split(entry["command"]) for entry in entries
        }
        self.programs = [f"{self.target}_test", *ALSO.get(folder, [])]
        self.links = {program: link_of(program) for program in self.programs}
        self.headers: dict[str, pathlib.Path] = {}

    def command(self, file: str, source: pathlib.Path, to: pathlib.Path) -> list[str]:
        """Compiles `source`, which stands for the file."""
        command = [
            part for part in without_precompiled(self.compile[file])
            if "ccache" not in part and not part.startswith("-g")
        ]
        command[command.index("-o") + 1] = str(to)
        command[command.index("-c") + 1] = str(source)
        return command + ["-w", "-O1"]

    def headers_of(self, file: str) -> pathlib.Path:
        """What the file includes, compiled once: three quarters of the time of each mutant."""
        if file not in self.headers:
            at = SCRATCH / f"{self.target}.headers"
            at.mkdir(parents=True, exist_ok=True)
            header = at / f"{pathlib.Path(file).stem}.hpp"
            compiled = header.with_suffix(".pch")
            lines = (ROOT / file).read_text().splitlines()
            header.write_text("".join(f"{it}\n" for it in lines if it.startswith("#include")))
            command = self.command(file, header, compiled)
            command[command.index("-c")] = "-xc++-header"
            subprocess.run(
                [*command, "-fpch-instantiate-templates"], cwd=BUILD, capture_output=True,
                check=True,
            )
            self.headers[file] = compiled
        return self.headers[file]

    def build(self, mutant: Mutant, at: pathlib.Path) -> bool:
        """False when it cannot be compiled."""
        source = at / pathlib.Path(mutant.file).name
        lines = (ROOT / mutant.file).read_text().splitlines()
        lines[mutant.line - 1] = mutant.new
        lines = ["" if line.startswith("#include") else line for line in lines]
        source.write_text("\n".join(lines) + "\n")
        command = self.command(mutant.file, source, at / "mutant.o")
        command += ["-include-pch", str(self.headers_of(mutant.file))]
        return subprocess.run(command, cwd=BUILD, capture_output=True).returncode == 0

    def link(self, program: str, at: pathlib.Path) -> pathlib.Path:
        command = list(self.links[program])
        command[command.index("-o") + 1] = str(at / "mutant_test")
        first = next(i for i, part in enumerate(command) if part.endswith(".o"))
        command.insert(first, str(at / "mutant.o"))
        subprocess.run(command, cwd=BUILD, capture_output=True, check=True)
        return at / "mutant_test"

    def fails(self, program: pathlib.Path, seconds_max: float) -> bool:
        """Whether the tests see something; a program that does not end is seen as well.

        The enumerations of specification_test.cpp take longest and come last."""
        last = "*specification_test.cpp"
        for choice in (f"--source-file-exclude={last}", f"--source-file={last}"):
            try:
                run = subprocess.run(
                    [str(program), choice, "--abort-after=1"], cwd=BUILD, env=QUICK,
                    stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=seconds_max,
                )
            except subprocess.TimeoutExpired:
                return True
            if run.returncode != 0:
                return True
        return False


def judge(folder: Folder, mutant: Mutant, worker: int, seconds_max: float) -> str:
    at = SCRATCH / f"{folder.target}.{worker}"
    at.mkdir(parents=True, exist_ok=True)
    if not folder.build(mutant, at):
        return "uncompilable"
    is_killed = any(
        folder.fails(folder.link(program, at), seconds_max) for program in folder.programs
    )
    return "killed" if is_killed else "survived"


def allowed() -> dict[str, str]:
    excuses = {}
    for line in ALLOWED.read_text().splitlines() if ALLOWED.exists() else []:
        if line and not line.startswith("#"):
            says, _, reason = line.rpartition(": ")
            if not says or not reason:
                raise SystemExit(f"{ALLOWED.name}: '{line}' gives no reason")
            excuses[says] = reason
    return excuses


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", help="homeostat/guard or homeostat/adapters/segment_log")
    parser.add_argument("--sample", type=int, default=0, help="so many, drawn by chance; 0: all")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=float("inf"), help="begin none after that")
    parser.add_argument("--list", action="store_true", help="say what would be changed, and end")
    parser.add_argument("--json", type=pathlib.Path, help="write the result here too")
    options = parser.parse_args()
    sources = sorted((ROOT / options.folder).glob("*.cpp"))
    mutants = [
        mutant for path in sources if not path.name.endswith("_test.cpp")
        for mutant in mutants_of(path)
    ]
    count_all = len(mutants)
    random.Random(options.seed).shuffle(mutants)
    mutants = mutants[: options.sample or None]
    if options.list:
        print("\n".join(f"{it.file}:{it.line}: {it.says()}" for it in mutants))
        return 0

    folder = Folder(options.folder)
    for file in sorted({mutant.file for mutant in mutants}):
        folder.headers_of(file)
    begin = time.monotonic()
    for program in folder.programs:
        if folder.fails(BUILD / "bin" / program, 600):
            raise SystemExit(f"{program} fails without any change; mend that first")
    seconds_max = 10 * (time.monotonic() - begin) + 5
    excuses, results = allowed(), []

    def one(work: tuple[int, Mutant]) -> None:
        if time.monotonic() - begin < options.seconds:
            index, mutant = work
            result = judge(folder, mutant, index % options.jobs, seconds_max)
            if result == "survived" and mutant.says() in excuses:
                result = "excused"
            results.append((result, mutant))
            if len(results) % 20 == 0:
                print(f"{len(results)} of {len(mutants)} tried", file=sys.stderr, flush=True)
            if result == "survived":
                print(f"{mutant.file}:{mutant.line}: survived ({mutant.kind})\n"
                      f"  - {mutant.old.strip()}\n  + {mutant.new.strip()}", flush=True)

    # Worker n takes every nth mutant, because each has a scratch folder of its own.
    def lane(first: int) -> None:
        for index in range(first, len(mutants), options.jobs):
            one((index, mutants[index]))

    with ThreadPoolExecutor(options.jobs) as pool:
        list(pool.map(lane, range(options.jobs)))
    counts = {
        kind: sum(1 for result, _ in results if result == kind)
        for kind in ("killed", "survived", "excused", "uncompilable")
    }
    judged = counts["killed"] + counts["survived"]
    if results and counts["uncompilable"] == len(results):
        raise SystemExit(f"none of {len(results)} mutants compiles: the command itself is wrong")
    share = 100 * counts["killed"] / judged if judged else 0
    print(f"{options.folder}: {len(results)} of {count_all} mutants tried, "
          f"{counts['uncompilable']} do not compile, "
          f"{counts['excused']} excused; {counts['killed']} of {judged} killed "
          f"({share:.1f} %)")
    if options.json:
        options.json.write_text(json.dumps({
            "folder": options.folder, "mutants": count_all, "tried": len(results), **counts,
            "seed": options.seed,
            "survivors": [f"{it.file}:{it.line}: {it.old.strip()} => {it.new.strip()}"
                          for result, it in results if result == "survived"],
        }, indent=1) + "\n")
    return 1 if counts["survived"] else 0


if __name__ == "__main__":
    sys.exit(main())
