"""How tests of labs are run: each is a function of a lab that is up, its name a sentence."""

import signal
import sys
import traceback
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "lab/kubernetes"))

from processes import CannotBeHad  # noqa: E402

# A test that is told to end takes its lab down.
signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))


def run_each(tests, lab):
    """With one lab for all of them: seconds are for tests, not for starting clusters."""
    tell(lab.directory)
    failed = []
    try:
        with lab:
            for test in tests:
                print(test.__name__.replace("_", " "), flush=True)
                try:
                    test(lab)
                except Exception:
                    traceback.print_exc()
                    failed.append(test.__name__)
            if failed:
                tell_troubles(lab)
    except CannotBeHad as error:
        print(f"SKIPPED: {error}")
        return 77
    left = lab.leftovers()
    if left:
        print(f"left behind: {', '.join(left)}")
    print("ok" if not failed and not left else f"failed: {', '.join(failed) or 'to go down'}")
    return 1 if failed or left else 0


def tell(text):
    print(text, flush=True)


def tell_troubles(lab):
    for words in (["get", "nodes,deployments,pods", "-A", "-o", "wide"],
                  ["get", "events", "-A", "--sort-by=.lastTimestamp"]):
        print("\n".join(lab.kubectl(*words).splitlines()[-25:]), flush=True)
