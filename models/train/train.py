#!/usr/bin/env python3
"""Teaches a small model to name a remedy: LoRA over all linear layers of a frozen base.

    models/train/train.py --data build/bench/decide/training.jsonl \\
        --held-out build/bench/decide/training-held-out.jsonl --out models/train/runs/first

Prompts and labels come from `homeostat bench decide --prompts`. The loss is a cross-entropy at one
position, behind the prompt, over the labels of the kinds on the menu alone: the oracle reads the
model the same way. Target: equal shares for the kinds that are acceptable.

OUT/checkpoint.pt holds the last checkpoint; the same command goes on from it. At the end OUT has
the adapter (adapter_model.safetensors, adapter_config.json) and training.json: what it was made of.
Exit status: 0 done, 130 interrupted or out of --minutes (a checkpoint is written), else an error.
"""

import argparse
import json
import os
import signal
import sys
import time
from pathlib import Path

import training_data as data

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = ("steps", "batch", "seed", "rank", "learning_rate", "smoothing", "tokens_max")
STOPPED = 130


def say(text):
    print(text, file=sys.stderr, flush=True)


class Learner:
    """The base with its adapter, and how it is asked."""

    def __init__(self, options, labels):
        import peft
        import torch
        import transformers
        self.torch = torch
        torch.set_num_threads(options.threads)
        torch.use_deterministic_algorithms(True)
        torch.manual_seed(options.seed)
        is_gguf = options.base.suffix == ".gguf"
        place = options.base.parent if is_gguf else options.base
        more = {"gguf_file": options.base.name} if is_gguf else {}
        self.tokenizer = transformers.AutoTokenizer.from_pretrained(place, **more)
        base = transformers.AutoModelForCausalLM.from_pretrained(
            place, dtype=torch.float32, attn_implementation="eager", **more)
        if getattr(base.config, "final_logit_softcapping", None) is not None:
            raise data.Unusable("the base bends its last logits; scores here would be others")
        self.kinds = list(labels)
        tokens = [self.token_of(label) for label in labels.values()]
        if len(set(tokens)) < len(tokens):
            raise data.Unusable("two labels are the same token")
        self.labels = base.get_output_embeddings().weight[tokens].detach().clone()
        self.model = peft.get_peft_model(base, peft.LoraConfig(
            r=options.rank, lora_alpha=2 * options.rank, lora_dropout=0.0,
            target_modules="all-linear", task_type="CAUSAL_LM"))
        self.backbone = self.model.get_base_model().model
        self.weights = [one for one in self.model.parameters() if one.requires_grad]
        self.optimizer = torch.optim.AdamW(self.weights, lr=options.learning_rate,
                                           weight_decay=0.0)

    def token_of(self, label):
        tokens = self.tokenizer.encode(label, add_special_tokens=False)
        if len(tokens) != 1:
            raise data.Unusable(f"the label '{label}' is {len(tokens)} tokens of the base, not one")
        return tokens[0]

    def tokens_of(self, prompt):
        """With the token at the beginning where the base has one, as llama-server adds it."""
        return self.tokenizer.encode(prompt)

    def scores(self, prompts):
        """Of each prompt a score for each label, in the order of `kinds`."""
        torch = self.torch
        longest = max(map(len, prompts))
        padded = torch.tensor([one + [0] * (longest - len(one)) for one in prompts])
        ends = torch.tensor([len(one) for one in prompts])
        mask = (torch.arange(longest)[None, :] < ends[:, None]).long()
        hidden = self.backbone(input_ids=padded, attention_mask=mask,
                               use_cache=False).last_hidden_state
        return hidden[torch.arange(len(prompts)), ends - 1] @ self.labels.T

    def loss(self, prompts, targets):
        """Cross-entropy over the kinds on each menu; the others do not compete."""
        torch = self.torch
        wanted = torch.tensor([[target.get(kind, 0.0) for kind in self.kinds]
                               for target in targets])
        absent = torch.tensor([[kind not in target for kind in self.kinds] for target in targets])
        # Finite, because zero times infinity is no number.
        scores = self.scores(prompts).masked_fill(absent, -1e4)
        return -(wanted * torch.log_softmax(scores, dim=1)).sum(dim=1).mean()

    def step(self, prompts, targets, rate):
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.optimizer.zero_grad()
        loss = self.loss(prompts, targets)
        loss.backward()
        self.torch.nn.utils.clip_grad_norm_(self.weights, 1.0)
        self.optimizer.step()
        return float(loss.detach())

    def answers(self, prompts, menus):
        """The kind that scores highest of each menu."""
        with self.torch.no_grad():
            rows = self.scores(prompts).tolist()
        return [max(menu, key=lambda kind, row=row: row[self.kinds.index(kind)])
                for row, menu in zip(rows, menus, strict=True)]

    def save(self, path, step, about):
        import peft
        unfinished = path.with_suffix(".tmp")
        self.torch.save({"step": step, "about": about, "optimizer": self.optimizer.state_dict(),
                         "adapter": peft.get_peft_model_state_dict(self.model)}, unfinished)
        os.replace(unfinished, path)

    def restore(self, path, about):
        """The step to go on from. ERRORS: Unusable where the checkpoint is of another training."""
        import peft
        if not path.exists():
            return 0
        kept = self.torch.load(path, weights_only=True)
        if kept["about"] != about:
            other = [name for name in about if kept["about"].get(name) != about[name]]
            raise data.Unusable(f"{path} is of another training ({', '.join(other)}); remove it, "
                                "or give another --out")
        peft.set_peft_model_state_dict(self.model, kept["adapter"])
        self.optimizer.load_state_dict(kept["optimizer"])
        return kept["step"]


class Lessons:
    """The examples that teach something, as tokens with their targets."""

    def __init__(self, options, learner, examples, labels, prompts):
        self.prompts, self.targets, long_count = [], [], 0
        for example, prompt in zip(examples, prompts, strict=True):
            target = data.target_of(example["kinds"], labels, options.smoothing)
            if target is None:
                continue
            tokens = learner.tokens_of(prompt)
            if len(tokens) > options.tokens_max:
                long_count += 1
                continue
            self.prompts.append(tokens)
            self.targets.append(target)
        say(f"{len(self.prompts)} of {len(examples)} examples teach something; {long_count} were "
            f"longer than {options.tokens_max} tokens")

    def batch(self, places):
        return ([self.prompts[place] for place in places],
                [self.targets[place] for place in places])


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


def learn(options, learner, lessons, about):
    """The step at which it ended, and the mean loss of the last stretch."""
    checkpoint = options.out / "checkpoint.pt"
    first = learner.restore(checkpoint, about)
    order = data.BatchOrder([len(one) for one in lessons.prompts], options.batch, options.seed)
    stop, losses, began, loss, step = Stop(options.minutes), [], time.monotonic(), None, first
    for step in range(first, options.steps):
        if stop:
            learner.save(checkpoint, step, about)
            return step, loss
        rate = data.learning_rate(step, options.steps, options.learning_rate)
        losses.append(learner.step(*lessons.batch(order.at(step)), rate))
        if (step + 1) % options.tell_every == 0:
            speed = (step + 1 - first) / (time.monotonic() - began)
            loss, losses = sum(losses) / len(losses), []
            say(f"step {step + 1} of {options.steps}: loss {loss:.4f}, {speed:.3f} steps/s")
        if (step + 1) % options.checkpoint_every == 0:
            learner.save(checkpoint, step + 1, about)
    learner.save(checkpoint, options.steps, about)
    return options.steps, loss


def evaluate(options, learner, labels, digest):
    """Accuracy by family on a held-out file: the kind alone, not its target."""
    examples = data.read_examples(options.held_out)
    _, held_out_digest, prompts = data.prompts_of(options.homeostat, options.held_out, examples)
    if held_out_digest != digest:
        raise data.Unusable("the program was replaced while training; its prompts are others")
    asked = [(example, learner.tokens_of(prompt)) for example, prompt in
             zip(examples, prompts, strict=True)
             if data.target_of(example["kinds"], labels, 0.0) is not None]
    asked.sort(key=lambda one: len(one[1]))
    right = []
    for begin in range(0, len(asked), options.batch):
        some = asked[begin:begin + options.batch]
        menus = [[kind for kind in labels if kind in example["kinds"]] for example, _ in some]
        chosen = learner.answers([tokens for _, tokens in some], menus)
        right += [(example["family"], example["kinds"][kind])
                  for (example, _), kind in zip(some, chosen, strict=True)]
    return {"n": len(examples), "n_answerable": len(asked),
            "data_sha256": data.sha256_of(options.held_out), **data.accuracy_by_family(right)}


def train(options):
    examples = data.read_examples(options.data)
    labels, digest, prompts = data.prompts_of(options.homeostat, options.data, examples)
    base = options.base if options.base.is_file() else options.base / "model.safetensors"
    about = {name: getattr(options, name) for name in SETTINGS} | {
        "data_sha256": data.sha256_of(options.data), "base": options.base.name,
        "base_sha256": data.sha256_of(base), "prompt_digest": digest}
    options.out.mkdir(parents=True, exist_ok=True)
    learner = Learner(options, labels)
    lessons = Lessons(options, learner, examples, labels, prompts)
    steps, loss = learn(options, learner, lessons, about)
    if steps < options.steps:
        say(f"ended at step {steps}; the same command goes on")
        return STOPPED
    learner.model.save_pretrained(options.out, safe_serialization=True)
    told = about | {"steps_done": steps, "loss": loss, "examples": len(lessons.prompts)}
    if options.held_out:
        told["held_out"] = evaluate(options, learner, labels, digest)
        say(json.dumps(told["held_out"], indent=1))
    (options.out / "training.json").write_text(json.dumps(told, indent=1) + "\n")
    return 0


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="examples, a line of JSON each")
    parser.add_argument("--held-out", type=Path, help="examples to evaluate on at the end")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--base", type=Path, default=ROOT / "build/model/gemma-3-270m-q8_0.gguf",
                        help="a GGUF file, or a directory as Hugging Face has them")
    parser.add_argument("--homeostat", type=Path, default=ROOT / "build/release/bin/homeostat")
    parser.add_argument("--steps", type=int, default=1000)
    parser.add_argument("--minutes", type=float, help="end with a checkpoint after so long")
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--rank", type=int, default=16)
    parser.add_argument("--learning-rate", type=float, default=2e-4)
    parser.add_argument("--smoothing", type=float, default=0.02,
                        help="the share of the target that is not for what is acceptable")
    parser.add_argument("--tokens-max", type=int, default=1024, help="longer prompts are left out")
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
