#!/usr/bin/env python3
"""Teaches a small model to name a remedy: LoRA over the linear layers of a frozen base.

    models/train/train.py --lessons build/bench/decide/lessons.jsonl \\
        --held-out build/bench/decide/lessons-held-out.jsonl --out models/train/runs/first \\
        --top-layers 6

Lessons come from lessons.py: prompts as tokens. The loss is a cross-entropy at one position, behind
the prompt, over the labels of the kinds on the menu alone: the oracle reads the model the same way.
Target: equal shares for the kinds that are acceptable. A share of the cases (--dev) is not trained
on; what is kept at the end is the adapter that did best on them.

OUT/checkpoint.pt holds the last checkpoint; the same command goes on from it. At the end OUT has
the adapter (adapter_model.safetensors, adapter_config.json), training.json: what it was made of,
and, if the held-out lessons have their texts, self_test.json for tools/model/merge.py.
Exit status: 0 done, 130 interrupted or out of --minutes (a checkpoint is written), else an error.
"""

import argparse
import hashlib
import json
import math
import os
import signal
import sys
import time
from pathlib import Path

import training_data as data
from frozen_states import States
from learner import Learner

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = ("top_layers", "steps", "batch", "seed", "rank", "learning_rate", "smoothing", "dev",
            "weight_decay")
SELF_TEST_PROMPTS = 20
STOPPED = 130


def say(text):
    print(text, file=sys.stderr, flush=True)


class Lessons:
    """The lessons that teach something, with their targets."""

    def __init__(self, lessons, smoothing):
        self.lessons = teaching(lessons)
        self.targets = [data.target_of(lesson["kinds"], smoothing) for lesson in self.lessons]
        self.lengths = [len(lesson["tokens"]) for lesson in self.lessons]

    def batch(self, states, places):
        return (states.at([self.lessons[place]["id"] for place in places]),
                [self.targets[place] for place in places])

    def in_batches(self, size):
        """All places, of similar length together."""
        order = sorted(range(len(self.lengths)), key=lambda place: self.lengths[place])
        return [order[begin:begin + size] for begin in range(0, len(order), size)]


def teaching(lessons):
    return [lesson for lesson in lessons if data.target_of(lesson["kinds"], 0.0) is not None]


def prompts_by_id(lessons):
    return {lesson["id"]: lesson["tokens"] for lesson in lessons}


class Stop:
    """Whether to end after this step: asked to, or out of time."""

    def __init__(self, minutes):
        self.is_asked = False
        self.until = time.monotonic() + 60 * minutes if minutes else None
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self.ask)

    def ask(self, *_):
        self.is_asked = True

    def __bool__(self):
        return self.is_asked or (self.until is not None and time.monotonic() >= self.until)


def ask_all(learner, states, lessons, size):
    """Of each lesson the chances of its kinds, in the order of the lessons."""
    told = [None] * len(lessons.lessons)
    for places in lessons.in_batches(size):
        known, menus = lessons.batch(states, places)
        for place, chances in zip(places, learner.chances(known, menus), strict=True):
            told[place] = chances
    return told


def judged(lessons, answers):
    """Mean loss against what is acceptable, and the shares by family. answers: of ask_all()."""
    losses, right = [], []
    for lesson, chances in zip(lessons.lessons, answers, strict=True):
        kinds = lesson["kinds"]
        losses.append(-math.log(max(1e-9, sum(chances[kind] for kind in chances if kinds[kind]))))
        right.append((lesson["family"], kinds[max(chances, key=chances.get)]))
    shares = data.accuracy_by_family(right)
    return {"n": len(right), "loss": sum(losses) / max(1, len(losses)),
            "right": sum(one for _, one in right) / max(1, len(right)), **shares}


def learn(options, learner, states, lessons, dev, about, stop):
    """(the step at which it ended, what is best on the cases that were kept aside)."""
    checkpoint = options.out / "checkpoint.pt"
    first, best = learner.restore(checkpoint, about)
    order = data.BatchOrder(lessons.lengths, options.batch, options.seed)
    losses, began = [], time.monotonic()
    for step in range(first, options.steps):
        if stop:
            learner.save(checkpoint, step, about, best)
            return step, best
        rate = data.learning_rate(step, options.steps, options.learning_rate)
        losses.append(learner.step(*lessons.batch(states, order.at(step)), rate))
        if (step + 1) % options.tell_every == 0:
            speed = (step + 1 - first) * options.batch / (time.monotonic() - began)
            say(f"step {step + 1} of {options.steps}: loss {sum(losses) / len(losses):.4f}, "
                f"{speed:.2f} lessons/s")
            losses = []
        if (step + 1) % options.checkpoint_every == 0 or step + 1 == options.steps:
            found = judged(dev, ask_all(learner, states, dev, options.batch))
            best = better_of(best, step + 1, found, learner)
            learner.save(checkpoint, step + 1, about, best)
    return options.steps, best


def better_of(best, step, found, learner):
    if found["n"]:
        say(f"step {step}: {found['right']:.3f} right of {found['n']} kept aside "
            f"({found['macro']:.3f} by family), loss {found['loss']:.4f}")
    # Where nothing was kept aside, the last one is as good as any.
    if best is not None and found["n"] > 0 and best["found"]["loss"] <= found["loss"]:
        return best
    return {"step": step, "found": found, "adapter": learner.adapter()}


def write_self_test(options, head, lessons, chances):
    """Answers that whoever runs the merged model has to give as well."""
    told = [{"prompt": lesson["prompt"], "probabilities": one}
            for lesson, one in zip(lessons.lessons, chances, strict=True) if "prompt" in lesson]
    step = max(1, len(told) // SELF_TEST_PROMPTS)
    if told:
        document = {"labels": head["labels"], "prompts": told[::step][:SELF_TEST_PROMPTS]}
        (options.out / "self_test.json").write_text(json.dumps(document, indent=1) + "\n")


def evaluate(options, learner, head):
    """By file of held-out lessons: accuracy by family, of the kind alone and not its target; and
    that of the base."""
    told = {}
    for number, path in enumerate(options.held_out):
        own, lessons = data.read_lessons(path)
        if own["prompt_digest"] != head["prompt_digest"]:
            raise data.Unusable(f"{path} has other prompts than {options.lessons}")
        lessons = Lessons(lessons, 0.0)
        states = states_of(options, learner, path, own, lessons.lessons)
        answers = ask_all(learner, states, lessons, options.batch)
        with learner.without_adapter():
            of_base = judged(lessons, ask_all(learner, states, lessons, options.batch))
        told[path.name] = judged(lessons, answers) | {"base": of_base,
                                                      "sha256": data.sha256_of(path)}
        with open(options.out / f"answers-{path.name}", "w", encoding="utf-8") as out:
            for lesson, one in zip(lessons.lessons, answers, strict=True):
                out.write(json.dumps({"id": lesson["id"], "family": lesson["family"],
                                      "kinds": lesson["kinds"], "chances": one}) + "\n")
        if number == 0:
            write_self_test(options, head, lessons, answers)
    return told


def states_of(options, learner, path, head, lessons, stop=False):
    """What the frozen layers make of lessons of the file `path`; None where `stop` came before."""
    prompts, frozen = prompts_by_id(lessons), len(learner.model.frozen)
    if not frozen:
        return States(learner.model, prompts)
    about = [data.sha256_of(path), head["base_sha256"], frozen]
    key = hashlib.sha256(json.dumps(about).encode()).hexdigest()[:16]
    states = States(learner.model, prompts, options.out / f"frozen-{key}.f16")
    return states if states.fill(options.batch, stop, say) else None


def train(options):
    head, all_lessons = data.read_lessons(options.lessons)
    about = {name: getattr(options, name) for name in SETTINGS} | {
        "lessons_sha256": data.sha256_of(options.lessons),
        **{name: head[name] for name in ("base", "base_sha256", "prompt_digest", "data_sha256")}}
    if options.base.is_file() and data.sha256_of(options.base) != head["base_sha256"]:
        raise data.Unusable(f"{options.base} is not the base that {options.lessons} was made for, "
                            f"{head['base']}; lessons.py --model makes lessons for it")
    options.out.mkdir(parents=True, exist_ok=True)
    stop, learner = Stop(options.minutes), Learner(options, head)
    taught, kept = data.split_off(all_lessons, options.dev)
    lessons, dev = Lessons(taught, options.smoothing), Lessons(kept, 0.0)
    say(f"{len(lessons.lessons)} of {len(all_lessons)} lessons teach something, "
        f"{len(dev.lessons)} more are kept aside")
    states = states_of(options, learner, options.lessons, head, teaching(all_lessons), stop)
    if states is None:
        say("ended at the frozen layers; the same command goes on")
        return STOPPED
    steps, best = learn(options, learner, states, lessons, dev, about, stop)
    if steps < options.steps:
        say(f"ended at step {steps}; the same command goes on")
        return STOPPED
    learner.set_adapter(best["adapter"])
    learner.save_adapter(options.out)
    told = about | {"steps_done": steps, "best_step": best["step"], "dev": best["found"],
                    "lessons_n": len(lessons.lessons),
                    "held_out": evaluate(options, learner, head)}
    say(json.dumps(told, indent=1))
    (options.out / "training.json").write_text(json.dumps(told, indent=1) + "\n")
    return 0


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lessons", type=Path, required=True, help="what lessons.py wrote")
    parser.add_argument("--held-out", type=Path, nargs="*", default=[],
                        help="lessons to evaluate on at the end")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--base", type=Path, default=ROOT / "build/model/gemma-3-270m-q8_0.gguf",
                        help="the GGUF file that the lessons were made for, or the same weights in "
                             "a directory as Hugging Face has them")
    parser.add_argument("--device", default="cpu", choices=("cpu", "cuda"))
    parser.add_argument("--top-layers", type=int, default=0, metavar="N",
                        help="train the last N layers only, and run the others once for all "
                             "(default: train all)")
    parser.add_argument("--steps", type=int, default=1000)
    parser.add_argument("--minutes", type=float, help="end with a checkpoint after so long")
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--rank", type=int, default=16)
    parser.add_argument("--learning-rate", type=float, default=2e-4)
    parser.add_argument("--smoothing", type=float, default=0.02,
                        help="the share of the target that is not for what is acceptable")
    parser.add_argument("--dev", type=float, default=0.1, help="share of the cases kept aside")
    parser.add_argument("--weight-decay", type=float, default=0.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--checkpoint-every", type=int, default=50, help="steps")
    parser.add_argument("--tell-every", type=int, default=10, help="steps")
    try:
        return train(parser.parse_args())
    except data.Unusable as error:
        return f"train: {error}"


if __name__ == "__main__":
    sys.exit(main())
