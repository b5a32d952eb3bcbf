"""What every file of tests here does: its options, and a directory for whatever is tested.

A test is a function whose name is a sentence that can be false. It gets a subject, such as a
SmallService: made from the programs and a directory, with `tell_troubles` and `end`.
"""

import argparse
import contextlib
import sys
import tempfile
from pathlib import Path

from guarded_world import adopt_orphans


def parser_for(description):
    parser = argparse.ArgumentParser(description=description.splitlines()[0])
    parser.add_argument("--bin", type=Path, required=True, help="directory of the built programs")
    parser.add_argument("--only", metavar="TEXT", default="",
                        help="tests, or points, whose name contains TEXT")
    return parser


@contextlib.contextmanager
def subject_of(make, options):
    """A subject that is ended in any case, and tells of its troubles when a test fails."""
    adopt_orphans()
    prefix = Path(sys.argv[0]).stem.removesuffix("_test").replace("_", "-") + "-"
    with tempfile.TemporaryDirectory(prefix=prefix) as directory:
        subject = make(options.bin.resolve(), Path(directory))
        try:
            yield subject
        except BaseException:
            subject.tell_troubles()
            raise
        finally:
            subject.end()


def chosen(tests, options):
    """The tests that were asked for, each with its name told before it."""
    for test in tests:
        if options.only in test.__name__:
            print(test.__name__.replace("_", " "), flush=True)
            yield test


def run_each(description, tests, make):
    """Every test has a subject of its own."""
    options = parser_for(description).parse_args()
    for test in chosen(tests, options):
        with subject_of(make, options) as subject:
            test(subject)
    print("ok")
