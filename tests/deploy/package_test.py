#!/usr/bin/env python3
"""The package and the tarball hold what is needed, twice the same bytes, and the unit is sound.

    tests/deploy/package_test.py BIN

What becomes of them on a machine that has nothing else: install_test.py.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "deploy/package/build.py"
UNIT = ROOT / "deploy/package/homeostat@.service"
BIN = Path(sys.argv[1]).resolve()
# Of 100: "safe" begins below 20, "medium" ends at 60. What keeps it from less is what instances
# need: a network, and memory that is written and run.
EXPOSURE_MAX = 20


def built(folder, umask):
    """With that umask; gives what was made, by suffix."""
    done = subprocess.run([sys.executable, BUILD, folder, "--bin", BIN], capture_output=True,
                          text=True, env={**os.environ, "SOURCE_DATE_EPOCH": "1700000000"},
                          preexec_fn=lambda: os.umask(umask))
    assert done.returncode in (0, 77), done.stdout + done.stderr
    return {path.name: path.read_bytes() for path in Path(folder).iterdir()}, done.stderr


def one_of(folder, pattern):
    """None: that kind was not made here."""
    return next(iter(Path(folder).glob(pattern)), None)


def the_same_programs_give_the_same_bytes(folder):
    first, told = built(folder, 0o022)
    print(f"    {', '.join(sorted(first))} {told.strip()}", flush=True)
    assert first
    with tempfile.TemporaryDirectory() as other:
        second, _ = built(other, 0o077)
    assert first.keys() == second.keys()
    assert not [name for name in first if first[name] != second[name]]


def members_of(deb):
    listed = subprocess.run(["dpkg-deb", "--contents", deb], check=True, capture_output=True,
                            text=True).stdout
    rows = [line.split(maxsplit=5) for line in listed.splitlines()]
    return {row[5].split(" -> ")[0].removeprefix("."): (row[0], row[1]) for row in rows}


def the_package_holds_the_program_its_shim_and_the_unit_all_of_them_roots(folder):
    deb = one_of(folder, "*.deb")
    if deb is None:
        return
    members = members_of(deb)
    for wanted in ("/usr/lib/homeostat/homeostat", "/usr/lib/homeostat/homeostat-shim",
                   "/usr/bin/homeostat", "/usr/lib/systemd/system/homeostat@.service",
                   "/etc/homeostat/var", "/usr/share/doc/homeostat/copyright"):
        assert wanted in members, wanted
    assert not [name for name in members if "lab" in name], "the simulator is not deployed"
    for name, (mode, owner) in members.items():
        assert owner == "root/root", name
        assert mode[0] == "l" or (mode[8] == "-" and mode[5] == "-"), f"{name}: {mode}"
        assert "s" not in mode, f"{name}: {mode}"


def what_it_depends_on_is_read_from_its_programs(folder):
    deb = one_of(folder, "*.deb")
    if deb is None:
        return
    depends = subprocess.run(["dpkg-deb", "--field", deb, "Depends"], check=True,
                             capture_output=True, text=True).stdout
    needed = subprocess.run(["objdump", "-p", BIN / "homeostat"], check=True, capture_output=True,
                            text=True).stdout
    for library in re.findall(r"NEEDED +(\S+)", needed):
        path = subprocess.run(["ldconfig", "-p"], check=True, capture_output=True,
                              text=True).stdout
        place = re.search(rf"{re.escape(library)} .*=> (\S+)", path)
        owner = subprocess.run(["dpkg-query", "--search", Path(place[1]).resolve()],
                               capture_output=True, text=True).stdout.split(":")[0]
        assert owner in depends, f"{library} is of {owner}, which is not in: {depends}"
    assert re.search(r"libc6 \(>= [0-9.]+\)", depends), depends


def what_is_beside_it_names_each_package_of_its_libraries(folder):
    for pattern, relation in (("*.deb", "DEPENDS_ON"), ("*.tar.gz", "CONTAINS")):
        made = one_of(folder, pattern)
        if made is None:
            continue
        told = made.parent / f"{made.name.removesuffix('.deb').removesuffix('.tar.gz')}.spdx.json"
        document = json.loads(told.read_text())
        ids = [one["SPDXID"] for one in document["packages"]]
        assert len(set(ids)) == len(ids)
        assert all(re.fullmatch(r"SPDXRef-[A-Za-z0-9.-]+", one) for one in ids), ids
        whole = document["relationships"][0]["relatedSpdxElement"]
        named = {one["relatedSpdxElement"] for one in document["relationships"]
                 if one["spdxElementId"] == whole and one["relationshipType"] == relation}
        assert {"SPDXRef-libssl3", "SPDXRef-libyaml-cpp0.7"} <= named, named
        assert ("SPDXRef-libc6" in named) == (relation == "DEPENDS_ON")


def the_program_of_the_tarball_finds_its_libraries_beside_itself(folder):
    tarball = one_of(folder, "*.tar.gz")
    if tarball is None:
        return
    with tempfile.TemporaryDirectory() as place, tarfile.open(tarball) as tar:
        assert all(member.name.startswith("homeostat-") and ".." not in member.name
                   for member in tar.getmembers())
        tar.extractall(place, filter="data")
        top, = Path(place).iterdir()
        listed = subprocess.run(["ldd", top / "bin/homeostat"], check=True, capture_output=True,
                                text=True).stdout
        of_the_system = ("libc.so", "libm.so", "ld-linux", "linux-vdso")
        for line in listed.splitlines():
            assert f"{top}/" in line or any(name in line for name in of_the_system), line
        done = subprocess.run([top / "bin/homeostat", "validate", "--config",
                               top / "share/examples/minimal.yaml"], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr


def systemd(*words):
    return subprocess.run(["systemd-analyze", *words], capture_output=True, text=True)


def with_unit_in_a_root(folder, check):
    with tempfile.TemporaryDirectory() as root:
        deb = one_of(folder, "*.deb")
        if deb is None or shutil.which("systemd-analyze") is None:
            print("SKIPPED: what the unit says: no package, or no systemd-analyze", flush=True)
            return
        subprocess.run(["dpkg-deb", "--extract", deb, root], check=True)
        units = Path(root, "usr/lib/systemd/system")
        for name in ("multi-user.target", "basic.target", "sysinit.target", "network.target",
                     "shutdown.target", "slices.target", "system.slice", "-.slice"):
            (units / name).write_text("[Unit]\nDescription=Played\n")
        check(Path(root))


def systemd_finds_nothing_wrong_with_the_unit(folder):
    def check(root):
        done = systemd("verify", "--man=no", f"--root={root}", "homeostat@payments.service")
        ours = [line for line in done.stderr.splitlines() if "homeostat" in line]
        assert not ours, done.stderr
    with_unit_in_a_root(folder, check)


def the_unit_leaves_a_stranger_in_the_agent_little(folder):
    def check(root):
        done = systemd("security", "--offline=yes", f"--root={root}",
                       f"--threshold={EXPOSURE_MAX}", "--no-pager", "homeostat@payments.service")
        assert done.returncode == 0, done.stdout[-600:] + done.stderr
    with_unit_in_a_root(folder, check)


def the_unit_does_nothing_that_would_end_or_starve_instances(folder):
    """Each of these is a default or a usual piece of advice, and wrong where instances live on."""
    text = UNIT.read_text()
    settings = dict(re.findall(r"^(\w+)=(.*)$", text, re.MULTILINE))
    assert settings["KillMode"] == "process" and settings["OOMPolicy"] == "continue"
    for name in ("DynamicUser", "PrivateTmp", "PrivateNetwork", "MemoryMax", "CPUQuota",
                 "TasksMax", "MemoryDenyWriteExecute", "Delegate", "RuntimeMaxSec", "PIDFile"):
        assert name not in settings, name


def main():
    with tempfile.TemporaryDirectory(prefix="package-") as folder:
        for test in (the_same_programs_give_the_same_bytes,
                     the_package_holds_the_program_its_shim_and_the_unit_all_of_them_roots,
                     what_it_depends_on_is_read_from_its_programs,
                     what_is_beside_it_names_each_package_of_its_libraries,
                     the_program_of_the_tarball_finds_its_libraries_beside_itself,
                     systemd_finds_nothing_wrong_with_the_unit,
                     the_unit_leaves_a_stranger_in_the_agent_little,
                     the_unit_does_nothing_that_would_end_or_starve_instances):
            print(test.__name__.replace("_", " "), flush=True)
            test(folder)
    print("ok")


if __name__ == "__main__":
    main()
