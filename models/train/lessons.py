#!/usr/bin/env python3
"""Turns examples into lessons: prompts as tokens, with what would be right. Needs the programs, but
neither torch nor a GPU; training then needs neither the programs nor a tokenizer.

    models/train/lessons.py --data build/bench/decide/training.jsonl --notes 1 \\
        --out build/bench/decide/lessons.jsonl

The prompts are the program's own bytes (`homeostat bench decide --prompts`), the tokens those of
the model server (/tokenize), so that nothing is trained on what is not asked later.

The first line says what the tokens belong to; each other line is a lesson: id, family, tokens,
kinds {kind: acceptable} of those on the menu that have a label; with --prompts its text as well.
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path

import training_data as data
from notes import Notes

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools/model"))
import try_server


def with_notes(examples, copies, seed, held_out):
    """Copies of examples with a note of an operator in front, and what is right with it."""
    notes = Notes(seed, held_out)
    told = []
    for number in range(copies):
        for example in examples:
            right = [kind for kind, is_right in example["kinds"].items() if is_right]
            drawn = notes.draw(right, example.get("saves", {}), list(example["kinds"]))
            if drawn is None:
                continue
            note, right = drawn
            told.append(example | {"id": f"{example['id']}+note-{number}",
                                   "evidence": [f"note: {note}", *example["evidence"]],
                                   "kinds": {kind: kind in right for kind in example["kinds"]}})
    return told


def label_tokens(server, labels):
    """One token per label, as it stands behind a question."""
    told = {kind: try_server.token_of(server, label) for kind, label in labels.items()}
    if len(set(told.values())) < len(told):
        raise data.Unusable("two labels are the same token")
    return told


def write_lessons(options, server, examples, out):
    """server: the socket of one that has the model."""
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl") as asked:
        for example in examples:
            asked.write(json.dumps(example) + "\n")
        asked.flush()
        labels, digest, prompts = data.prompts_of(options.homeostat, asked.name, examples)
    head = {"labels": labels, "label_tokens": label_tokens(server, labels),
            "prompt_digest": digest, "base": options.model.name,
            "base_sha256": data.sha256_of(options.model),
            "data_sha256": data.sha256_of(options.data)}
    out.write(json.dumps(head) + "\n")
    for example, prompt in zip(examples, prompts, strict=True):
        lesson = {"id": example["id"], "family": example["family"],
                  "tokens": try_server.tokens_of(server, prompt, is_whole=True),
                  "kinds": {kind: right for kind, right in example["kinds"].items()
                            if kind in labels}}
        if options.prompts:
            lesson["prompt"] = prompt
        out.write(json.dumps(lesson) + "\n")


def run(options):
    examples = data.read_examples(options.data)
    if options.only_notes:
        examples = with_notes(examples, max(1, options.notes), options.seed, True)
    else:
        examples += with_notes(examples, options.notes, options.seed, False)
    part = options.out.with_suffix(".part")
    with (try_server.running(str(options.server), str(options.model)) as server,
          open(part, "w", encoding="utf-8") as out):
        write_lessons(options, server, examples, out)
    part.rename(options.out)
    print(f"lessons: {len(examples)} in {options.out}", file=sys.stderr)
    return 0


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="examples, a line of JSON each")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--notes", type=int, default=0,
                        help="copies of each example that have a note of an operator besides")
    parser.add_argument("--only-notes", action="store_true",
                        help="only such copies, in wordings that no training sees")
    parser.add_argument("--prompts", action="store_true", help="keep the texts, to be asked later")
    parser.add_argument("--seed", type=int, default=1, help="of the notes")
    parser.add_argument("--homeostat", type=Path, default=ROOT / "build/release/bin/homeostat")
    parser.add_argument("--server", type=Path, default=ROOT / "build/model/llama-server")
    parser.add_argument("--model", type=Path,
                        default=ROOT / "build/model/gemma-3-270m-q8_0.gguf")
    try:
        return run(parser.parse_args())
    except (data.Unusable, *try_server.TROUBLE) as error:
        return f"lessons: {error}"


if __name__ == "__main__":
    sys.exit(main())
