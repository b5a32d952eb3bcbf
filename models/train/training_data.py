"""What of training needs no torch: reading, targets, prompts, batches, shares by family.

An example is a line of JSON: {"id", "family", "evidence": [lines], "kinds": {kind: acceptable}}.
Its kinds are those on the menu of the case; a kind is acceptable if one of its targets is.
"""

import hashlib
import json
import random
import subprocess
from bisect import bisect_right
from collections import defaultdict
from itertools import accumulate


class Unusable(Exception):
    """A file or an answer that cannot be trained on; says which and where."""


def sha256_of(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def objection_to(example):
    """What makes a line no example; None if it is one."""
    if not isinstance(example, dict):
        return "want an object"
    if not all(isinstance(example.get(name), str) for name in ("id", "family")):
        return "want `id` and `family`, texts"
    lines, kinds = example.get("evidence"), example.get("kinds")
    if not isinstance(lines, list) or not all(isinstance(line, str) for line in lines):
        return "evidence: want a list of texts"
    if (not isinstance(kinds, dict) or not kinds
            or not all(isinstance(right, bool) for right in kinds.values())):
        return "kinds: want true or false for each kind"
    return None


def read_examples(path):
    """ERRORS: Unusable, with the number of the line."""
    examples = []
    with open(path, encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            try:
                example = json.loads(line)
            except ValueError as error:
                raise Unusable(f"{path}:{number}: {error}") from error
            if objection := objection_to(example):
                raise Unusable(f"{path}:{number}: {objection}")
            examples.append(example)
    if len({example["id"] for example in examples}) < len(examples):
        raise Unusable(f"{path}: two examples have the same id")
    return examples


def parse_prompts(text, examples):
    """(labels by kind, digest of the prompt, prompts in the order of the examples), from what
    `homeostat bench decide --prompts` prints."""
    head, *told = [json.loads(line) for line in text.splitlines()]
    if [one["id"] for one in told] != [example["id"] for example in examples]:
        raise Unusable("the program told of other cases than it was asked about")
    return head["labels"], head["prompt_digest"], [one["prompt"] for one in told]


def prompts_of(homeostat, path, examples):
    """As parse_prompts; asks the program, because nothing else knows the bytes of a prompt."""
    ran = subprocess.run([homeostat, "bench", "decide", "--prompts", path], capture_output=True,
                         text=True, check=False)
    if ran.returncode != 0:
        raise Unusable(ran.stderr.strip())
    return parse_prompts(ran.stdout, examples)


def target_of(kinds, smoothing):
    """What the model should answer, as a share for each kind: equal shares of 1 - smoothing for
    what is acceptable, the rest for what is on the menu and not.

    None where there is nothing to learn: no kind is acceptable, or there is only one.
    """
    right = [kind for kind in kinds if kinds[kind]]
    if not right or len(kinds) < 2:
        return None
    wrong_count = len(kinds) - len(right)
    rest = smoothing if wrong_count else 0.0
    return {kind: (1 - rest) / len(right) if kinds[kind] else rest / wrong_count
            for kind in kinds}


def read_lessons(path):
    """(head, lessons) of a file that lessons.py wrote. ERRORS: Unusable, with the line."""
    with open(path, encoding="utf-8") as lines:
        try:
            head, *lessons = [json.loads(line) for line in lines]
            known = set(head["label_tokens"])
        except (ValueError, KeyError, TypeError) as error:
            raise Unusable(f"{path}: no lessons ({error}); lessons.py writes them") from error
    for number, lesson in enumerate(lessons, start=2):
        if not lesson.get("tokens") or not set(lesson["kinds"]) <= known:
            raise Unusable(f"{path}:{number}: want `tokens`, and `kinds` that have a label")
    return head, lessons


def split_off(lessons, share):
    """(those to learn from, those kept aside), whole cases on one side: a case with a note is on
    that of the case without."""
    taught, kept = [], []
    for lesson in lessons:
        case = lesson["id"].split("+")[0]
        drawn = int.from_bytes(hashlib.sha256(case.encode()).digest()[:4], "big") / 2**32
        (kept if drawn < share else taught).append(lesson)
    return taught, kept


def shared_prefix(prompts):
    """The tokens that all prompts begin with, but for at least one of each."""
    first, last = min(prompts), max(prompts)  # What these two share, those between share as well.
    length_max = min(map(len, prompts)) - 1
    length = 0
    while length < length_max and first[length] == last[length]:
        length += 1
    if length == 0:
        raise Unusable("two prompts begin with different tokens, or one has a single token")
    return first[:length]


class Layout:
    """Where the rows of each example lie in one file: the shortest example first, as they are made,
    so that the size of the file says how far it has come.

    lengths: {name: count of rows}."""

    def __init__(self, lengths):
        self.names = sorted(lengths, key=lengths.get)
        self.lengths = lengths
        self.ends = list(accumulate(lengths[name] for name in self.names))
        self.begins = {name: end - lengths[name]
                       for name, end in zip(self.names, self.ends, strict=True)}

    def count_in(self, rows):
        """How many examples a file of so many rows has whole."""
        return bisect_right(self.ends, rows)

    def rows_of(self, count):
        """How many rows the first `count` examples have."""
        return self.ends[count - 1] if count else 0


def batches(lengths, size, seed, epoch):
    """Places of examples, `size` at a time, of similar length so that little is padding; drawn
    anew for each epoch and the same for the same seed. Each place comes once an epoch."""
    rng = random.Random(f"{seed} {epoch}")
    places = list(range(len(lengths)))
    rng.shuffle(places)
    # Sorted in stretches of many batches: sorted as a whole, each epoch would pair the same.
    stretch = size * 32
    ordered = []
    for begin in range(0, len(places), stretch):
        ordered += sorted(places[begin:begin + stretch], key=lambda place: lengths[place])
    made = [ordered[begin:begin + size] for begin in range(0, len(ordered), size)]
    rng.shuffle(made)
    return made


class BatchOrder:
    """Which batch a step takes: of the step alone, so that a run goes on where it was."""

    def __init__(self, lengths, size, seed):
        if not lengths:
            raise Unusable("there is no example to learn from")
        self.lengths, self.size, self.seed = lengths, size, seed
        self.steps_per_epoch = -(-len(lengths) // size)
        self.epoch, self.made = None, []

    def at(self, step):
        epoch, place = divmod(step, self.steps_per_epoch)
        if epoch != self.epoch:
            self.epoch = epoch
            self.made = batches(self.lengths, self.size, self.seed, epoch)
        return self.made[place]


def learning_rate(step, steps, peak):
    """Rises over the first twentieth, then falls in a line to a tenth of the peak."""
    rise = max(1, steps // 20)
    if step < rise:
        return peak * (step + 1) / rise
    return peak * (1 - 0.9 * (step - rise) / max(1, steps - rise))


def accuracy_by_family(answers):
    """answers: (family, is right). Shares and counts by family; `macro` is the mean of the
    families."""
    families = defaultdict(list)
    for family, is_right in answers:
        families[family].append(is_right)
    told = {family: {"n": len(those), "right": sum(those) / len(those)}
            for family, those in sorted(families.items())}
    shares = [one["right"] for one in told.values()]
    return {"macro": sum(shares) / len(shares) if shares else None, "families": told}
