#!/usr/bin/env python3
"""Asks a served model what its training asked it at the end, and compares the answers.

    python3 tools/model/self_test.py --expected models/remedy/self_test.json \\
        --server build/model/llama-server --model build/model/gemma-3-270m-remedy-q8_0.gguf

Training computes in 32 bits with a library of its own; the server computes in 8 with other kernels,
cuts the prompt into tokens itself and runs a file that was merged in between. Exit status: 0 they
agree, 1 they do not, or the server does not work. Standard library only.

The file: {"labels": {kind: label}, "prompts": [{"prompt": text, "probabilities": {kind: p}}]},
where the probabilities of a prompt are over the kinds it names, and add up to one.
"""

import argparse
import json
import sys
from pathlib import Path

from try_server import TROUBLE, probabilities, running, token_of

FILE_BYTES_MAX = 1 << 22
PROMPTS_MAX = 200
DIFFERENCE_MAX = 0.03  # On average, of all probabilities of all prompts.
TIE_MAX = 0.05  # Where the two best are so near to each other, rounding may choose.


def objection_to(expected) -> str | None:
    """What makes a document no self-test; None if it is one."""
    if not isinstance(expected, dict) or set(expected) != {"labels", "prompts"}:
        return "want `labels` and `prompts`"
    labels, prompts = expected["labels"], expected["prompts"]
    if not isinstance(labels, dict) or not all(isinstance(one, str) for one in labels.values()):
        return "labels: want a text for each kind"
    if not isinstance(prompts, list) or not 1 <= len(prompts) <= PROMPTS_MAX:
        return f"prompts: want 1 to {PROMPTS_MAX}"
    for index, one in enumerate(prompts):
        if objection := objection_to_prompt(one, labels):
            return f"prompts[{index}]: {objection}"
    return None


def objection_to_prompt(one, labels: dict) -> str | None:
    if not isinstance(one, dict) or not isinstance(one.get("prompt"), str) or not one["prompt"]:
        return "want `prompt`, a text"
    shares = one.get("probabilities")
    if not isinstance(shares, dict) or len(shares) < 2 or not set(shares) <= set(labels):
        return "probabilities: want one for each of two or more kinds that have a label"
    if not all(isinstance(share, int | float) and not isinstance(share, bool) and 0 <= share <= 1
               for share in shares.values()) or abs(sum(shares.values()) - 1) > 1e-3:
        return "probabilities: want numbers from 0 to 1 that add up to one"
    return None


def read_expected(path: Path) -> dict:
    """ERRORS: ValueError, OSError."""
    with path.open(encoding="utf-8") as file:
        text = file.read(FILE_BYTES_MAX + 1)
    if len(text) > FILE_BYTES_MAX:
        raise ValueError(f"{path}: more than {FILE_BYTES_MAX} characters")
    try:
        expected = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path}: {error}") from error
    if objection := objection_to(expected):
        raise ValueError(f"{path}: {objection}")
    return expected


def best_of(shares: dict) -> str:
    return max(shares, key=shares.get)


def is_tie(shares: dict) -> bool:
    first, second = sorted(shares.values(), reverse=True)[:2]
    return first - second <= TIE_MAX


def compare(expected: list[dict], found: list[dict]) -> dict:
    """`difference` is the mean of all probabilities; `others` are the places of prompts whose best
    kind is another and that are no tie, `ties` those that are."""
    differences, others, ties = [], [], []
    for place, (wanted, got) in enumerate(zip(expected, found, strict=True)):
        differences += [abs(wanted[kind] - got[kind]) for kind in wanted]
        if best_of(wanted) != best_of(got):
            (ties if is_tie(wanted) else others).append(place)
    return {"difference": sum(differences) / len(differences), "difference_max": max(differences),
            "others": others, "ties": ties}


def ask(path: str, expected: dict) -> list[dict]:
    """What the server answers to each prompt, by kind."""
    tokens = {kind: token_of(path, label) for kind, label in expected["labels"].items()}
    if len(set(tokens.values())) < len(tokens):
        raise RuntimeError("two labels are the same token")
    answers = []
    for one in expected["prompts"]:
        kinds = list(one["probabilities"])
        found = probabilities(path, one["prompt"], [tokens[kind] for kind in kinds])
        answers.append({kind: found[tokens[kind]] for kind in kinds})
    return answers


def report(expected: list[dict], found: list[dict]) -> bool:
    """Prints the figures; true if they are near enough."""
    figures = compare(expected, found)
    count = len(expected)
    same = count - len(figures["others"]) - len(figures["ties"])
    print(f"model: self-test: {same} of {count} answers are those of the training, "
          f"{len(figures['ties'])} differ where the two best were within {TIE_MAX}, "
          f"{len(figures['others'])} elsewhere; probabilities differ by "
          f"{figures['difference']:.4f} on average (at most {DIFFERENCE_MAX}), by "
          f"{figures['difference_max']:.4f} at most", file=sys.stderr)
    for place in figures["others"]:
        wanted, got = expected[place], found[place]
        print(f"model: self-test: prompts[{place}]: {best_of(got)} ({got[best_of(got)]:.3f}) "
              f"instead of {best_of(wanted)} ({wanted[best_of(wanted)]:.3f})", file=sys.stderr)
    return not figures["others"] and figures["difference"] <= DIFFERENCE_MAX


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--expected", type=Path, required=True, help="self_test.json")
    parser.add_argument("--server", required=True)
    parser.add_argument("--model", required=True)
    arguments = parser.parse_args()
    try:
        expected = read_expected(arguments.expected)
        with running(arguments.server, arguments.model) as path:
            found = ask(path, expected)
    except TROUBLE as error:
        print(f"model: self-test: {error}", file=sys.stderr)
        return 1
    wanted = [one["probabilities"] for one in expected["prompts"]]
    if report(wanted, found):
        return 0
    print("model: self-test: the served model is not the one that was trained", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
