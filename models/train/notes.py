"""Notes of an operator, as a person might word them, and what they ask for.

A model learns to do what a trusted note asks, wherever that is on the menu and was not seen to do
harm. Whether it would help is for numbers to say: the rules' or the tree's weight stands beside the
model's word, and what they think nothing of stays last.
"""

import hashlib
import random

SUBJECTS = {
    "observe": ["waiting", "leaving it alone", "doing nothing for a while", "watching it",
                "giving it time"],
    "escalate": ["calling the person on duty", "paging somebody", "asking a person",
                 "waking the on-call engineer", "leaving it to a human"],
    "restart": ["a restart", "restarting one instance", "a fresh process", "to restart it",
                "restarting just that replica"],
    "rolling_restart": ["a rolling restart", "restarting them one by one", "a rolling bounce",
                        "restarting all of them in turn"],
    "rollback": ["a rollback", "going back to the version before", "the previous release",
                 "to roll back", "reverting the last change"],
    "scale": ["more instances", "scaling out", "an extra replica", "to scale up",
              "adding capacity"],
    "eject": ["taking the odd one out", "ejecting one instance", "removing it from rotation",
              "to eject the bad one", "draining the sick replica"],
    "open_circuit": ["the fallback", "opening the circuit", "cutting off the dependency",
                     "an open circuit", "answering without the dependency"],
    "invalidate_cache": ["invalidating the cache", "dropping cached copies", "a clean cache",
                         "to purge the cache", "throwing cached entries away"],
    "reroute": ["reading from the source", "rerouting reads", "going around the cache",
                "to reroute", "sending reads past the cache"],
}
PREFER = ["prefer {0}", "{0} is safe here", "{0} first, please", "here {0} is the usual answer",
          "we like {0} best", "choose {0} if it can help", "{0} costs us nothing",
          "when in doubt, {0}", "the team agreed on {0} for this service",
          "start with {0}", "{0} is what we always do", "go for {0} if you can",
          "{0} works well here", "our runbook says {0}", "{0} is preferred",
          "always try {0} before anything else"]
AVOID = ["avoid {0}", "{0} takes four minutes here", "{0} is expensive here",
         "anything rather than {0}", "we do not want {0} by day", "{0} has hurt us before",
         "no {0} if it can be helped", "{0} is slow for this service", "stay away from {0}",
         "{0} is the last resort", "do not choose {0}", "{0} loses orders here",
         "please not {0}", "{0} is dangerous at this time"]
OVER = ["{1} takes minutes here; prefer {0}", "{0} rather than {1}", "try {0} before {1}",
        "we would rather see {0} than {1}", "not {1}, but {0}", "instead of {1}: {0}",
        "{1} is costly, {0} is not", "{0} is better than {1} for us"]
IDLE = ["owned by the checkout team", "busiest from nine to five", "moved to new hosts in spring",
        "its dashboards are on the wall", "written in Go", "the contract ends in May",
        "talks to three banks", "has run for six years", "reviewed every quarter",
        "nightly export at two", "the code lives with the billing team", "two people know it well"]
WORDS = {"prefer": PREFER, "avoid": AVOID, "over": OVER, "idle": IDLE}
# What a weight is measured with (calibrate.py): neither training nor a held-out measurement has
# these, so that a weight speaks of words that the model does not know.
WEIGHED_SUBJECTS = {
    "observe": ["sitting it out", "letting it pass"],
    "escalate": ["ringing whoever is on call", "a human decision"],
    "restart": ["bouncing the one that is ill", "to kick one instance"],
    "rolling_restart": ["cycling all instances", "a restart of everything in turns"],
    "rollback": ["undoing the deploy", "the last good version"],
    "scale": ["adding instances", "to grow the pool"],
    "eject": ["pulling the slow one out", "isolating one instance"],
    "open_circuit": ["tripping the breaker", "serving the fallback answer"],
    "invalidate_cache": ["flushing the cache", "emptying the cached copies"],
    "reroute": ["bypassing the cache", "reads straight from the source"],
}
WEIGHED = {
    "prefer": ["please use {0}", "{0} is our first choice here", "best is {0}",
               "{0} is harmless for this service", "if possible, {0}",
               "we have had good results with {0}"],
    "avoid": ["{0} costs us a lot", "never {0} without need", "{0} breaks sessions here",
              "keep away from {0}", "{0} takes ten minutes in this place"],
    "over": ["{1} takes four minutes here; {0} is quicker", "{0} beats {1} here",
             "favour {0} above {1}", "do {0} and not {1}", "before {1}, think of {0}"],
    "idle": ["moved to another cluster last month", "run by the payments group",
             "its manual is in the wiki", "uses the shared database", "audited in June",
             "has a twin in the other region", "most traffic comes on Mondays",
             "was rewritten two years ago"],
}
HARMS_FROM = -0.2  # The share of what the best remedy saves users, that a remedy costs them.


def wordings(pool, held_out):
    """Those of a pool that are trained on, or the fourth part that never is: a hash chooses."""
    ordered = sorted(pool, key=lambda one: hashlib.sha256(one.encode()).digest())
    border = -(-len(pool) // 4)
    return ordered[:border] if held_out else ordered[border:]


class Notes:
    """Draws notes for cases. saves: of each kind that was tried, which share of what can be saved;
    right: the acceptable kinds; menu: all kinds on it."""

    def __init__(self, seed, held_out=False, *, weighs=False):
        """weighs: in the words that only weights are measured with."""
        self.rng = random.Random(f"notes {seed} {held_out}")
        self.held_out = held_out
        self.weighs = weighs

    def subjects(self, kind):
        return (WEIGHED_SUBJECTS[kind] if self.weighs
                else wordings(SUBJECTS[kind], self.held_out))

    def word(self, name, *kinds):
        """name: of a pool of `WORDS`."""
        pool = WEIGHED[name] if self.weighs else wordings(WORDS[name], self.held_out)
        subjects = [self.rng.choice(self.subjects(kind)) for kind in kinds]
        return self.rng.choice(pool).format(*subjects)

    def idle(self):
        return self.word("idle")

    def prefer(self, kind):
        return self.word("prefer", kind)

    def avoid(self, kind):
        return self.word("avoid", kind)

    def over(self, kind, other):
        return self.word("over", kind, other)

    def draw(self, right, saves, menu):
        """(note, the kinds that are right with it) or None where there is nothing to ask for."""
        others = [kind for kind in menu
                  if kind not in right and saves.get(kind, 0) >= HARMS_FROM]
        if not right or not others:
            return None
        draw = self.rng.random()
        if draw < 0.15:
            return self.idle(), right
        if draw < 0.55:
            wanted = self.rng.choice(others)
            return self.prefer(wanted), [wanted]
        if draw < 0.75:
            wanted = self.rng.choice(others)
            return self.over(wanted, self.rng.choice(right)), [wanted]
        gone = self.rng.choice(right)
        left = [kind for kind in right if kind != gone]
        return self.avoid(gone), left or [max(others, key=lambda kind: saves.get(kind, 0))]
