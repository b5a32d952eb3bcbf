#!/usr/bin/env python3
"""A Debian package and a tarball of the agent, and beside each what is in it.

    deploy/package/build.py FOLDER [--bin build/release/bin] [--only deb|tar]

    homeostat_VERSION_amd64.deb              with a systemd unit for each configuration
    homeostat-VERSION-linux-amd64.tar.gz     with the libraries that it is linked with
    and .spdx.json of both

The same programs on the same Debian give the same bytes: the files' time is SOURCE_DATE_EPOCH, or
that of the last commit. Needs dpkg-dev, and patchelf for the tarball; ends with 77 without.
"""

import argparse
import gzip
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(HERE.parent / "image"))

from contents import (contents, copy, facts_of, libraries_of, package_of,  # noqa: E402
                      printed_by)

# What an agent starts, it looks for beside itself. The simulator is in nothing that is deployed.
PROGRAMS = ("homeostat", "homeostat-shim")
OPTIONAL_PROGRAMS = ("homeostat-shipper",)  # Of a build that has it.
# Those of the C library are every Linux machine's own, and fit its loader.
OF_THE_SYSTEM = "libc6"
UNIT = "homeostat@.service"
DEB = {"name": "deb", "purpose": "INSTALL", "program": "usr/lib/homeostat/homeostat",
       "libraries": "DEPENDS_ON"}
TARBALL = {"name": "tarball", "purpose": "ARCHIVE", "program": "bin/homeostat",
           "libraries": "CONTAINS"}
SCRIPTS = ("postinst", "prerm", "postrm")
CONTROL = """Package: homeostat
Version: {version}
Architecture: {architecture}
Maintainer: The Homeostat authors <packages@homeostat.dev>
Installed-Size: {kib}
Depends: adduser, {depends}
Suggests: haproxy
Section: admin
Priority: optional
Homepage: https://homeostat.dev
Description: self-healing for services, with a person in charge
 An agent that watches one service, says what it would do about its troubles, does what it
 is allowed to, proves that it helped or undoes it, and writes every step into a ledger.
 It does nothing by itself before its configuration says so.
"""


def epoch():
    told = os.environ.get("SOURCE_DATE_EPOCH")
    return int(told or printed_by("git", "-C", ROOT, "log", "-1", "--format=%ct"))


def programs_of(folder):
    missing = [name for name in PROGRAMS if not (folder / name).exists()]
    if missing:
        sys.exit(f"{folder}: {', '.join(missing)} missing; make build makes it")
    return [folder / name for name in (*PROGRAMS, *OPTIONAL_PROGRAMS) if (folder / name).exists()]


def add_programs(programs, tree, place):
    """Stripped; gives where they are now."""
    placed = [copy(program, tree, f"{place}/{program.name}", 0o755) for program in programs]
    for program in placed:
        subprocess.run(["strip", program], check=True)
    return placed


def add_words(tree, place):
    """What a person reads who has this and nothing else."""
    copy(HERE / "README.md", tree, f"{place}/README.md")
    copy(ROOT / "CHANGELOG.md", tree, f"{place}/CHANGELOG.md")
    copy(ROOT / "docs/homeostat.schema.json", tree, f"{place}/homeostat.schema.json")
    copy(ROOT / "examples/minimal/homeostat.yaml", tree, f"{place}/examples/minimal.yaml")


def same_whoever_builds(tree, when):
    """Modes and times, whatever the umask and the clock are."""
    for path in [tree, *tree.rglob("*")]:
        if not path.is_symlink():
            is_program = path.is_dir() or os.access(path, os.X_OK)
            path.chmod(0o755 if is_program else 0o644)
        os.utime(path, (when, when), follow_symlinks=False)


def depends_of(programs):
    """As Debian's own packages say it: the versions whose symbols are used."""
    with tempfile.TemporaryDirectory() as folder:
        control = Path(folder, "debian/control")
        control.parent.mkdir()
        control.write_text("Source: homeostat\n\nPackage: homeostat\nArchitecture: any\n")
        done = subprocess.run(["dpkg-shlibdeps", "-O", *(f"-e{one}" for one in programs)],
                              cwd=folder, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"dpkg-shlibdeps: {done.stderr.strip()}")
    return done.stdout.strip().removeprefix("shlibs:Depends=")


def linked(programs, but=()):
    """The packages of their libraries, and the libraries."""
    paths = {path for program in programs for path in libraries_of(program)}
    of = {path: package_of(path).split(":")[0] for path in paths}
    kept = {path: package for path, package in of.items() if package not in but}
    return [facts_of(package) for package in sorted(set(kept.values()))], kept


def tell_contents(out, told):
    """Beside `out`, in SPDX."""
    stem = out.name.removesuffix(".deb").removesuffix(".tar.gz")
    (out.parent / f"{stem}.spdx.json").write_text(json.dumps(told, indent=2) + "\n")


def make_deb(folder, programs, version, when):
    architecture = printed_by("dpkg", "--print-architecture").strip()
    out = folder / f"homeostat_{version}_{architecture}.deb"
    with tempfile.TemporaryDirectory() as work:
        tree = Path(work, "tree")
        # Links are followed when an agent looks for what is beside it.
        placed = add_programs(programs, tree, "usr/lib/homeostat")
        (tree / "usr/bin").mkdir()
        (tree / "usr/bin/homeostat").symlink_to("../lib/homeostat/homeostat")
        copy(HERE / UNIT, tree, f"usr/lib/systemd/system/{UNIT}")
        add_words(tree, "usr/share/doc/homeostat")
        copy(ROOT / "LICENSE", tree, "usr/share/doc/homeostat/copyright")
        # What is kept stands below `var` beside a configuration: with this, in /var/lib.
        (tree / "etc/homeostat").mkdir(parents=True)
        (tree / "etc/homeostat/var").symlink_to("/var/lib/homeostat")
        files = sorted(path for path in tree.rglob("*") if path.is_file() and not path.is_symlink())
        sums = "".join(f"{hashlib.md5(path.read_bytes()).hexdigest()}  {path.relative_to(tree)}\n"
                       for path in files)
        for name in SCRIPTS:
            copy(HERE / name, tree, f"DEBIAN/{name}", 0o755)
        (tree / "DEBIAN/md5sums").write_text(sums)
        (tree / "DEBIAN/control").write_text(CONTROL.format(
            version=version, architecture=architecture, depends=depends_of(placed),
            kib=-(-sum(path.stat().st_size for path in files) // 1024)))
        same_whoever_builds(tree, when)
        subprocess.run(["dpkg-deb", "--root-owner-group", "-Zxz", "--build", tree, out],
                       check=True, stdout=subprocess.DEVNULL,
                       env={**os.environ, "SOURCE_DATE_EPOCH": str(when)})
        tell_contents(out, contents(version, placed[0], linked(placed)[0], DEB))
    return out


def make_tarball(folder, programs, version, when):
    architecture = printed_by("dpkg", "--print-architecture").strip()
    name = f"homeostat-{version}-linux-{architecture}"
    out = folder / f"{name}.tar.gz"
    with tempfile.TemporaryDirectory() as work:
        tree = Path(work, name)
        placed = add_programs(programs, tree, "bin")
        packages, libraries = linked(placed, but=(OF_THE_SYSTEM,))
        for library, package in libraries.items():
            copy(library.resolve(), tree, f"lib/{library.name}", 0o755)
            copyright_file = Path("/usr/share/doc", package, "copyright")
            copy(copyright_file, tree, f"share/licenses/{package}")
        for library in (tree / "lib").iterdir():
            subprocess.run(["patchelf", "--set-rpath", "$ORIGIN", library], check=True)
        for program in placed:
            subprocess.run(["patchelf", "--set-rpath", "$ORIGIN/../lib", program], check=True)
        copy(HERE / UNIT, tree, f"share/{UNIT}")
        add_words(tree, "share")
        copy(ROOT / "LICENSE", tree, "LICENSE")
        same_whoever_builds(tree, when)

        def plain(member):
            member.uid = member.gid = 0
            member.uname = member.gname = "root"
            return member
        with open(out, "wb") as file, gzip.GzipFile("", "wb", 9, file, mtime=when) as packed:
            with tarfile.open(fileobj=packed, mode="w", format=tarfile.GNU_FORMAT) as tar:
                for path in [tree, *sorted(tree.rglob("*"))]:
                    tar.add(path, Path(name) / path.relative_to(tree), recursive=False,
                            filter=plain)
        tell_contents(out, contents(version, placed[0], packages, TARBALL))
    return out


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--bin", type=Path, default=ROOT / "build/release/bin")
    parser.add_argument("--only", choices=("deb", "tar"))
    asked = parser.parse_args()
    makers = {"deb": (make_deb, "dpkg-shlibdeps"), "tar": (make_tarball, "patchelf")}
    programs = programs_of(asked.bin)
    version, when = printed_by(programs[0], "--version").strip(), epoch()
    os.environ["SOURCE_DATE_EPOCH"] = str(when)
    asked.folder.mkdir(parents=True, exist_ok=True)
    status = 0
    for kind, (make, tool) in makers.items():
        if asked.only in (None, kind) and shutil.which(tool) is None:
            print(f"there is no {tool}, so no {kind}: tools/setup.sh check installs it",
                  file=sys.stderr)
            status = 77
        elif asked.only in (None, kind):
            print(make(asked.folder, programs, version, when))
    sys.exit(status)


if __name__ == "__main__":
    main()
