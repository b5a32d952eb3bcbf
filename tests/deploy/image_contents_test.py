#!/usr/bin/env python3
"""What is in the image of the agent: who may vouch for a receiver, and what it all comes from.

    tests/deploy/image_contents_test.py BIN      on Debian, whose packages the image is made of
"""

import json
import re
import ssl
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = Path(sys.argv[1]).resolve() / "homeostat"
SKIPPED = 77


def authorities_by_default():
    """Where the program looks if a channel names none."""
    text = (ROOT / "homeostat/app/config_people.hpp").read_text()
    return re.search(r'authorities\{"/([^"]+)"\}', text)[1]


def public_receivers_are_vouched_for_without_a_word_in_the_configuration(root, _):
    bundle = root / authorities_by_default()
    known = ssl.create_default_context(cafile=bundle).get_ca_certs()
    sources = list(Path("/usr/share/ca-certificates/mozilla").glob("*.crt"))
    assert len(known) == len(sources) > 50, (len(known), len(sources))
    assert bundle.stat().st_mode & 0o777 == 0o644, oct(bundle.stat().st_mode)


def whatever_is_in_it_is_told_of(root, told):
    names = {one["name"] for one in told["packages"]}
    assert {"ca-certificates", "tzdata"} <= names, names
    for name in ("ca-certificates", "tzdata"):
        assert (root / "usr/share/doc" / name / "copyright").exists(), name


def main():
    if subprocess.run(["sh", "-c", "command -v dpkg-query strip ldd"],
                      capture_output=True).returncode != 0:
        print("SKIPPED: the image is made of Debian's packages")
        return SKIPPED
    with tempfile.TemporaryDirectory() as folder:
        root, told = Path(folder) / "root", Path(folder) / "contents.spdx.json"
        subprocess.run([sys.executable, ROOT / "deploy/image/contents.py", PROGRAM, root, told],
                       check=True)
        for test in (public_receivers_are_vouched_for_without_a_word_in_the_configuration,
                     whatever_is_in_it_is_told_of):
            print(test.__name__.replace("_", " "), flush=True)
            test(root, json.loads(told.read_text()))
    print("ok")
    return 0


if __name__ == "__main__":
    sys.exit(main())
