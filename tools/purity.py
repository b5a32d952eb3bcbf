#!/usr/bin/env python3
"""Checks what the pure libraries ask the linker for.

    tools/purity.py BUILD_FOLDER

tidy.py reads the text, which a using-declaration or a hand-written declaration can deceive; the
undefined symbols of an archive cannot be argued with. Three findings: a pure library that reaches
for the world (clock, environment, chance, sleep, thread, file, socket, locale, Asio), a library
that uses a folder its line in layers.txt does not allow, and an exact one (layers.txt, @exact) that
calls a function of libm whose bits depend on the processor.
"""

import pathlib
import re
import subprocess
import sys
from collections.abc import Iterator

from layers import Layers, read_layers

# fprintf and abort are not here: a broken invariant says so and ends the process (base/ensure.cpp).
IMPURE = [
    ("the clock", r"_clock::now\(\)$|^(clock_gettime|gettimeofday|time|clock|timerfd_\w+)$"),
    ("chance", r"random_device|^(s?rand(om)?(_r)?|getrandom|getentropy|arc4random\w*)$"),
    ("the environment", r"^((secure_)?getenv|setenv|putenv|environ)$"),
    ("sleep", r"^((nano|u)?sleep|clock_nanosleep|poll|ppoll|select|epoll_\w+)$"),
    ("threads", r"^pthread_(create|join|cond_\w+)$|^std::(thread|condition_variable|__future)"),
    ("files", r"basic_[io]?f(stream|ilebuf)<|std::filesystem::"),
    ("files", r"^(fopen|open|openat|creat|p?read|p?writev?|rename|unlink)(64)?$|^f(data)?sync$"),
    ("sockets", r"^(socket(pair)?|connect|bind|listen|accept4?|send(to|msg)?|recv(from|msg)?)$"),
    ("processes", r"^(v?fork|exec\w+|posix_spawn\w*|kill|waitpid|waitid|system|popen)$"),
    ("the locale", r"^std::locale::|^setlocale$|^(std::(cout|cin|clog))$"),
    ("Asio", r"^boost::asio::"),
]

# What glibc computes in one way with FMA and in another without.
INEXACT = re.compile(
    r"^(exp(2|10|m1)?|log(2|10|1p)?|pow|fma|cbrt|hypot|erfc?|[lt]gamma"
    r"|a?(sin|cos|tan)h?|atan2|sincos)[fl]?$"
)


def undefined_symbols(archive: pathlib.Path) -> Iterator[tuple[str, str]]:
    """(object, demangled symbol), for what the archive itself does not define."""
    nm = ["nm", "--demangle", "--no-sort", "--format=posix", str(archive)]
    object_name, undefined, defined = "", [], set()
    for line in subprocess.run(nm, check=True, capture_output=True, text=True).stdout.splitlines():
        if match := re.match(r"^.*\[(.+)\]:$", line):
            object_name = match[1]
        elif match := re.match(r"^(.*) ([A-Za-z])(?: [0-9a-f]+)*\s*$", line):
            if match[2] == "U":
                undefined.append((object_name, match[1]))
            elif match[2].isupper() or match[2] in "uvw":
                defined.add(match[1])
    return ((name, symbol) for name, symbol in undefined if symbol not in defined)


def findings_of(archive: pathlib.Path, folder: str, layers: Layers) -> Iterator[str]:
    strangers = {
        name.replace("/", "::")
        for name in layers.neighbours
        if name != folder and name not in layers.neighbours[folder]
    }
    for object_name, symbol in undefined_symbols(archive):
        place = f"homeostat/{folder}/{object_name[:-2]}:1"
        plain = symbol.split("@")[0]
        for stranger in strangers:
            if re.search(rf"\bhomeostat::{stranger}::", symbol):
                yield f"{place}: uses {symbol} of {stranger} — layers.txt does not allow it (layer)"
        if folder in layers.exact and INEXACT.match(plain):
            yield (
                f"{place}: calls {symbol}, whose bits depend on the processor — "
                "base/exact.hpp has one that does not (exact)"
            )
        # A file that may await (layers.txt, @await) has the event loop's code in it.
        if folder not in layers.pure or layers.may_await(f"{folder}/{object_name[:-2]}"):
            continue
        for what, pattern in IMPURE:
            if re.search(pattern, plain):
                yield f"{place}: pure code reaches for {what}: {symbol} — use a port (pure)"
                break


def main() -> int:
    root = pathlib.Path(__file__).resolve().parent.parent
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    build = pathlib.Path(sys.argv[1])
    layers = read_layers(root)
    findings, archives_count = [], 0
    for folder in layers.neighbours:
        archive = build / f"libhomeostat_{folder.replace('/', '_')}.a"
        if archive.exists():  # A folder of headers alone has none; tidy.py reads those.
            archives_count += 1
            findings += findings_of(archive, folder, layers)
    for finding in findings:
        print(finding)
    if archives_count == 0:
        print(f"purity: no library in {build}; build it first", file=sys.stderr)
        return 1
    print(f"purity: {archives_count} libraries, {len(findings)} findings", file=sys.stderr)
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
