#!/usr/bin/env python3
"""docs/internals/bounds.md: each cap stands where the page says, and so does the test of it."""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs/internals/bounds.md"
ROWS_MIN = 15


def rows_of(text: str) -> list[list[str]]:
    """Those of the table, without its head and the line below."""
    table = [line for line in text.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table[1:]]


def objections(text: str) -> list[str]:
    found = []
    for what, cap, holder, _, title, test in rows_of(text):
        source = (ROOT / "homeostat" / holder.strip("`")).read_text()
        if not re.search(rf"\b{re.escape(cap.strip('`'))}\b", source):
            found.append(f"{what}: there is no {cap} in {holder}")
        if f'"{title}"' not in (ROOT / "homeostat" / test.strip("`")).read_text():
            found.append(f"{what}: no test of {test} is called '{title}'")
    return found


def main() -> None:
    text = PAGE.read_text()
    assert len(rows_of(text)) >= ROWS_MIN, rows_of(text)
    wrong = objections(text)
    assert not wrong, "\n".join(wrong)
    # And it would see it.
    assert objections(text.replace("`log_lines_max`", "`no_such_max`"))
    assert objections(text.replace("there is a most of those who wait", "nobody waits"))
    print("ok")


if __name__ == "__main__":
    sys.exit(main())
