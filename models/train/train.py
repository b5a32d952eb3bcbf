#!/usr/bin/env python3
"""Teaches a small model to name a remedy: LoRA over all linear layers of a frozen base.

    models/train/train.py --lessons build/bench/decide/lessons.jsonl \\
        --held-out build/bench/decide/lessons-held-out.jsonl --out models/train/runs/first

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
import json
import math
import os
import signal
import sys
import time
from pathlib import Path

import training_data as data

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = ("steps", "batch", "seed", "rank", "learning_rate", "smoothing", "dev", "dropout",
            "weight_decay")
SELF_TEST_PROMPTS = 20
STOPPED = 130


def say(text):
    print(text, file=sys.stderr, flush=True)


class Learner:
    """The base with its adapter, and how it is asked."""

    def __init__(self, options, head):
        import peft
        import torch
        self.torch = torch
        self.device = options.device
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # Deterministic products.
        torch.set_num_threads(options.threads)
        torch.use_deterministic_algorithms(True)
        torch.manual_seed(options.seed)
        base = self.read_base(options.base)
        if getattr(base.config, "final_logit_softcapping", None) is not None:
            raise data.Unusable("the base bends its last logits; scores here would be others")
        self.kinds = list(head["label_tokens"])
        tokens = list(head["label_tokens"].values())
        self.labels = base.get_output_embeddings().weight[tokens].detach().clone()
        self.labels = self.labels.to(self.device)
        self.model = peft.get_peft_model(base, peft.LoraConfig(
            r=options.rank, lora_alpha=2 * options.rank, lora_dropout=options.dropout,
            target_modules="all-linear", task_type="CAUSAL_LM")).to(self.device)
        self.backbone = self.model.get_base_model().model
        self.weights = [one for one in self.model.parameters() if one.requires_grad]
        self.optimizer = torch.optim.AdamW(self.weights, lr=options.learning_rate,
                                           weight_decay=options.weight_decay)

    def read_base(self, base):
        import transformers
        is_gguf = base.suffix == ".gguf"
        more = {"gguf_file": base.name} if is_gguf else {}
        return transformers.AutoModelForCausalLM.from_pretrained(
            base.parent if is_gguf else base, dtype=self.torch.float32,
            attn_implementation="eager", **more)

    def scores(self, prompts):
        """Of each prompt a score for each label, in the order of `kinds`."""
        torch = self.torch
        longest = max(map(len, prompts))
        padded = torch.tensor([one + [0] * (longest - len(one)) for one in prompts],
                              device=self.device)
        ends = torch.tensor([len(one) for one in prompts], device=self.device)
        places = torch.arange(longest, device=self.device)
        mask = (places[None, :] < ends[:, None]).long()
        with torch.autocast(self.device, torch.bfloat16, enabled=self.device == "cuda"):
            hidden = self.backbone(input_ids=padded, attention_mask=mask,
                                   use_cache=False).last_hidden_state
        rows = torch.arange(len(prompts), device=self.device)
        return hidden[rows, ends - 1].float() @ self.labels.T

    def loss(self, prompts, targets):
        """Cross-entropy over the kinds on each menu; the others do not compete."""
        torch = self.torch
        wanted = torch.tensor([[target.get(kind, 0.0) for kind in self.kinds]
                               for target in targets], device=self.device)
        absent = torch.tensor([[kind not in target for kind in self.kinds] for target in targets],
                              device=self.device)
        # Finite, because zero times infinity is no number.
        scores = self.scores(prompts).masked_fill(absent, -1e4)
        return -(wanted * torch.log_softmax(scores, dim=1)).sum(dim=1).mean()

    def step(self, prompts, targets, rate):
        self.model.train()
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.optimizer.zero_grad()
        loss = self.loss(prompts, targets)
        loss.backward()
        self.torch.nn.utils.clip_grad_norm_(self.weights, 1.0)
        self.optimizer.step()
        return float(loss.detach())

    def chances(self, prompts, menus):
        """Of each prompt the probability of each kind on its menu."""
        torch = self.torch
        self.model.eval()
        absent = torch.tensor([[kind not in menu for kind in self.kinds] for menu in menus],
                              device=self.device)
        with torch.no_grad():
            rows = torch.softmax(self.scores(prompts).masked_fill(absent, -1e4), dim=1).tolist()
        return [{kind: row[self.kinds.index(kind)] for kind in menu}
                for row, menu in zip(rows, menus, strict=True)]

    def adapter(self):
        import peft
        return {name: value.detach().cpu().clone()
                for name, value in peft.get_peft_model_state_dict(self.model).items()}

    def set_adapter(self, weights):
        import peft
        peft.set_peft_model_state_dict(self.model, weights)

    def save(self, path, step, about, best):
        unfinished = path.with_suffix(".tmp")
        self.torch.save({"step": step, "about": about, "optimizer": self.optimizer.state_dict(),
                         "adapter": self.adapter(), "best": best}, unfinished)
        os.replace(unfinished, path)

    def restore(self, path, about):
        """(the step to go on from, the best so far). ERRORS: Unusable where the checkpoint is of
        another training."""
        if not path.exists():
            return 0, None
        kept = self.torch.load(path, weights_only=True, map_location="cpu")
        if kept["about"] != about:
            other = [name for name in about if kept["about"].get(name) != about[name]]
            raise data.Unusable(f"{path} is of another training ({', '.join(other)}); remove it, "
                                "or give another --out")
        self.set_adapter(kept["adapter"])
        self.optimizer.load_state_dict(kept["optimizer"])
        return kept["step"], kept["best"]


class Lessons:
    """The lessons that teach something, with their targets."""

    def __init__(self, lessons, smoothing):
        self.prompts, self.targets, self.lessons = [], [], []
        for lesson in lessons:
            target = data.target_of(lesson["kinds"], smoothing)
            if target is not None:
                self.prompts.append(lesson["tokens"])
                self.targets.append(target)
                self.lessons.append(lesson)

    def batch(self, places):
        return ([self.prompts[place] for place in places],
                [self.targets[place] for place in places])

    def in_batches(self, size):
        """All places, of similar length together."""
        order = sorted(range(len(self.prompts)), key=lambda place: len(self.prompts[place]))
        return [order[begin:begin + size] for begin in range(0, len(order), size)]


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


def ask_all(learner, lessons, size):
    """Of each lesson the chances of its kinds, in the order of the lessons."""
    told = [None] * len(lessons.prompts)
    for places in lessons.in_batches(size):
        menus = [list(lessons.targets[place]) for place in places]
        prompts, _ = lessons.batch(places)
        for place, chances in zip(places, learner.chances(prompts, menus), strict=True):
            told[place] = chances
    return told


def judged(learner, lessons, size):
    """Mean loss against what is acceptable, and the shares by family."""
    losses, right = [], []
    for lesson, chances in zip(lessons.lessons, ask_all(learner, lessons, size), strict=True):
        kinds = lesson["kinds"]
        losses.append(-math.log(max(1e-9, sum(chances[kind] for kind in chances if kinds[kind]))))
        right.append((lesson["family"], kinds[max(chances, key=chances.get)]))
    shares = data.accuracy_by_family(right)
    return {"n": len(right), "loss": sum(losses) / max(1, len(losses)),
            "right": sum(one for _, one in right) / max(1, len(right)), **shares}


def learn(options, learner, lessons, dev, about):
    """(the step at which it ended, what is best on the cases that were kept aside)."""
    checkpoint = options.out / "checkpoint.pt"
    first, best = learner.restore(checkpoint, about)
    order = data.BatchOrder([len(one) for one in lessons.prompts], options.batch, options.seed)
    stop, losses, began = Stop(options.minutes), [], time.monotonic()
    for step in range(first, options.steps):
        if stop:
            learner.save(checkpoint, step, about, best)
            return step, best
        rate = data.learning_rate(step, options.steps, options.learning_rate)
        losses.append(learner.step(*lessons.batch(order.at(step)), rate))
        if (step + 1) % options.tell_every == 0:
            speed = (step + 1 - first) / (time.monotonic() - began)
            say(f"step {step + 1} of {options.steps}: loss {sum(losses) / len(losses):.4f}, "
                f"{speed:.3f} steps/s")
            losses = []
        if (step + 1) % options.checkpoint_every == 0 or step + 1 == options.steps:
            best = better_of(best, step + 1, judged(learner, dev, options.batch), learner)
            learner.save(checkpoint, step + 1, about, best)
    return options.steps, best


def better_of(best, step, found, learner):
    say(f"step {step}: {found['right']:.3f} right of {found['n']} kept aside, "
        f"loss {found['loss']:.4f}")
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
    """By file of held-out lessons: accuracy by family, of the kind alone and not its target."""
    told = {}
    for number, path in enumerate(options.held_out):
        own, lessons = data.read_lessons(path)
        if own["prompt_digest"] != head["prompt_digest"]:
            raise data.Unusable(f"{path} has other prompts than {options.lessons}")
        lessons = Lessons(lessons, 0.0)
        told[path.name] = judged(learner, lessons, options.batch) | {
            "sha256": data.sha256_of(path)}
        chances = ask_all(learner, lessons, options.batch)
        with open(options.out / f"answers-{path.name}", "w", encoding="utf-8") as out:
            for lesson, one in zip(lessons.lessons, chances, strict=True):
                out.write(json.dumps({"id": lesson["id"], "family": lesson["family"],
                                      "kinds": lesson["kinds"], "chances": one}) + "\n")
        if number == 0:
            write_self_test(options, head, lessons, chances)
    return told


def train(options):
    head, all_lessons = data.read_lessons(options.lessons)
    about = {name: getattr(options, name) for name in SETTINGS} | {
        "lessons_sha256": data.sha256_of(options.lessons),
        **{name: head[name] for name in ("base", "base_sha256", "prompt_digest", "data_sha256")}}
    if options.base.is_file() and data.sha256_of(options.base) != head["base_sha256"]:
        raise data.Unusable(f"{options.base} is not the base that {options.lessons} was made for, "
                            f"{head['base']}; lessons.py --model makes lessons for it")
    options.out.mkdir(parents=True, exist_ok=True)
    learner = Learner(options, head)
    taught, kept = data.split_off(all_lessons, options.dev)
    lessons, dev = Lessons(taught, options.smoothing), Lessons(kept, 0.0)
    say(f"{len(lessons.prompts)} of {len(all_lessons)} lessons teach something, "
        f"{len(dev.prompts)} more are kept aside")
    steps, best = learn(options, learner, lessons, dev, about)
    if steps < options.steps:
        say(f"ended at step {steps}; the same command goes on")
        return STOPPED
    learner.set_adapter(best["adapter"])
    learner.model.save_pretrained(options.out, safe_serialization=True)
    told = about | {"steps_done": steps, "best_step": best["step"], "dev": best["found"],
                    "lessons_n": len(lessons.prompts),
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
    parser.add_argument("--steps", type=int, default=1000)
    parser.add_argument("--minutes", type=float, help="end with a checkpoint after so long")
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--rank", type=int, default=16)
    parser.add_argument("--learning-rate", type=float, default=2e-4)
    parser.add_argument("--smoothing", type=float, default=0.02,
                        help="the share of the target that is not for what is acceptable")
    parser.add_argument("--dev", type=float, default=0.1, help="share of the cases kept aside")
    parser.add_argument("--dropout", type=float, default=0.0,
                        help="above 0, a run that was interrupted ends with other weights")
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
