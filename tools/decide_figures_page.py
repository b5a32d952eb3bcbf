"""The page docs/figures/decide.md, from what tools/decide_figures.py has measured."""

from decide_figures_text import number, percent, points, with_interval
from decide_goals_page import goals
from figure_runs import read_json
from summaries import rate_bound

RANKERS = {
    "tree": "the boosted tree of `homeostat decide`",
    "rules": "its rules alone",
    "logistic": "logistic regression",
    "nearest": "the most similar case of training",
    "always_rollback": "always to roll back",
    "restart_only": "always to restart",
    "always_escalate": "always to call a person",
    "always_observe": "always to observe",
    "random": "chance",
    "model": "the model, target by the tree",
    "both": "tree and model",
    "json_grammar": "the same model, writing JSON",
}
HEAD = """# Who picks the right remedy

Written by `make bench-decide`; do not edit. Cases, what is acceptable and harmful in them, and
what is held out: [cases.md](../cases.md).

- Program: {program}. Command: `{command}`.
- n = {n:,} held-out cases, of families, names and wordings that no ranker learnt from;
  {n_train:,} cases of training; {healthy_n:,} cases in which nothing is wrong.
- Intervals are of 95 %: of *right* by 1,000 bootstraps over the cases, of the other shares
  Wilson's. The load of the machine before was {load:.1f}.
- A dash was not measured: {not_measured}.

"""
NO_MODEL = """\
- Nothing is said of a model: none was asked. The cases for which it would matter (*pivotal*)
  are not counted either.
"""
OF_MODEL = """\
- The model read up to 120 tokens of each case, in words that we chose for it, and the tree all
  numbers. It learnt from cases of this simulator too. To call a person is not on its menu: the
  tree's weight for that stays.
"""
NOT_SAID = """
## What this does not say

- These figures are of `homeostat decide` on cases. The running agent diagnoses by
  `homeostat/diagnose` and its rules; no figure here speaks of it.
- The cases are of one simulator, and what is acceptable in them rests on its physics and on prices
  that are our opinion, as they are in the second world. Nothing is said of any real estate.
{of_model}- The tree is the one that the program was built with; it learnt from the cases that
  `models/ranker/tree.json` names, the others from the cases of training above. All see only
  numbers that we made for the rules. A better tree is easily thought of.
- The rules' weights were set by hand with an eye on cases of this simulator, held-out families
  among them. A fresh seed gives them new cases, not new kinds of fault; those that learn here saw
  neither.
- One remedy is chosen once. What comes after it, guard's refusals and a person's answer are left
  out; how well incidents end is [demo.md](demo.md).
- The times are of one process on a machine that may have done something else.
"""


def command_of(figures):
    seeds = figures["seeds"]
    return (f"tools/decide_figures.py --bin build/release/bin --train {figures['n_train']} "
            f"--held-out {figures['n']} --healthy {figures['healthy_n']} "
            f"--seeds {seeds['train']} {seeds['held_out']}"
            + (" --model FILE --calibration FILE" if figures.get("model") else ""))


def head(figures):
    missing = [RANKERS[name] for name in RANKERS if figures["macro"].get(name) is None]
    return HEAD.format(program=figures["program"], command=command_of(figures), n=figures["n"],
                       n_train=figures["n_train"], healthy_n=figures["healthy_n"],
                       load=figures["load_before"],
                       not_measured="; ".join(missing) if missing else "nothing")


def ranker_row(name, figures):
    told = figures["rankers"].get(name)
    if told is None:
        return f"| {RANKERS[name]} | – | – | – | – | – |\n"
    right = with_interval(told["macro"], told["macro_interval"])
    harmful = with_interval(told["harmful"], told["harmful_interval"])
    needless = "–" if told["needless"] is None else with_interval(
        told["needless"] / figures["healthy_n"], told["needless_interval"])
    return (f"| {RANKERS[name]} | {right} | {harmful} | {percent(told['acted_share'])} | "
            f"{needless} | {percent(told['rollback_wrong_slice'])} |\n")


def rankers(figures):
    default = figures["rankers"][figures["default"]]
    text = f"""## By ranker

*Right*: what was chosen is acceptable; the mean of the families' shares. *Harmful*: of all cases.
*Acts*: of the {default['acted_n']} cases whose menu has an acceptable remedy that changes
something. *Needless*: acts although nothing is wrong. *Baited*: right in the
{default['rollback_wrong_n']} cases in which a deploy or configuration is recent and no rollback
acceptable. A menu has {number(figures['menu_size_mean'], '.1f')} remedies on average. Something
acceptable is on it in {percent(figures['menu_recall'])} of the cases; nobody can be right in the
others.

| who chooses | right | harmful | acts | needless | baited |
|---|---|---|---|---|---|
"""
    return text + "".join(ranker_row(name, figures) for name in RANKERS)


def families(figures):
    text = f"""
## By family: {RANKERS[figures['default']]}

| family | n | right | harmful | acceptable on the menu | acts, of the curable |
|---|---|---|---|---|---|
"""
    for name, one in figures["families"].items():
        acted = f"{one['acted']} of {one['curable']}" if one["curable"] else "–"
        text += (f"| {name} | {one['n']} | {percent(one['acceptable'] / one['n'])} | "
                 f"{percent(one['harmful'] / one['n'])} | {percent(one['on_menu'] / one['n'])} | "
                 f"{acted} |\n")
    return text


def needless_a_day(figures, name):
    """Of one ranker, with what so few, or none, still allow."""
    count = figures["rankers"][name]["needless"]
    days = figures["healthy_service_days"]
    if count is None or not days:
        return "–"
    return f"{count / days:.3f} (at most {rate_bound(count, days):.3f})"


BARS = """\
The confidence is what a calibration makes of the weight of what was chosen. What the tree puts
first is held back, and a person is called, where a second tree holds it for too harmful
([how](../cases.md#what-is-held-back)). Were all done that it puts first: right {right}, harmful
{harmful}, acts in {acts} of the curable cases, needless {needless}.
"""


def sure_of(figures):
    """What a confidence is, and what comes of holding back; files of before have none of that."""
    free = figures.get("without_bars")
    if free is None:
        return "The confidence is the weight of what was chosen."
    return BARS.format(right=with_interval(free["macro"], free["macro_interval"]),
                       harmful=with_interval(free["harmful"], free["harmful_interval"]),
                       acts=percent(free["acted_share"]),
                       needless="–" if free["needless"] is None else f"{free['needless']:,}")


def default(figures):
    days = number(figures["healthy_service_days"], ".1f")
    needless = "–" if figures["needless"] is None else f"{figures['needless']:,}"
    return f"""
## {RANKERS[figures['default']].capitalize()}, closer

| | |
|---|---|
| harmful, upper end of its interval | {percent(figures['harmful_upper'])} |
| needless actions in {figures['healthy_n']:,} healthy cases | {needless} |
| needless actions per healthy service-day | {needless_a_day(figures, figures['default'])} |
| confidence: expected calibration error, ten bins | {number(figures['ece'], '.3f')} |
| confidence: Brier score | {number(figures['brier'], '.3f')} |
| to read, survey and rank a case: p50 | {number(figures['latency_ms']['p50'])} ms |
| the same, p99 | {number(figures['latency_ms']['p99'])} ms |
| processor time of a decision, mean | at most {number(figures['cpu_ms'])} ms |

{sure_of(figures)} A decision is one thread that waits for nothing:
its processor time is at most the time it took. It begins with a case: how long a real fault takes
until somebody decides is in [demo.md](demo.md).

A *service-day* is one service, watched for a day. A healthy case is an estate that is watched for
its window and then judged once: its services times the window, {days} service-days in all.
What "at most" says holds with 95 %. An estate is judged when somebody raises an alarm, here a false
one; a day with fewer alarms has fewer needless actions.
"""


def sureness(figures):
    """Whether who is surer is wrong less often."""
    told = {name: one["risk_coverage"] for name, one in figures["confidence"].items()
            if one["risk_coverage"]}
    if not told:
        return ""
    coverages = [coverage for coverage, _ in next(iter(told.values()))]
    columns = "".join(f" of {100 * coverage:.0f} % |" for coverage in coverages)
    text = ("\nWrong, among the most confident of its choices (risk and coverage):\n\n"
            f"| who chooses |{columns}\n|---|{'---|' * len(coverages)}\n")
    for name, pairs in told.items():
        text += (f"| {RANKERS[name]} | " + " | ".join(percent(risk) for _, risk in pairs) + " |\n")
    return text


def model(figures):
    """Of a model, if one was asked."""
    if not figures.get("model"):
        return ""
    told, pivotal = figures["model"], figures["pivotal"]
    count, other_kind = (number(pivotal[name], ",") for name in ("n", "other_kind_n"))
    right = "".join(f"| right in them: {what} | {percent(pivotal[name])} |\n"
                    for name, what in (("both", "tree and model"), ("rules", "rules"),
                                       ("tree", "tree"), ("model", "model")))
    rows = "".join(f"| to decide by {RANKERS[name]}: p50, p99 | {number(one['p50'])} ms, "
                   f"{number(one['p99'])} ms |\n"
                   for name, one in figures["latency_by_ranker_ms"].items() if name != "tree")
    return f"""
## The model, closer

`{told['file']}`; beside the tree its word counts {told['lambda']:g} times (lambda).

| | |
|---|---|
| the model alone chooses otherwise than the rules (*pivotal*), cases | {count} |
| of these another kind of remedy, not only another target | {other_kind} |
{right}{rows}| to write JSON under a grammar: p50 | {number(figures['json_grammar_ms_p50'])} ms |
"""


WISHES = {"helps": "a wish for a kind that would help",
          "does_not_help": "a wish for a kind that would neither help nor harm",
          "rather_than": "a wish for one kind rather than the one that is chosen",
          "avoid": "a warning of the kind that is chosen",
          "harms": "a wish for a kind that would harm",
          "about_something_else": "words about something else"}


def notes(figures):
    """What an operator's note changes, if that was asked."""
    if not figures.get("notes"):
        return ""
    text = """
## What a note of the operator changes

Each held-out case once more with one note in front, in words that no training saw. *Asked for*:
what the note names, another kind of the menu than was chosen without it; after a warning, any
other. *Helps*: saves users at least half of what the best remedy saves. *Unasked*: harmful, and not
what the note asks for. *Right*: before, with it. Rules and tree read no notes, and no note puts
anything on the menu or keeps a person from being called. A wish for what is held back calls one.

| note | n | what it asks for is chosen | changes | harmful: before, with it, unasked | right |
|---|---|---|---|---|---|
"""
    for name, what in WISHES.items():
        told = figures["notes"][name]
        followed = "–" if name == "about_something_else" else with_interval(
            told["is_followed"], told["followed_interval"])
        text += (f"| {what} | {told['n']} | {followed} | "
                 f"{with_interval(told['is_changed'], told['changed_interval'])} | "
                 f"{percent(told['was_harmful'])}, {percent(told['is_harmful'])}, "
                 f"{percent(told['is_harmful_unasked'])} | "
                 f"{percent(told['was_acceptable'])}, {percent(told['is_acceptable'])} |\n")
    took = figures["notes"].get("model_ms")
    return text + (f"""
Where what notes change has a weight, the model is asked twice: {number(took['without'])} ms for a
case without a note, {number(took['about_something_else'])} ms for one with (medians).
""" if took else "")


SECOND_WORLD_MIN = 100  # With fewer an interval of 95 % is wider than 20 points.
SECOND_WORLD = """
## In the second world

n = {n:,} cases of real processes that were broken by means of others, each remedy really tried
([what it is](../../bench/second_world/README.md)). Nobody learnt from them. *Right*, *harmful*: of
all cases. *Acts*: of the {curable} cases in which something that changes the world is acceptable.
*Mean of the families*: here, in the simulator's held-out cases above, and the gap between the two.
Here `acceptable` is of what is possible, there of all remedies. Two futures of doing nothing
differ by {noise} at the median.

| who chooses | right | harmful | acts | mean of the families, here | in the simulator | gap |
|---|---|---|---|---|---|---|
"""


def second_world_row(name, told, figures):
    there = figures["macro"].get(name)
    gap = None if there is None else told["macro"] - there
    return (f"| {RANKERS[name]} | {with_interval(*ends(told['right']))} | "
            f"{with_interval(*ends(told['harmful']))} | {percent(told['acts']['share'])} | "
            f"{with_interval(told['macro'], told['macro_interval'])} | {percent(there)} | "
            f"{points(gap)} |\n")


def ends(told):
    return told["share"], told["interval"]


def second_world(figures):
    told = figures["second_world"]
    if told["n"] is None:
        return ""
    if told["n"] < SECOND_WORLD_MIN:
        return (f"\n## In the second world\n\n{told['n']} cases of real processes are there "
                "([what it is](../../bench/second_world/README.md)):\ntoo few to say anything of. "
                f"Figures follow from {SECOND_WORLD_MIN} on.\n")
    text = SECOND_WORLD.format(n=told["n"], curable=told["rankers"]["tree"]["acts"]["n"],
                               noise=percent(told["noise"]["median"]))
    text += "".join(second_world_row(name, told["rankers"][name], figures)
                    for name in ("tree", "rules", "both") if name in told["rankers"])
    for name in ("always_observe", "always_escalate"):
        text += (f"| {RANKERS[name]} | {with_interval(*ends(told[name]))} | – | – | – | – | – |\n")
    return text


def page_of(figures):
    of_model = OF_MODEL if figures.get("model") else NO_MODEL
    return (head(figures) + rankers(figures) + goals(figures) + families(figures)
            + default(figures) + sureness(figures) + model(figures) + notes(figures)
            + second_world(figures) + NOT_SAID.format(of_model=of_model))


def write(figures_file, out):
    out.write_text(page_of(read_json(figures_file)))
