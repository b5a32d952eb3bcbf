#!/usr/bin/env python3
"""Every link between pages leads to what is there, and every page is reached from README.md.

    links_test.py

A link is `[words](path#heading)`. That path is there, and a page has that heading, by GitHub's
rule for its anchors. Reached is what a chain of links leads to. `*[sentence](path)*` names a test,
and its file has that sentence. The table of remedies in docs/trust.md says what
homeostat/domain/remedy_kind.hpp says. Tests of the test come first: each plants one fault in a
small tree.
"""

import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
FENCE = re.compile(r"^(```|~~~).*?^\1[ \t]*$", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"(`+)(?!`).*?(?<!`)\1(?!`)", re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\(\s*<?([^)\s>]+)>?[^)]*\)")
TEST = re.compile(r"\*\[([^\]]+)\]\(([^)\s]+)\)\*")
TRAITS = re.compile(r"((?:case RemedyKind::\w+:\s*)+)(?://[^\n]*\s*)*return "
                    r"\{Disruption::(\w+), (\w+), Idempotence::(\w+), (\w+), (\w+)\}")
HEADING = re.compile(r"^#{1,6}[ \t]+(.+?)[ \t]*#*$", re.MULTILINE)
# The page of a folder that nobody reads as documentation: what a test is given, with its licence.
NOT_READ = ("tests/data/", "third_party/", "fuzz/", ".github/")


def anchor_of(heading):
    words = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "")
    kept = "".join(c for c in words.lower() if c.isalnum() or c in " -_")
    return kept.replace(" ", "-")


def anchors_of(text):
    """A heading that stands twice gets -1, as GitHub does it."""
    anchors, seen = set(), {}
    for heading in HEADING.findall(FENCE.sub("", text)):
        anchor = anchor_of(heading)
        count = seen.get(anchor, 0)
        seen[anchor] = count + 1
        anchors.add(f"{anchor}-{count}" if count else anchor)
    return anchors


def links_of(text):
    """Each with the line it stands in. Code is blanked, not cut: lines keep their number."""
    blank = lambda found: re.sub(r"[^\n]", " ", found.group())
    text = CODE.sub(blank, FENCE.sub(blank, text))
    for found in LINK.finditer(text):
        if not re.match(r"[a-z][a-z0-9+.-]*:", found.group(1)):
            yield text.count("\n", 0, found.start()) + 1, found.group(1)


def tests_of(root, page, text):
    """Tests that a page names and their file does not have. A name in Python has no punctuation."""
    for sentence, path in TEST.findall(text):
        file = ((root / page).parent / path).resolve()
        said = file.read_text() if file.exists() else ""
        as_name = re.sub(r"[^a-z0-9]+", "_", sentence.lower())
        # A name of C++ may go over two lines, in two pieces of one literal.
        if as_name not in said and sentence not in re.sub(r'"\s+"', "", said):
            yield f"{page}: {path} has no test '{sentence}'"


def traits_in(header):
    """Of each kind: what it disturbs, whether it can be taken back, is repeated how, lowers
    capacity, is given back."""
    return {kind: traits for cases, *traits in TRAITS.findall(header)
            for kind in re.findall(r"RemedyKind::(\w+):", cases)}


def remedies_of(table, header):
    """Rows that say something else of a remedy than the code does."""
    traits, rows = traits_in(header), {}
    for row in re.findall(r"^\| `(\w+)` \| (.+) \|$", table, re.MULTILINE):
        disturbs, inverse, repeats, floor, held = row[1].split(" | ")[:5]
        rows[row[0]] = [disturbs, "false" if inverse.endswith("–") else "true", repeats,
                        "true" if floor == "yes" else "false", "true" if held == "yes" else "false"]
    inverses = {"readmit", "close_circuit", "route_back", "take_back_task", "resume_rollout"}
    for kind in sorted(set(traits) - inverses | set(rows)):
        if rows.get(kind) != traits.get(kind):
            yield f"docs/trust.md: {kind}: {rows.get(kind)}, and the code has {traits.get(kind)}"


def look(root, pages):
    """What is wrong with links, and which pages no chain of links from README.md leads to."""
    findings, to = [], {}
    texts = {page: (root / page).read_text() for page in pages}
    anchors = {page: anchors_of(text) for page, text in texts.items()}
    for page, text in texts.items():
        to[page] = set()
        for line, link in links_of(text):
            path, _, anchor = link.partition("#")
            target = ((root / page).parent / path).resolve() if path else root / page
            if not target.exists() or not target.is_relative_to(root):
                findings.append(f"{page}:{line}: {link} is not there")
                continue
            name = str(target.relative_to(root))
            if target.is_dir() and f"{name}/README.md" in texts:
                name += "/README.md"
            elif target.is_dir():  # Whoever follows it sees all that lies there.
                to[page] |= {one for one in texts if (root / one).parent == target}
            to[page].add(name)
            if anchor and name in texts and anchor not in anchors[name]:
                findings.append(f"{page}:{line}: {name} has no heading #{anchor}")
    return sorted(findings), unreached_of(texts, to)


def unreached_of(pages, to):
    reached, ahead = set(), ["README.md"]
    while ahead:
        page = ahead.pop()
        if page not in reached:
            reached.add(page)
            ahead += to.get(page, ())
    return sorted(page for page in pages if page not in reached and not page.startswith(NOT_READ))


def pages_of(root):
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"]
    listed = subprocess.run(command, cwd=root, capture_output=True, text=True,
                            check=True).stdout.split()
    return [page for page in listed if (root / page).exists()]


def planted(files):
    with tempfile.TemporaryDirectory() as here:
        root = pathlib.Path(here).resolve()
        for name, text in files.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text)
        return look(root, [name for name in files if name.endswith(".md")])


def each_fault_is_found():
    fine = {"README.md": "[a](docs/a.md) [b](docs#c) [w](https://w/)", "docs/a.md": "# A `b`, c\n",
            "docs/README.md": "# C\n[up](../README.md) [b](a.md#a-b-c)"}
    assert planted(fine) == ([], []), planted(fine)
    assert planted(fine | {"docs/a.md": "\n[x](nowhere.md)"})[0] == [
        "docs/README.md:2: docs/a.md has no heading #a-b-c", "docs/a.md:2: nowhere.md is not there"]
    assert planted(fine | {"docs/alone.md": "[r](../README.md)"}) == ([], ["docs/alone.md"])
    assert planted(fine | {"docs/a.md": "# A `b`, c\n[x](../../etc/passwd)"})[0] == [
        "docs/a.md:2: ../../etc/passwd is not there"]
    assert planted({"README.md": "[x](adr)", "adr/1.md": "", "adr/old/2.md": ""}) == (
        [], ["adr/old/2.md"])
    assert planted({"README.md": "`[x](y)`\n```\n[x](y)\n```\n"}) == ([], [])
    assert list(tests_of(ROOT, "x.md", "*[no such thing](LICENSE)*")) == [
        "x.md: LICENSE has no test 'no such thing'"]
    assert not list(tests_of(ROOT, "x.md", "*[each fault, is found](tests/gates/links_test.py)*"))
    code = ("case RemedyKind::eject:\n// Why.\nreturn {Disruption::rotation, true, "
            "Idempotence::read_back, true, true};")
    assert not list(remedies_of("| `eject` | rotation | `readmit` | read_back | yes | yes |", code))
    assert len(list(remedies_of("| `eject` | rotation | – | read_back | yes | yes |", code))) == 1
    assert len(list(remedies_of("", code))) == 1
    assert anchors_of("# A\n## A\n") == {"a", "a-1"}


def main():
    each_fault_is_found()
    pages = pages_of(ROOT)
    findings, unreached = look(ROOT, pages)
    for page in pages:
        findings += tests_of(ROOT, page, (ROOT / page).read_text())
    findings += remedies_of((ROOT / "docs/trust.md").read_text(),
                            (ROOT / "homeostat/domain/remedy_kind.hpp").read_text())
    findings += [f"{page}: nothing leads here from README.md — link it where it is looked for"
                 for page in unreached]
    print("\n".join(findings) or f"{len(pages)} pages: each link leads somewhere, each is reached")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
