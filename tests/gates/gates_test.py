#!/usr/bin/env python3
"""Plants one violation at a time in a copy of the tree; the gate must refuse it and name it.

A gate nobody has seen refuse is decoration. The last tests require that the tree as it is passes.
"""

import argparse
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
OPTIONS = argparse.Namespace(build="", compiler="clang++-19")
HEAD = "#pragma once\n\n// Planted by a test.\n\n"

# (what the test says, file planted, its text, what the gate must print)
TIDY_CASES = [
    (
        "a stage that includes another stage",
        "homeostat/guard/planted.cpp",
        '#include "homeostat/detect/detect.hpp"\n',
        "homeostat/guard/planted.cpp:1: guard may not include detect",
    ),
    (
        "the domain including what stands above it",
        "homeostat/domain/planted.hpp",
        HEAD + '#include "homeostat/ports/clock.hpp"\n',
        "homeostat/domain/planted.hpp:5: domain may not include ports",
    ),
    (
        "an adapter including another adapter",
        "homeostat/adapters/llm/planted.cpp",
        '#include "homeostat/adapters/haproxy/haproxy.hpp"\n',
        "adapters/llm may not include adapters/haproxy",
    ),
    (
        "the loop reading the ledger's index",
        "homeostat/heal/planted.cpp",
        '#include "homeostat/adapters/ledger_index/ledger_index.hpp"\n',
        "heal may not include adapters/ledger_index",
    ),
    (
        "the agent reading the ledger's index",
        "homeostat/app/agent_planted.cpp",
        '#include "homeostat/adapters/ledger_index/ledger_index.hpp"\n',
        "app/agent_planted.cpp may not ask the ledger's index",
    ),
    (
        "Asio in the graph library",
        "homeostat/graph/planted.cpp",
        "#include <boost/asio/post.hpp>\n",
        "homeostat/graph/planted.cpp:1: graph may not include boost_asio",
    ),
    (
        "Beast in an adapter",
        "homeostat/adapters/haproxy/planted.cpp",
        "#include <boost/beast/http.hpp>\n",
        "adapters/haproxy may not include boost_beast",
    ),
    (
        "a library nobody listed",
        "homeostat/net/planted.cpp",
        "#include <boost/spirit/home/x3.hpp>\n",
        "is of no library we list",
    ),
    (
        "a folder without a line in layers.txt",
        "homeostat/cloud/planted.cpp",
        "int planted() { return 1; }\n",
        "folder cloud is not in layers.txt",
    ),
    (
        "a name that says nothing",
        "homeostat/guard/guard_utils.hpp",
        HEAD,
        "'utils' in a name says nothing",
    ),
    (
        "a file that is not snake_case",
        "homeostat/guard/CapacityFloor.hpp",
        HEAD,
        "'CapacityFloor.hpp' is not snake_case",
    ),
    ("a header without a head comment", "homeostat/act/planted.hpp", "#pragma once\n", "no head"),
    ("a macro", "homeostat/act/planted.cpp", "#define PLANTED 1\n", "macro PLANTED"),
    (
        "a clock read in a stage",
        "homeostat/detect/planted.cpp",
        "auto now() { return std::chrono::steady_clock::now(); }\n",
        "planted.cpp:1: _clock::now in a pure folder — take `Instant now`",
    ),
    ("a thread in a stage", "homeostat/detect/planted.cpp", "#include <thread>\n", "<thread> in a"),
    (
        "a system header in a stage",
        "homeostat/record/planted.cpp",
        "#include <sys/socket.h>\n",
        "<sys/socket.h> in a pure folder",
    ),
    (
        "a coroutine in a stage",
        "homeostat/verify/planted.cpp",
        "Task<int> planted() { co_return 1; }\n",
        "co_return outside the places that may await",
    ),
    (
        "an aggregate in braces inside an await",
        "homeostat/app/planted.cpp",
        "Task<void> planted() {\n    co_await scale(\n        {.group = group, .count = 3});\n}\n",
        "homeostat/app/planted.cpp:2: braces inside a co_await expression",
    ),
    (
        "two awaits in one statement",
        "homeostat/app/planted.cpp",
        "Task<int> planted() { co_return f(co_await a(co_await b())); }\n",
        "two awaits in a statement",
    ),
    (
        "a structured binding on an await",
        "homeostat/app/planted.cpp",
        "Task<void> planted() { auto [left, right] = co_await both(); }\n",
        "structured binding on an await",
    ),
    (
        "an await inside ?:",
        "homeostat/app/planted.cpp",
        "Task<void> planted() { int x = wanted ? co_await ask() : 0; }\n",
        "await in a ?: expression",
    ),
    (
        "an await in a catch block",
        "homeostat/app/planted.cpp",
        "Task<void> planted() { try { f(); } catch (const E& e) { co_await undo(); } }\n",
        "await in a catch block",
    ),
    (
        "a capturing coroutine lambda",
        "homeostat/app/planted.cpp",
        "void planted() { spawn([this, &x]() -> Task<void> { co_await x.run(); }); }\n",
        "coroutine lambda captures [this, &x]",
    ),
    (
        "a line of 101 columns",
        "homeostat/app/planted.cpp",
        "// " + "x" * 98 + "\n",
        "101 columns",
    ),
    ("a header of 201 lines", "homeostat/act/planted.hpp", HEAD + "\n" * 198, "at most 200"),
    ("a source of 501 lines", "homeostat/act/planted.cpp", "//\n" * 501, "at most 500"),
    ("a promise", "homeostat/act/planted.cpp", "// TO" "DO: later\n", "open an issue"),
    ("a space at the end", "docs/planted.md", "# Planted\n\nword \n", "docs/planted.md:3: space"),
    ("two titles", "docs/planted.md", "# One\n\n# Two\n", "2 titles"),
    ("a large file", "docs/planted.md", "# Large\n" + "word\n" * 120_000, "fetch it by hash"),
    (
        "large weights that are not the adapter",
        "models/remedy/planted.safetensors",
        "0" * 600_000,
        "fetch it by hash",
    ),
    (
        "an adapter of another size than we train",
        "models/remedy/adapter_model.safetensors",
        "0" * 21_000_000,
        "over 20000000 bytes",
    ),
]

# What tidy must leave alone.
TIDY_INNOCENT = [
    (
        "awaits that follow the rules",
        "homeostat/app/planted.cpp",
        "Task<int> planted(Request request) {\n"
        "    Outcome outcome = co_await perform(std::move(request), deadline);\n"
        "    if (co_await is_wanted(outcome)) {\n        co_return 1;\n    }\n"
        "    co_return table[1'000 + 'a'];\n}\n",
    ),
    (
        "forbidden words in comments and strings",
        "homeostat/detect/planted.cpp",
        "// steady_clock::now() and co_await stay outside.\n"
        'const char* says = "getenv co_await { }";\n',
    ),
    (
        "an excuse that gives its reason",
        "homeostat/app/planted.cpp",
        "// tidy(macro): the C library asks for this name.\n#define PLANTED 1\n",
    ),
]

# (what the test says, library, source, what purity must print)
PURITY_CASES = [
    (
        "a hand-declared getenv",
        "guard",
        'extern "C" char* getenv(const char*);\nbool planted() { return getenv("HOME"); }\n',
        "pure code reaches for the environment: getenv",
    ),
    (
        "a clock behind a using-declaration",
        "detect",
        "#include <chrono>\nusing Ticks = std::chrono::steady_clock;\n"
        "long planted() { return Ticks::now().time_since_epoch().count(); }\n",
        "pure code reaches for the clock: std::chrono::_V2::steady_clock::now()",
    ),
    (
        "a file stream",
        "record",
        '#include <fstream>\nvoid planted() { std::ofstream("x") << 1; }\n',
        "pure code reaches for files",
    ),
    (
        "a hand-declared call of another stage",
        "guard",
        "namespace homeostat::detect {\nint detect();\n}\n"
        "int planted() { return homeostat::detect::detect(); }\n",
        "uses homeostat::detect::detect() of detect",
    ),
    (
        "64: a clock in the state graph",
        "graph",
        "#include <ctime>\nlong planted() { return std::time(nullptr); }\n",
        "pure code reaches for the clock: time",
    ),
    (
        "64: chance in the state graph",
        "graph",
        "#include <random>\nunsigned planted() { return std::random_device{}(); }\n",
        "pure code reaches for chance",
    ),
    (
        "64: a file in the state graph",
        "graph",
        '#include <fcntl.h>\nint planted() { return ::open("x", O_RDONLY); }\n',
        "pure code reaches for files: open",
    ),
    (
        "64: a socket in the state graph",
        "graph",
        "#include <sys/socket.h>\nint planted() { return ::socket(AF_INET, SOCK_STREAM, 0); }\n",
        "pure code reaches for sockets: socket",
    ),
    (
        "a logarithm where bits must not depend on the processor",
        "sim_world",
        "#include <cmath>\ndouble planted(double x) { return std::sqrt(x) + std::log(x); }\n",
        "calls log, whose bits depend on the processor",
    ),
]


def run(*command: str | pathlib.Path, **options) -> tuple[int, str]:
    done = subprocess.run(
        [str(part) for part in command],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
        **options,
    )
    return done.returncode, done.stdout


class Gates(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = tempfile.TemporaryDirectory(prefix="homeostat-gates-")
        self.addCleanup(self.folder.cleanup)
        self.tree = pathlib.Path(self.folder.name)
        for name in ("CMakeLists.txt", "CMakePresets.json", "layers.txt"):
            shutil.copy(ROOT / name, self.tree)
        for name in ("cmake", "tools", "third_party"):
            ignored = shutil.ignore_patterns("__pycache__", "model")
            shutil.copytree(ROOT / name, self.tree / name, ignore=ignored)

    def plant(self, name: str, text: str) -> pathlib.Path:
        path = self.tree / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def tidy(self) -> tuple[int, str]:
        return run(sys.executable, self.tree / "tools/tidy.py")

    def test_tidy_refuses_and_names_each_violation(self) -> None:
        for says, name, text, wanted in TIDY_CASES:
            with self.subTest(says):
                planted = self.plant(name, text)
                status, output = self.tidy()
                planted.unlink()
                self.assertEqual(status, 1, output)
                self.assertIn(wanted, output)

    def test_tidy_lets_the_innocent_pass(self) -> None:
        for says, name, text in TIDY_INNOCENT:
            with self.subTest(says):
                planted = self.plant(name, text)
                status, output = self.tidy()
                planted.unlink()
                self.assertEqual((status, output), (0, ""))

    def test_tidy_misses_a_folder_on_the_map(self) -> None:
        self.plant("ARCHITECTURE.md", "# Map\n\nguard/ only\n")
        self.plant("homeostat/guard/guard.hpp", HEAD)
        self.assertEqual(self.tidy()[0], 0)
        self.plant("homeostat/sense/sense.hpp", HEAD)
        status, output = self.tidy()
        self.assertEqual(status, 1)
        self.assertIn("homeostat/sense/ is missing", output)

    def test_purity_refuses_and_names_each_violation(self) -> None:
        for says, library, text, wanted in PURITY_CASES:
            with self.subTest(says):
                status, output = self.purity_of(library, text)
                self.assertEqual(status, 1, output)
                self.assertIn(wanted, output)

    def test_purity_lets_ordinary_code_pass(self) -> None:
        text = (
            "#include <charconv>\n#include <map>\n#include <string>\n#include <vector>\n"
            "std::map<std::string, std::vector<int>> planted(std::string_view text) {\n"
            "    int number = 0;\n    std::from_chars(text.data(), text.data() + 1, number);\n"
            '    return {{std::to_string(number) + "!", {number}}};\n}\n'
        )
        status, output = self.purity_of("guard", text)
        self.assertEqual(status, 0, output)

    def purity_of(self, library: str, text: str) -> tuple[int, str]:
        source, build = self.plant("planted.cpp", text), self.tree / "build"
        build.mkdir(exist_ok=True)
        for old in build.glob("*.a"):
            old.unlink()
        planted_object = build / "planted.cpp.o"
        compiled = run(OPTIONS.compiler, "-std=c++23", "-c", source, "-o", planted_object)
        self.assertEqual(compiled, (0, ""))
        run("ar", "rcs", build / f"libhomeostat_{library}.a", planted_object)
        return run(sys.executable, self.tree / "tools/purity.py", build)

    def configure(self, compiler: str | pathlib.Path) -> tuple[int, str]:
        build = self.tree / "build/planted"
        shutil.rmtree(build, ignore_errors=True)
        definition = f"-DCMAKE_CXX_COMPILER={compiler}"
        status, output = run("cmake", "--preset", "dev", "-B", build, definition, cwd=self.tree)
        return status, " ".join(output.split())

    def test_configure_refuses_gcc_with_the_reason(self) -> None:
        compiler = shutil.which("g++")
        if not compiler:  # A Clang that says it is GCC stands in where there is none.
            stand_in = self.plant("g++", f'#!/bin/sh\nexec {OPTIONS.compiler} -U__clang__ "$@"\n')
            stand_in.chmod(0o755)
            compiler = stand_in
        status, output = self.configure(compiler)
        self.assertNotEqual(status, 0)
        self.assertIn("GCC cannot build Homeostat: it destroys an aggregate", output)

    def test_configure_refuses_a_folder_without_a_layer(self) -> None:
        self.plant("homeostat/cloud/cloud.cpp", "int cloud() { return 1; }\n")
        status, output = self.configure(OPTIONS.compiler)
        self.assertNotEqual(status, 0)
        self.assertIn("folder 'cloud' is not in layers.txt", output)

    def test_configure_refuses_a_layer_that_names_one_above_it(self) -> None:
        layers = (self.tree / "layers.txt").read_text()
        layers = re.sub(r"^domain: +base", "domain: heal", layers, flags=re.MULTILINE)
        (self.tree / "layers.txt").write_text(layers)
        status, output = self.configure(OPTIONS.compiler)
        self.assertNotEqual(status, 0)
        self.assertIn("'domain' names 'heal', which is not above it", output)

    def test_the_architecture_shows_the_healing_graph_as_the_program_draws_it(self) -> None:
        if not OPTIONS.build:
            self.skipTest("no --build given")
        program = pathlib.Path(OPTIONS.build) / "bin/homeostat"
        drawn = subprocess.run([program, "graph", "--mermaid"], capture_output=True, text=True,
                               timeout=30, check=True).stdout
        self.assertIn("act{{act}}", drawn)
        self.assertIn("ask[/ask/]", drawn)
        page = (ROOT / "ARCHITECTURE.md").read_text()
        shown = re.search(r"```mermaid\n(.*?)```", page, re.DOTALL)
        self.assertEqual(shown.group(1), drawn)

    def test_the_tree_as_it_is_passes_tidy(self) -> None:
        self.assertEqual(run(sys.executable, ROOT / "tools/tidy.py"), (0, ""))

    def test_the_libraries_as_they_are_pass_purity(self) -> None:
        if not OPTIONS.build:
            self.skipTest("no --build given")
        status, output = run(sys.executable, ROOT / "tools/purity.py", OPTIONS.build)
        self.assertEqual(status, 0, output)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", default="")
    parser.add_argument("--compiler", default="clang++-19")
    OPTIONS, rest = parser.parse_known_args()
    unittest.main(argv=[sys.argv[0], *rest], verbosity=2)
