#!/usr/bin/env python3
"""What is in the image: puts its files together, and says in SPDX which packages they are of.

    deploy/image/contents.py PROGRAM FOLDER CONTENTS.spdx.json

Libraries are found as the loader finds them, and each must be of a package of this Debian: one that
is of none has no version that anybody could look up, and is refused.
"""

import datetime
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
SHIPPER = "homeostat-shipper"
# What guard.maintenance reads; no library names it. `right` counts leap seconds.
ZONES = Path("/usr/share/zoneinfo")
ZONES_LEFT_OUT = ("posix", "right")
# Who may vouch for a receiver of `notify`, where nothing else is said. As the package has them, and
# not /etc/ssl/certs of this machine, to which somebody may have added one.
AUTHORITIES = Path("/usr/share/ca-certificates/mozilla")
USER = 65532  # As is usual for images without root; no user of a machine has it.
# Those of third_party/README.md that are compiled into the program: no file of the image is theirs.
COMPILED_IN = ("libboost1.81-dev", "libboost-json1.81-dev", "libboost-url1.81-dev", "libcli11-dev",
               "libxxhash-dev", "libfmt-dev", "libspdlog-dev")
IMAGE = {"name": "image", "purpose": "CONTAINER", "program": "usr/bin/homeostat",
         "libraries": "CONTAINS"}  # In the words of SPDX.
FIELDS = ("binary:Package", "Version", "source:Package", "Architecture")


def printed_by(*words):
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout


def libraries_of(program):
    """Their paths as the loader names them, its own with them."""
    found = []
    for line in printed_by("ldd", program).splitlines():
        if "not found" in line:
            sys.exit(f"{program}: {line.strip()}")
        if path := re.search(r"(?:=> |^\s*)(/\S+) \(0x", line):
            found.append(Path(path[1]))
    return found


def package_of(path):
    """Debian has moved /lib to /usr/lib, and its list of files has either name."""
    for name in (path, path.resolve(), Path(f"/usr{path}")):
        done = subprocess.run(["dpkg-query", "--search", name], capture_output=True, text=True)
        if done.returncode == 0:
            return done.stdout.split(": ")[0]
    sys.exit(f"{path} is of no package: the image cannot be made of it")


def facts_of(package):
    form = "".join("${%s}\t" % field for field in FIELDS)
    name, version, source, architecture = printed_by(
        "dpkg-query", "--show", "--showformat", form, package).split("\t")[:len(FIELDS)]
    return {"name": name.split(":")[0], "version": version, "source": source,
            "architecture": architecture}


def copy(source, folder, path, mode=0o644):
    target = folder / str(path).lstrip("/")
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
    target.chmod(mode)
    return target


def write_accounts(folder, name, number, home):
    """Of the one user that there is."""
    accounts = {"passwd": f"{name}:x:{number}:{number}::{home}:/nonexistent\n",
                "group": f"{name}:x:{number}:\n"}
    (folder / "etc").mkdir(exist_ok=True)
    for file, text in accounts.items():
        (folder / "etc" / file).write_text(text)


def set_modes(folder):
    """Whatever the umask is."""
    for path in [folder, *folder.rglob("*")]:
        path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)


def write_authorities(folder):
    """In one file, as Debian's update-ca-certificates leaves it. Gives one of its sources."""
    certificates = sorted(AUTHORITIES.glob("*.crt"))
    if not certificates:
        sys.exit(f"no certificates in {AUTHORITIES}: apt-get install ca-certificates")
    bundle = folder / "etc/ssl/certs/ca-certificates.crt"
    bundle.parent.mkdir(parents=True)
    bundle.write_text("".join(one.read_text().rstrip() + "\n" for one in certificates))
    return certificates[0]


def put_together(program, folder):
    """Gives the stripped program and the packages whose files are in the image. What brings
    decisions to sinks lies beside the program and comes with it, where it was built."""
    packages = set()
    for one in (program.with_name(SHIPPER), program):
        if not one.exists():
            continue
        own = copy(one, folder, f"usr/bin/{one.name}", 0o755)
        subprocess.run(["strip", own], check=True)
        for library in libraries_of(one):
            copy(library, folder, library, 0o755)
            packages.add(package_of(library))
    for zone in sorted(ZONES.rglob("*")):
        if zone.is_file() and zone.relative_to(ZONES).parts[0] not in ZONES_LEFT_OUT:
            copy(zone, folder, zone)
    packages.add(package_of(ZONES / "tzdata.zi"))
    packages.add(package_of(write_authorities(folder)))
    packages = sorted((facts_of(package) for package in packages), key=lambda one: one["name"])
    for package in packages:
        copyright_file = Path("/usr/share/doc", package["name"], "copyright")
        copy(copyright_file, folder, copyright_file)
    copy(REPOSITORY / "LICENSE", folder, "usr/share/doc/homeostat/copyright")
    write_accounts(folder, "homeostat", USER, "/homeostat")
    # Both are mounted upon, and a root that is read-only has no room for new mount points.
    (folder / "homeostat/var").mkdir(parents=True)
    (folder / "homeostat/homeostat.yaml").touch()
    set_modes(folder)
    return own, packages


def described(package):
    origin = f"pkg:deb/debian/{package['name']}@{package['version']}?arch={package['architecture']}"
    return {"SPDXID": f"SPDXRef-{re.sub('[^A-Za-z0-9.-]', '-', package['name'])}",
            "name": package["name"], "versionInfo": package["version"],
            "sourceInfo": f"built from the Debian source package {package['source']}",
            "supplier": "Organization: Debian", "downloadLocation": "NOASSERTION",
            "filesAnalyzed": False, "licenseConcluded": "NOASSERTION",
            "licenseDeclared": "NOASSERTION", "copyrightText": "NOASSERTION",
            "externalRefs": [{"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl",
                              "referenceLocator": origin.replace("+", "%2B")}]}


def contents(version, own, packages, delivered=IMAGE):
    """In SPDX: what is delivered, the program in it and the packages of its libraries."""
    checksum = hashlib.sha256(own.read_bytes()).hexdigest()
    compiled_in = [facts_of(package) for package in COMPILED_IN]
    whole = {"SPDXID": f"SPDXRef-{delivered['name']}", "name": "homeostat", "versionInfo": version,
             "supplier": "NOASSERTION", "downloadLocation": "NOASSERTION", "filesAnalyzed": False,
             "primaryPackagePurpose": delivered["purpose"], "licenseConcluded": "NOASSERTION",
             "licenseDeclared": "NOASSERTION", "copyrightText": "NOASSERTION"}
    program = {**whole, "SPDXID": "SPDXRef-homeostat", "primaryPackagePurpose": "APPLICATION",
               "packageFileName": delivered["program"], "licenseDeclared": "Apache-2.0",
               "checksums": [{"algorithm": "SHA256", "checksumValue": checksum}]}
    linked = [described(package) for package in packages]
    built = [described(package) for package in compiled_in]
    relations = [(whole["SPDXID"], "CONTAINS", "SPDXRef-homeostat"),
                 *((whole["SPDXID"], delivered["libraries"], one["SPDXID"]) for one in linked),
                 *(("SPDXRef-homeostat", "STATIC_LINK", one["SPDXID"]) for one in built)]
    return document(f"homeostat-{version}", whole, [program, *linked, *built], relations)


def document(name, whole, parts, relations):
    """In SPDX. The first relation, to what is delivered, is added."""
    everything = [whole, *parts]
    digest = hashlib.sha256(json.dumps(everything, sort_keys=True).encode()).hexdigest()
    made_at = datetime.datetime.fromtimestamp(
        int(os.environ.get("SOURCE_DATE_EPOCH", datetime.datetime.now().timestamp())),
        datetime.timezone.utc)
    return {"spdxVersion": "SPDX-2.3", "dataLicense": "CC0-1.0", "SPDXID": "SPDXRef-DOCUMENT",
            "name": name,
            "documentNamespace": f"https://homeostat.dev/spdx/{name}-{digest[:16]}",
            "creationInfo": {"created": made_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
                             "creators": ["Tool: homeostat-image-contents"]},
            "packages": everything,
            "relationships": [{"spdxElementId": whose, "relationshipType": kind,
                               "relatedSpdxElement": what} for whose, kind, what in
                              [("SPDXRef-DOCUMENT", "DESCRIBES", whole["SPDXID"]), *relations]]}


def main():
    program, folder, told = (Path(word) for word in sys.argv[1:4])
    version = printed_by(program, "--version").strip()
    own, packages = put_together(program, folder)
    told.write_text(json.dumps(contents(version, own, packages), indent=2) + "\n")


if __name__ == "__main__":
    main()
