"""Notes of an operator, as a person might word them, and what they make right.

A note is trusted, yet evidence stands first: "prefer K" decides where K would help, and changes
nothing where it would not. Whoever learns on these learns to weigh words, not to obey them.
"""

import hashlib
import random

SUBJECTS = {
    "observe": ["waiting", "leaving it alone", "doing nothing for a while"],
    "escalate": ["calling the person on duty", "paging somebody", "asking a person"],
    "restart": ["a restart", "restarting one instance", "a fresh process"],
    "rolling_restart": ["a rolling restart", "restarting them one by one"],
    "rollback": ["a rollback", "going back to the version before", "the previous release"],
    "scale": ["more instances", "scaling out", "an extra replica"],
    "eject": ["taking the odd one out", "ejecting one instance", "removing it from rotation"],
    "open_circuit": ["the fallback", "opening the circuit", "cutting off the dependency"],
    "invalidate_cache": ["invalidating the cache", "dropping cached copies", "a clean cache"],
    "reroute": ["reading from the source", "rerouting reads", "going around the cache"],
}
PREFER = ["prefer {0}", "{0} is safe here", "{0} first, please", "here {0} is the usual answer",
          "we like {0} best", "choose {0} if it can help", "{0} costs us nothing",
          "when in doubt, {0}", "the team agreed on {0} for this service"]
AVOID = ["avoid {0}", "{0} takes four minutes here", "{0} is expensive here",
         "anything rather than {0}", "we do not want {0} by day", "{0} has hurt us before",
         "no {0} if it can be helped", "{0} is slow for this service"]
OVER = ["{1} takes minutes here; prefer {0}", "{0} rather than {1}", "try {0} before {1}",
        "we would rather see {0} than {1}", "not {1}, but {0}"]
IDLE = ["owned by the checkout team", "busiest from nine to five", "moved to new hosts in spring",
        "its dashboards are on the wall", "written in Go", "the contract ends in May",
        "talks to three banks", "has run for six years", "reviewed every quarter"]
HELPS_FROM = 0.5  # The share of what the best remedy saves users, from which a remedy helps.


def wordings(pool, held_out):
    """Those of a pool that are trained on, or the fourth part that never is: a hash chooses."""
    ordered = sorted(pool, key=lambda one: hashlib.sha256(one.encode()).digest())
    border = -(-len(pool) // 4)
    return ordered[:border] if held_out else ordered[border:]


def helping(saves):
    return [kind for kind, share in saves.items() if share >= HELPS_FROM]


class Notes:
    """Draws notes for cases. saves: of each kind on the menu, which share of what can be saved."""

    def __init__(self, seed, held_out=False):
        self.rng = random.Random(f"notes {seed} {held_out}")
        self.held_out = held_out

    def word(self, pool, *kinds):
        subjects = [self.rng.choice(SUBJECTS[kind]) for kind in kinds]
        return self.rng.choice(wordings(pool, self.held_out)).format(*subjects)

    def prefer(self, kind):
        return self.word(PREFER, kind)

    def avoid(self, kind):
        return self.word(AVOID, kind)

    def over(self, kind, other):
        return self.word(OVER, kind, other)

    def draw(self, right, saves):
        """(note, what is right with it) or None where no note can change anything.

        right: the acceptable kinds; saves: see above."""
        helps = helping(saves)
        others = [kind for kind in helps if kind not in right]
        draw = self.rng.random()
        if draw < 0.15:
            return self.word(IDLE), right
        if draw < 0.35 or not others or not right:
            useless = [kind for kind in saves if kind not in helps and kind not in right]
            if not useless or not right:
                return None
            return self.prefer(self.rng.choice(useless)), right
        other = self.rng.choice(others)
        if draw < 0.55:
            return self.prefer(other), [other]
        if draw < 0.75:
            best = self.rng.choice(right)
            if best == "observe":
                return self.prefer(other), [other]
            return self.over(other, best), [other]
        if len(right) > 1:
            gone = self.rng.choice(right)
            return self.avoid(gone), [kind for kind in right if kind != gone]
        best = max(others, key=saves.get)
        return self.avoid(right[0]), [best]
