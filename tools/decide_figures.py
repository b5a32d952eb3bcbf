#!/usr/bin/env python3
"""Who picks the right remedy: the program's tree, the rules, logistic regression and others, on
cases of families that none of them was trained on. Writes docs/figures/decide.md.

    make bench-decide                                 everything; goes on where it was interrupted
    make bench-decide DECIDE_PARTS=document           one part
    tools/decide_figures.py --bin build/release/bin --train 2000 --held-out 600 --healthy 300

    part       does                                                        with the defaults
    peers      installs lightgbm and scikit-learn into RUNS/peers          1 min
    cases      `homeostat simulate --cases`: to learn from, held out,      20 min, two cores
               and healthy ones
    grammar    not by default: asks --model for JSON under a grammar,      10 min
               case by case; `score` takes it from RUNS
    score      judges them with `homeostat decide --json --features`,      5 min
               scores each ranker; writes FIGURES and, beside it, what
               each answered to each case (decide-answers.jsonl); with     15 min more
               --model also the model, alone and with the tree
    notes      not by default: what notes of an operator change in     10 min
               what --model and the tree choose together; into FIGURES
    second     not by default: judges the cases of bench/second_world and     seconds
               puts what comes of it into FIGURES; `score` does, too
    document   writes the page from FIGURES
    training   not by default: RUNS/training.jsonl and                     2 min
               RUNS/training-held-out.jsonl for models/train, from
               `homeostat decide --evidence`
    tree       not by default: learns the tree anew from the cases of      3 min
               training and writes models/ranker/tree.json, which the
               next build embeds; `harm` and `calibration` have to follow
    harm       not by default: learns from the same cases what does harm    3 min
               and writes models/ranker/harm.json
    calibration  not by default: measures on cases of a third seed how far  5 min, and
               the two trees may be followed, and writes models/ranker/    15 for the cases
               calibration.json, which is for these very trees
    folds      not by default: such a tree, learnt three times from two    5 min
               thirds of the cases of training and asked about the other

Cases are kept in RUNS, a file for each split, seed and number; a file that was begun is gone on
with. The first and the last case of a file are made anew before it is used: other bytes mean
another simulator, and the file is refused. A look at held-out cases spends them: whoever has tuned
anything with an eye on them takes a fresh seed (--seeds 1 3) and measures once.
"""

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import decide_calibration
import decide_document as document
import decide_figures_page
import decide_scoring as scoring
from figure_runs import ROOT, install_peers, python_of, say

BENCH = ROOT / "bench/decide"
TREE = ROOT / "models/ranker/tree.json"
HARM = TREE.with_name("harm.json")
CALIBRATION = TREE.with_name("calibration.json")
# What is promised of the bars of models/ranker/calibration.json: tools/decide_calibration.py.
ERROR_RATES = {"of_cases": 0.01, "of_choices": 0.1, "of_healthy": 0.002}
SECOND_WORLD = ROOT / "bench/second_world/cases.jsonl.xz"
FOLDS = 3
TOLD_OF_ANSWER = ("remedy", "service", "replica", "artifact", "to", "weight", "confidence")


def case_line(options, order, number):
    """One case, as its bytes. order: (split, seed, family or None)."""
    split, seed, family = order
    more = ["--family", family] if family else []
    ran = subprocess.run([options.bin / "homeostat", "simulate", "--case", str(number), "--seed",
                          str(seed), "--split", split, *more], capture_output=True, check=False)
    if ran.returncode != 0 or ran.stdout.count(b"\n") != 1:
        sys.exit(f"homeostat simulate: {ran.stderr.decode(errors='replace')}")
    return ran.stdout


def whole_lines(path):
    """How many lines a file holds; a line that was torn by an interruption is cut off."""
    if not path.exists():
        return 0
    data = path.read_bytes()
    whole = data[:data.rfind(b"\n") + 1]
    if len(whole) < len(data):
        path.write_bytes(whole)
    return whole.count(b"\n")


def ends_of(path):
    """The first and the last line of a file that has one."""
    with open(path, "rb") as file:
        first = last = file.readline()
        for last in file:
            pass
    return first, last


def check_simulator(path, order, made, make):
    if made == 0:
        return
    for number, line in zip((1, made), ends_of(path), strict=True):
        if make(order, number) != line:
            sys.exit(f"{path} holds cases of another simulator; remove it, or give another --runs")


def make_cases(path, order, count, jobs, make):
    """Brings `path` to `count` cases. make(order, number) gives the bytes of a case's line."""
    made = whole_lines(path)
    check_simulator(path, order, made, make)
    if made >= count:
        return
    say(f"{path.name}: {made} of {count} cases are there")
    with open(path, "ab") as out, ThreadPoolExecutor(jobs) as threads:
        for first in range(made + 1, count + 1, 50):
            numbers = range(first, min(first + 50, count + 1))
            for line in threads.map(lambda number: make(order, number), numbers):
                out.write(line)
                out.flush()
            say(f"{path.name}: {numbers[-1]} of {count} cases")


def orders_of(options):
    train_seed, held_out_seed = options.seeds
    return {"train": (("train", train_seed, None), options.train),
            "held-out": (("held-out", held_out_seed, None), options.held_out),
            "healthy": (("held-out", held_out_seed, "nothing"), options.healthy),
            "calibration": (("train", options.calibration_seed, None), options.calibration_cases),
            "calibration-healthy": (("train", options.calibration_seed, "nothing"),
                                    options.calibration_healthy)}


def file_of(options, name):
    (_, seed, _), count = orders_of(options)[name]
    return options.runs / f"{name}-{seed}-{count}.jsonl"


def make_cases_of(options, *names):
    for name in names:
        order, count = orders_of(options)[name]
        make_cases(file_of(options, name), order, count, options.jobs,
                   lambda order, number: case_line(options, order, number))


def make_all_cases(options):
    make_cases_of(options, "train", "held-out", "healthy")


def judged(options, name, *more, ranker="rules"):
    """The cases of a file one by one, as the program tells them and with their truth. Who learns
    sees the rules' weights; what the program's tree says would be its own echo."""
    path = file_of(options, name)
    if whole_lines(path) != orders_of(options)[name][1]:
        sys.exit(f"{path} is not complete; run the part cases first")
    with tempfile.TemporaryFile("w+") as trouble, subprocess.Popen(
            [options.bin / "homeostat", "decide", "--cases", path, "--json", "--features",
             "--ranker", ranker, *more],
            stdout=subprocess.PIPE, stderr=trouble, text=True) as program:
        told_count = 0
        with open(path, encoding="utf-8") as lines:
            for line, told in zip(lines, program.stdout):
                told_count += 1
                yield scoring.with_truth(json.loads(told), json.loads(line))
        is_done = program.wait() == 0 and told_count == orders_of(options)[name][1]
        trouble.seek(0)
        if not is_done:
            sys.exit(f"homeostat decide: {trouble.read()[-2000:]}")
        for line in trouble:
            if not line.startswith("{"):  # The scores are; a model that weighs nothing is told of.
                say(line.rstrip())


def program_rankers(options):
    """What `homeostat decide` is asked with, by the name of the ranker."""
    asked = {"tree": []}
    if options.model:
        asked["model"] = ["--model", options.model]
        asked["both"] = asked_of_both(options)
    return asked


def asked_of_both(options):
    """What `--ranker both` is asked with; None without a model."""
    if not options.model:
        return None
    calibration = ["--calibration", options.calibration] if options.calibration else []
    return ["--model", options.model, *calibration]


def judged_by_all(options, name):
    """The cases with the rules' weights, and `program`: what the program chooses by each of its
    rankers; `by_tree`: the menu as the tree ranks it, also where its first was held back; `ms`: by
    ranker, the times of its stages; `is_model_heard`: a model was asked, and answered."""
    # One after the other: the times are to be of one process.
    own = [{"program": {}, "ms": {}, "is_model_heard": False}
           for _ in range(orders_of(options)[name][1])]
    for ranker, more in program_rankers(options).items():
        for case, told in zip(own, judged(options, name, *more, ranker=ranker), strict=True):
            case["program"][ranker] = scoring.chosen_of(told)
            case["ms"][ranker] = told["ms"]
            case["is_model_heard"] |= "model" in told
            if ranker == "tree":
                case["by_tree"] = told["remedies"]
    for case, more in zip(judged(options, name), own, strict=True):
        yield case | more


def trained_rankers(options):
    sys.path.insert(0, str(BENCH))
    import rankers
    train = list(judged(options, "train"))
    for ranker in rankers.all_rankers(program_rankers(options)):
        say(f"{ranker.name} learns")
        ranker.learn(train)
        yield ranker


def second_world_of(options):
    """What the program's own choices are worth on cases of real processes, which nobody learns."""
    sys.path.insert(0, str(SECOND_WORLD.parent))
    import choices
    return choices.figures(options.bin, choices.read_cases(SECOND_WORLD), asked_of_both(options))


def judge_second_world(options):
    if not options.figures.exists():
        sys.exit(f"{options.figures} is not there; run the part score first")
    figures = json.loads(options.figures.read_text())
    figures["second_world"] = second_world_of(options)
    options.figures.write_text(json.dumps(figures, indent=1) + "\n")


def went_inside(options, part):
    """Runs a part in the interpreter that has the peers, unless this is it: then it is False."""
    if Path(sys.prefix).resolve() == (options.runs / "peers").resolve():
        return False
    if not python_of(options.runs).exists():
        sys.exit("the peers are not installed; run the part peers first")
    inside = [python_of(options.runs), __file__, *sys.argv[1:], "--parts", part]
    if subprocess.run(inside, check=False).returncode != 0:
        sys.exit(f"the part {part} failed; see above")
    return True


def count_notes(options):
    if not options.figures.exists() or not options.model:
        sys.exit("notes: the part score first, and --model")
    sys.path.insert(0, str(BENCH))
    import note_flips
    lines = [json.loads(line) for line in file_of(options, "held-out").read_text().splitlines()]
    figures = json.loads(options.figures.read_text())
    figures["notes"] = note_flips.figures(options.bin / "homeostat", lines,
                                          asked_of_both(options))
    options.figures.write_text(json.dumps(figures, indent=1) + "\n")


def columns_of(options):
    """What the numbers of a row are called, by the program."""
    told = subprocess.run([options.bin / "homeostat", "decide", "--cases", os.devnull, "--json",
                           "--features", "--ranker", "rules"],
                          capture_output=True, text=True, check=True)
    return json.loads(told.stderr)["columns"]


def learned_of(options):
    split, seed, _ = orders_of(options)["train"][0]
    return {"split": split, "seed": seed, "cases": options.train}


def write_tree(options):
    if went_inside(options, "tree"):
        return
    sys.path.insert(0, str(BENCH))
    import export_tree
    export_tree.export(list(judged(options, "train")), columns_of(options), learned_of(options),
                       TREE)
    say(f"{TREE} is written; the parts harm and calibration have to follow")


def check_seeds(options, *trees):
    """What the trees learnt from is what follows is learnt from, and nothing is measured on it."""
    for path in trees:
        seed = json.loads(path.read_text())["learned"]["seed"]
        if seed != options.seeds[0]:
            sys.exit(f"{path.name} learnt from seed {seed}: give that first among --seeds")
        if seed == options.calibration_seed:
            sys.exit(f"{path.name} learnt from the cases for calibration")


def write_harm(options):
    if went_inside(options, "harm"):
        return
    check_seeds(options, TREE)
    sys.path.insert(0, str(BENCH))
    import export_tree
    import measure_tree
    export_tree.export_harm(list(judged(options, "train")), columns_of(options),
                            learned_of(options), measure_tree.WrittenTree(TREE), HARM)
    say(f"{HARM} is written; the part calibration has to follow")


def sha256_of(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def measured_on(options):
    split, seed, _ = orders_of(options)["calibration"][0]
    return {"split": split, "seed": seed, "cases": options.calibration_cases,
            "healthy": options.calibration_healthy,
            "cases_sha256": sha256_of(file_of(options, "calibration")),
            "healthy_sha256": sha256_of(file_of(options, "calibration-healthy"))}


def write_calibration(options):
    if options.calibration_seed in options.seeds:
        sys.exit("calibration: take cases that nobody has learnt from and that score nobody")
    if went_inside(options, "calibration"):
        return
    check_seeds(options, TREE, HARM)
    make_cases_of(options, "calibration", "calibration-healthy")
    sys.path.insert(0, str(BENCH))
    import measure_tree
    cases = list(judged(options, "calibration"))
    healthy = list(judged(options, "calibration-healthy"))
    tree, harm = measure_tree.WrittenTree(TREE), measure_tree.WrittenTree(HARM)
    shipped = [measure_tree.shipped_view(those, tree, harm) for those in (cases, healthy)]
    unseen = measure_tree.unseen_views(list(judged(options, "train")), (cases, healthy),
                                       tree.temperature, say)
    told = decide_calibration.document_of(*zip(shipped, unseen), ERROR_RATES)
    hashes = {"tree_sha256": sha256_of(TREE), "harm_sha256": sha256_of(HARM)}
    CALIBRATION.write_text(json.dumps({"format": 1} | hashes | {"measured": measured_on(options)}
                                      | told, indent=1) + "\n")
    say(f"{CALIBRATION} is written; the next build embeds it")


def ask_folds(options):
    """How well a tree does on families it knows, in cases it has not seen."""
    if went_inside(options, "folds"):
        return
    sys.path.insert(0, str(BENCH))
    import rankers
    cases = list(judged(options, "train"))
    tallies = {"tree": scoring.Tally(), "rules": scoring.Tally()}
    for fold in range(FOLDS):
        tree = rankers.Tree()
        tree.learn([case for index, case in enumerate(cases) if index % FOLDS != fold])
        for case in cases[fold::FOLDS]:
            tallies["tree"].add(case, tree.choose(case))
            tallies["rules"].add(case, case["remedies"][0])
    for name, tally in tallies.items():
        right = scoring.share(is_right for _, is_right in tally.outcomes)
        figures = tally.figures()
        print(f"{name}: n {len(cases)}, right {right:.1%}, mean of the families "
              f"{figures['macro']:.1%}, harmful {figures['harmful']:.1%}, acts in "
              f"{figures['acted_share']:.1%} of {figures['acted_n']} curable")


def grammar_answers(options):
    """What the part `grammar` was told, by the id of the case; empty if it was not run."""
    path = options.runs / "json_grammar.jsonl"
    told = map(json.loads, path.read_text().splitlines()) if path.exists() else ()
    return {one["id"]: one for one in told}


def score(options):
    if went_inside(options, "score"):
        return
    load = os.getloadavg()[0]
    rankers = list(trained_rankers(options))
    by_grammar = grammar_answers(options)
    if by_grammar:
        from fixed_rankers import Kind
        rankers.append(Kind())
    tallies = {ranker.name: scoring.Tally() for ranker in rankers}
    first = scoring.Tally()  # Of what the tree puts first, held back or not.
    took_ms, menus, heard = {name: [] for name in program_rankers(options)}, [], []
    service_days = 0.0
    answers_file = options.figures.with_name("decide-answers.jsonl")
    with open(answers_file, "w", encoding="utf-8") as out:
        for case in judged_by_all(options, "held-out"):
            case["kind_named"] = by_grammar.get(case["id"], {}).get("kind")
            for name, stages in case["ms"].items():
                took_ms[name].append(sum(stages.values()))
            menus.append(case["remedies"])
            first.add(case, case["by_tree"][0])
            if case["is_model_heard"]:
                heard.append(case["program"] | {"rules": case["remedies"][0]})
            answers = {"id": case["id"], "family": case["family"]}
            for ranker in rankers:
                chosen = ranker.choose(case)
                tallies[ranker.name].add(case, chosen)
                answers[ranker.name] = {key: chosen[key] for key in
                                        (*TOLD_OF_ANSWER, "is_acceptable", "is_harmful")
                                        if key in chosen}
            out.write(json.dumps(answers) + "\n")
    for case in judged_by_all(options, "healthy"):
        service_days += case["service_days"]
        first.add_healthy(case["by_tree"][0])
        for ranker in rankers:
            if ranker.name != "json_grammar":
                tallies[ranker.name].add_healthy(ranker.choose(case))
    figures = document.figures_of(tallies, took_ms, menus, heard,
                                  [one["ms"] for one in by_grammar.values()],
                                  second_world_of(options), service_days)
    figures |= {"n_train": options.train, "load_before": load, "program": version_of(options),
                "model": model_of(options), "without_bars": first.figures(),
                "seeds": dict(zip(("train", "held_out"), options.seeds, strict=True))}
    if missing := document.missing_in(figures):
        sys.exit(f"score: {', '.join(missing)} should be in {options.figures.name} and would not")
    options.figures.write_text(json.dumps(figures, indent=1) + "\n")
    say(f"{options.figures} and {answers_file.name} are written")


def model_of(options):
    """What was asked, for the page; None without a model."""
    if not options.model:
        return None
    calibration = json.loads(options.calibration.read_text()) if options.calibration else {}
    return {"file": options.model.name, "lambda": calibration.get("lambda", 0)}


def version_of(options):
    version = subprocess.run([options.bin / "homeostat", "--version"], capture_output=True,
                             text=True, check=True).stdout.strip()
    commit = subprocess.run(["git", "-C", ROOT, "describe", "--always", "--dirty"],
                            capture_output=True, text=True, check=False).stdout.strip()
    return f"{version}, {commit}" if commit else version


def kinds_of(case):
    """Of each kind that is on the menu: whether one of its candidates is acceptable."""
    kinds = {}
    for one in case["remedies"]:
        kinds[one["remedy"]] = kinds.get(one["remedy"], False) or one["is_acceptable"]
    return kinds


def write_training(options):
    for name, target in (("train", "training"), ("held-out", "training-held-out")):
        part = options.runs / f"{target}.part"
        with open(part, "w", encoding="utf-8") as out:
            for case in judged(options, name, "--evidence"):
                out.write(json.dumps({"id": case["id"], "family": case["family"],
                                      "evidence": case["evidence"], "kinds": kinds_of(case),
                                      "saves": case["saves"]}) + "\n")
        part.rename(options.runs / f"{target}.jsonl")
        say(f"{target}.jsonl is written")


def write_page(options):
    if not options.figures.exists():
        sys.exit(f"{options.figures} is not there; run the part score first")
    decide_figures_page.write(options.figures, options.out)


def ask_by_grammar(options):
    """Each case of `held-out`: the kind that the model names in JSON, and how long it took."""
    if not options.model:
        sys.exit("grammar: give --model FILE.gguf; without a model nobody writes JSON")
    sys.path.insert(0, str(BENCH))
    import json_grammar
    cases = list(judged(options, "held-out", "--evidence"))
    json_grammar.ask_all(options.bin / "homeostat", options.model, cases,
                         options.runs / "json_grammar.jsonl")


PARTS = {"peers": lambda options: install_peers(options.runs, BENCH / "requirements.txt"),
         "cases": make_all_cases, "grammar": ask_by_grammar, "score": score, "document": write_page,
         "notes": count_notes, "training": write_training, "tree": write_tree,
         "harm": write_harm, "calibration": write_calibration, "folds": ask_folds,
         "second": judge_second_world}


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", type=Path, required=True, help="the built programs")
    parser.add_argument("--runs", type=Path, default=ROOT / "build/bench/decide")
    parser.add_argument("--figures", type=Path, default=ROOT / "build/bench/decide.json")
    parser.add_argument("--out", type=Path, default=ROOT / "docs/figures/decide.md")
    parser.add_argument("--parts", nargs="+", choices=PARTS,
                        default=["peers", "cases", "score", "document"])
    parser.add_argument("--train", type=int, default=2000, help="cases to learn from")
    parser.add_argument("--held-out", type=int, default=600, help="cases to score by")
    parser.add_argument("--healthy", type=int, default=300,
                        help="cases in which nothing is wrong; 3000 say something of rare actions")
    parser.add_argument("--seeds", type=int, nargs=2, metavar=("TRAIN", "HELD_OUT"),
                        default=[1, 2], help="what the cases are drawn from")
    # A ranking, and so a calibration, has the file's own name, not that of a link.
    parser.add_argument("--model", type=lambda name: Path(name).resolve(),
                        help="a GGUF file, to be scored as well")
    parser.add_argument("--calibration", type=Path, help="what its word is worth beside the tree")
    parser.add_argument("--calibration-seed", type=int, default=603,
                        help="of the cases of the part calibration")
    parser.add_argument("--calibration-cases", type=int, default=1500)
    parser.add_argument("--calibration-healthy", type=int, default=600,
                        help="more of them, in which nothing is wrong")
    parser.add_argument("--jobs", type=int, default=2, help="cases that are made at once")
    options = parser.parse_args()
    if options.calibration and (why := document.objection_to(options.calibration, options.model)):
        parser.error(why)
    options.runs.mkdir(parents=True, exist_ok=True)
    options.figures.parent.mkdir(parents=True, exist_ok=True)
    for part in options.parts:
        PARTS[part](options)


if __name__ == "__main__":
    main()
