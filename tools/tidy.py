#!/usr/bin/env python3
"""Checks the sources against the rules that a compiler does not know: layers, names, sizes, purity,
awaits. Prints `path:line: what is wrong — what to do (rule)` and fails if anything was printed.

    tools/tidy.py [ROOT]

A line is excused by a comment on it or on the line above: `tidy(rule): why`. A rule about a whole
file is excused by the same words anywhere in its first thirty lines.
"""

import os
import pathlib
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from layers import Layers, read_layers

SKIPPED_FOLDERS = {".git", ".venv", "build", "run", "runs", "var", "__pycache__"}
TEXT_SUFFIXES = {".cpp", ".hpp", ".py", ".sh", ".md", ".cmake", ".txt", ".yaml", ".yml", ".json"}
CODE_SUFFIXES = {".cpp", ".hpp", ".py", ".sh", ".cmake"}
DATA_FOLDERS = {"tests/data", "fuzz/seeds"}  # Bytes for parsers; nobody reads them as text.
BYTES_MAX = 500_000  # A larger file is data; it is fetched by hash, not kept.
# What was trained here can be fetched from nowhere. A rank of 16 in 32 bits takes 15 MB.
BYTES_MAX_OF = {"models/remedy/adapter_model.safetensors": 20_000_000}
COLUMNS_MAX = 100
LINES_MAX = {".hpp": 200, ".cpp": 500}

REFUSED_WORDS = {"util", "utils", "helper", "helpers", "common", "misc", "manager", "handler"}
PROMISE_WORDS = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X)\b")
SNAKE_CASE = re.compile(r"^[a-z0-9]+(_[a-z0-9]+)*(\.[a-z0-9]+)?$")

# How a third-party name of layers.txt looks in an #include. The first match counts.
THIRD_PARTY = [
    ("boost_asio", "boost/asio"),
    ("boost_asio", "boost/system/"),
    ("boost_beast", "boost/beast"),
    ("boost_json", "boost/json"),
    ("boost_url", "boost/url"),
    ("benchmark", "benchmark/"),
    ("cli11", "CLI/"),
    ("date_tz", "date/"),
    ("doctest", "doctest/"),
    ("fmt", "fmt/"),
    ("nats", "nats/"),
    ("openssl", "openssl/"),
    ("pqxx", "pqxx/"),
    ("spdlog", "spdlog/"),
    ("sqlite", "sqlite3.h"),
    ("xxhash", "xxhash.h"),
    ("yaml_cpp", "yaml-cpp/"),
]

# What a pure folder may not name, and where it belongs instead.
IMPURE_INCLUDES = re.compile(
    r"^(thread|mutex|shared_mutex|condition_variable|future|semaphore|stop_token|latch|barrier"
    r"|fstream|iostream|filesystem|locale|.*\.h)$"
)
IMPURE_CALLS = [
    (r"_clock::now\b|\bclock_gettime\b|\bgettimeofday\b|\bstd::time\(", "take `Instant now`"),
    (r"\brandom_device\b|\bstd::s?rand\(|\bmt19937", "take `Rng&`"),
    (r"\bgetenv\b", "read the environment in app/ and pass the value"),
    (r"\bthis_thread\b|\b(nano|u)sleep\(|\bstd::j?thread\b", "return an effect instead"),
    (r"\bstd::(mutex|atomic|async|condition_variable)\b", "one strand owns the state; no locks"),
    (r"\b[io]?fstream\b|\bfopen\b|(?<![\w>])::(open|read|write|socket|connect)\(", "use a port"),
    (r"\bstd::(cout|cin)\b", "return text; app/ prints it"),
    (r"\blocal(time|e)\b", "neither place nor locale may reach an output"),
]

NOT_CODE = re.compile(
    r'//[^\n]*|/\*.*?\*/|R"(\w*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"'
    r"|(?<![0-9A-Za-z_])'(?:\\.|[^'\\\n])+'",
    re.DOTALL,
)
INCLUDE = re.compile(r'^\s*#\s*include\s*(["<])([^">]+)[">]', re.MULTILINE)
LAMBDA = re.compile(
    r"(?<![\w\])])\[(?P<captures>[^\[\]]+)\]\s*(\([^()]*(\([^()]*\)[^()]*)*\))?"
    r"\s*(mutable|noexcept|\s)*(->\s*[\w:<>, ]+)?\s*\{"
)


@dataclass(frozen=True)
class Finding:
    rule: str
    line: int  # 0: the file as a whole.
    message: str
    mend: str


class Source:
    """One file, with its comments and strings blanked out on demand."""

    def __init__(self, root: pathlib.Path, path: pathlib.Path):
        self.path = path
        self.name = path.relative_to(root).as_posix()
        self.suffix = ".cmake" if path.name == "CMakeLists.txt" else path.suffix
        self.is_cpp = self.suffix in (".cpp", ".hpp")
        self.is_test = self.name.endswith(("_test.cpp", "_for_test.hpp"))
        # homeostat/adapters/haproxy/x.cpp → file adapters/haproxy/x.cpp, folder adapters/haproxy
        inside = self.name.startswith("homeostat/")
        self.file = self.name.removeprefix("homeostat/") if inside else None
        self.folder = os.path.dirname(self.file) if self.file else None

    @cached_property
    def text(self) -> str:
        return self.path.read_text(encoding="utf-8")

    @cached_property
    def lines(self) -> list[str]:
        return self.text.splitlines()

    @cached_property
    def code(self) -> str:
        return NOT_CODE.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), self.text)

    def line_at(self, offset: int) -> int:
        return self.text.count("\n", 0, offset) + 1

    def block_end(self, opening: int) -> int:
        """Offset just after the brace that closes the one at `opening`."""
        depth = 0
        for offset in range(opening, len(self.code)):
            depth += {"{": 1, "}": -1}.get(self.code[offset], 0)
            if depth == 0:
                return offset + 1
        return len(self.code)

    def is_excused(self, finding: Finding) -> bool:
        if finding.line == 0:
            nearby = self.lines[:30]
        else:
            nearby = self.lines[max(0, finding.line - 2) : finding.line]
        return any(f"tidy({finding.rule}): " in line for line in nearby)


# --- Any text ------------------------------------------------------------------------------------


def check_name(source: Source, _: Layers) -> Iterator[Finding]:
    stem, is_code = source.path.stem, source.suffix in CODE_SUFFIXES
    if is_code and source.path.name != "CMakeLists.txt" and not SNAKE_CASE.match(source.path.name):
        yield Finding("name", 0, f"'{source.path.name}' is not snake_case", "rename the file")
    for word in re.split(r"[^a-z0-9]+", stem.lower()):
        if word in REFUSED_WORDS:
            yield Finding("name", 0, f"'{word}' in a name says nothing", "name what the file holds")


def check_text(source: Source, _: Layers) -> Iterator[Finding]:
    for number, line in enumerate(source.lines, 1):
        if line != line.rstrip():
            yield Finding("space", number, "space at the end of the line", "delete it")
        if match := PROMISE_WORDS.search(line):
            yield Finding("promise", number, f"'{match[0]}'", "do it now, or open an issue")
        if source.suffix in CODE_SUFFIXES and len(line) > COLUMNS_MAX:
            yield Finding("columns", number, f"{len(line)} columns", f"at most {COLUMNS_MAX}")


def check_size(source: Source, _: Layers) -> Iterator[Finding]:
    # What a test stands on is read like a source, and may be as long.
    lines_max = LINES_MAX.get(".cpp" if source.is_test else source.suffix)
    if lines_max and len(source.lines) > lines_max:
        message = f"{len(source.lines)} lines, at most {lines_max}"
        yield Finding("size", 0, message, "split it by what it holds")


def check_markdown(source: Source, _: Layers) -> Iterator[Finding]:
    if source.suffix != ".md":
        return
    prose = re.sub(r"^```.*?^```", "", source.text, flags=re.DOTALL | re.MULTILINE)
    titles = len(re.findall(r"^# ", prose, re.MULTILINE))
    if titles != 1 or not source.text.startswith("# "):
        yield Finding("title", 1, f"{titles} titles", "begin with one `# Title`, the only one")


# --- Any C++ -------------------------------------------------------------------------------------


def check_awaits(source: Source, _: Layers) -> Iterator[Finding]:
    """The forms in which a compiler we know miscompiles, or a reader misreads, an await."""
    code = source.code if source.is_cpp else ""
    for match in re.finditer(r"\bco_await\b", code):
        line = source.line_at(match.start())
        begin = max(code.rfind(mark, 0, match.start()) for mark in ";{}") + 1
        before, after = code[begin : match.start()], statement_after(code, match.end())
        if "{" in after:
            yield Finding(
                "await", line, "braces inside a co_await expression", "name the operand first"
            )
        if "co_await" in after:
            yield Finding("await", line, "two awaits in a statement", "name the first result")
        if "?" in before or "?" in after:
            yield Finding("await", line, "await in a ?: expression", "write an if")
        if re.search(r"\bauto\s*&{0,2}\s*\[", before):
            yield Finding("await", line, "structured binding on an await", "name the result first")
    for match in re.finditer(r"\bcatch\s*\([^)]*\)\s*\{", code):
        if "co_await" in code[match.end() : source.block_end(match.end() - 1)]:
            line = source.line_at(match.start())
            yield Finding("await", line, "await in a catch block", "keep the error, await after")
    for match in LAMBDA.finditer(code):
        body = code[match.end() : source.block_end(match.end() - 1)]
        if re.search(r"\bco_(await|return|yield)\b", body):
            line = source.line_at(match.start())
            yield Finding(
                "lambda",
                line,
                f"coroutine lambda captures [{match['captures'].strip()}]",
                "captures die before the coroutine does; use a function, parameters are values",
            )


def statement_after(code: str, begin: int) -> str:
    """From an operand of co_await to the end of its statement or of the parenthesis around it."""
    depth = 0
    for offset in range(begin, len(code)):
        depth += {"(": 1, "{": 1, ")": -1, "}": -1}.get(code[offset], 0)
        if depth < 0 or (depth == 0 and code[offset] == ";"):
            return code[begin:offset]
    return code[begin:]


# --- homeostat/ ----------------------------------------------------------------------------------


def check_header(source: Source, _: Layers) -> Iterator[Finding]:
    if source.file and source.suffix == ".hpp":
        if not re.match(r"#pragma once\n\n// \S", source.text):
            yield Finding(
                "header", 1, "no head comment", "#pragma once, a blank line, then what it is for"
            )
    if source.file and source.is_cpp:
        for match in re.finditer(r"^\s*#\s*define\s+(\w+)", source.code, re.MULTILINE):
            line = source.line_at(match.start())
            yield Finding("macro", line, f"macro {match[1]}", "a constant or a function does it")


def check_includes(source: Source, layers: Layers) -> Iterator[Finding]:
    if not (source.file and source.is_cpp):
        return
    if source.folder not in layers.neighbours:
        yield Finding("layer", 0, f"folder {source.folder} is not in layers.txt", "add its line")
        return
    libraries = layers.libraries[source.folder] + layers.libraries.get(source.file, [])
    libraries += layers.test_libraries if source.is_test else []
    folders = [source.folder, *layers.neighbours[source.folder]]
    for match in INCLUDE.finditer(source.text):
        line, header = source.line_at(match.start(2)), match[2]
        if match[1] == '"':
            yield from check_own_include(header, line, source, folders)
            yield from check_index_include(header, line, source, layers)
        else:
            yield from check_library_include(header, line, source, libraries)


def check_own_include(header: str, line: int, source: Source, folders) -> Iterator[Finding]:
    if not header.startswith("homeostat/"):
        yield Finding("layer", line, f'"{header}"', 'write the path from the top: "homeostat/…"')
        return
    folder = os.path.dirname(header.removeprefix("homeostat/"))
    if folder not in folders:
        yield Finding(
            "layer",
            line,
            f"{source.folder} may not include {folder}",
            "move what both need to a folder below, or let the caller pass it (layers.txt)",
        )


def check_index_include(header: str, line: int, source: Source, layers) -> Iterator[Finding]:
    """The index of the ledger may be lost or wrong at any time, so nothing that acts reads it."""
    index = "homeostat/adapters/ledger_index/"
    is_own = source.folder == "adapters/ledger_index"
    if header.startswith(index) and not is_own and source.file not in layers.telling:
        yield Finding(
            "index",
            line,
            f"{source.file} may not ask the ledger's index",
            "decide by the ledger itself; only what tells of the past may (layers.txt, @index)",
        )


def check_library_include(header: str, line: int, source: Source, libraries) -> Iterator[Finding]:
    for library, prefix in THIRD_PARTY:
        if header.startswith(prefix):
            if library not in libraries:
                mend = "go through the folder that wraps it, or give it a place in layers.txt"
                yield Finding("library", line, f"{source.folder} may not include {library}", mend)
            return
    if header.startswith("boost/"):
        yield Finding(
            "library", line, f"<{header}> is of no library we list", "third_party/README.md first"
        )


def check_purity(source: Source, layers: Layers) -> Iterator[Finding]:
    if not (source.file and source.is_cpp):
        return
    if not source.is_test and not layers.may_await(source.file):
        for match in re.finditer(r"\bco_(await|return|yield)\b", source.code):
            yield Finding(
                "coroutine",
                source.line_at(match.start()),
                f"{match[0]} outside the places that may await",
                "return the effect as data and let the driver await it (layers.txt, @await)",
            )
    if source.folder not in layers.pure:
        return
    for match in INCLUDE.finditer(source.text):
        if match[1] == "<" and IMPURE_INCLUDES.match(match[2]) and not source.is_test:
            if not match[2].startswith(tuple(prefix for _, prefix in THIRD_PARTY)):
                line = source.line_at(match.start(2))
                yield Finding("pure", line, f"<{match[2]}> in a pure folder", "use a port")
    for pattern, mend in IMPURE_CALLS:
        for match in re.finditer(pattern, source.code):
            line = source.line_at(match.start())
            yield Finding("pure", line, f"{match[0].strip('(')} in a pure folder", mend)


FILE_CHECKS = [
    check_name,
    check_text,
    check_size,
    check_markdown,
    check_awaits,
    check_header,
    check_includes,
    check_purity,
]


# --- The tree ------------------------------------------------------------------------------------


def check_map(root: pathlib.Path, sources: list[Source], layers: Layers) -> Iterator[str]:
    """Every folder is on the map, every library has its reason."""
    map_file, table_file = root / "ARCHITECTURE.md", root / "third_party/README.md"
    if map_file.exists():
        drawn = map_file.read_text()
        for folder in sorted({source.folder for source in sources if source.folder}):
            if not re.search(rf"\b{re.escape(os.path.basename(folder))}\b", drawn):
                yield f"ARCHITECTURE.md:1: homeostat/{folder}/ is missing — put it on the map (map)"
    if table_file.exists():
        table = table_file.read_text()
        for library in sorted({name for names in layers.libraries.values() for name in names}):
            if f"`{library}`" not in table:
                yield (
                    f"third_party/README.md:1: {library} of layers.txt is missing — "
                    "give its version, licence and reason (library)"
                )


def find_sources(root: pathlib.Path) -> Iterator[Source | str]:
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(set(folders) - SKIPPED_FOLDERS)
        here = pathlib.Path(folder)
        if here.relative_to(root).as_posix() in DATA_FOLDERS:
            folders.clear()
            continue
        for file in sorted(files):
            path = here / file
            if path.is_symlink():
                continue
            name = path.relative_to(root).as_posix()
            bytes_max = BYTES_MAX_OF.get(name, BYTES_MAX)
            if path.stat().st_size > bytes_max:
                yield f"{name}:1: over {bytes_max} bytes — fetch it by hash (bytes)"
            elif path.suffix in TEXT_SUFFIXES or path.name == "Makefile":
                yield Source(root, path)


def findings_of(root: pathlib.Path) -> Iterator[str]:
    layers = read_layers(root)
    sources = []
    for source in find_sources(root):
        if isinstance(source, str):
            yield source
            continue
        sources.append(source)
        for check in FILE_CHECKS:
            for finding in check(source, layers):
                if not source.is_excused(finding):
                    place = f"{source.name}:{finding.line or 1}"
                    yield f"{place}: {finding.message} — {finding.mend} ({finding.rule})"
    yield from check_map(root, sources, layers)


def main() -> int:
    here = pathlib.Path(__file__).resolve().parent.parent
    root = pathlib.Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else here
    findings = list(findings_of(root))
    for finding in findings:
        print(finding)
    if findings:
        print(f"tidy: {len(findings)} findings", file=sys.stderr)
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
