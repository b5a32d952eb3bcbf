"""What the frozen layers make of each prompt. It is computed once and kept in a file of 16 bits:
each epoch, and each run with other settings, reads it there."""

import time

import torch
import training_data as data

KEPT_PER_ONE = 1 / 16  # A few tokens have a number of 100,000, and 16 bits end at 65,504.


class States:
    """prompts: {name: tokens}; all begin the same, and from here on the model stands behind that.
    path: the file, filled by fill(). Without one all is computed whenever it is asked for."""

    def __init__(self, model, prompts, path=None):
        self.model, self.path = model, path
        prefix = data.shared_prefix(list(prompts.values()))
        model.begin(prefix)
        self.rows = {name: tokens[len(prefix):] for name, tokens in prompts.items()}
        self.layout = data.Layout({name: len(row) for name, row in self.rows.items()})
        self.kept = None

    def at(self, names):
        """(states, lengths) of these prompts behind their beginning; filled up to the longest."""
        lengths = torch.tensor([len(self.rows[name]) for name in names])
        if self.kept is None:
            hidden = self.computed(names)
        else:
            hidden = torch.nn.utils.rnn.pad_sequence(
                [self.kept[begin:begin + len(self.rows[name])]
                 for name, begin in ((name, self.layout.begins[name]) for name in names)],
                batch_first=True).float() / KEPT_PER_ONE
        return hidden.to(self.model.device), lengths.to(self.model.device)

    def computed(self, names):
        longest = max(len(self.rows[name]) for name in names)
        return self.model.below([self.rows[name] + [0] * (longest - len(self.rows[name]))
                                 for name in names])

    def fill(self, size, stop, say):
        """Goes on where an earlier run ended. size: prompts at once. False where `stop` ended it.
        ERRORS: Unusable where 16 bits cannot hold a number."""
        width, names = self.model.width, self.layout.names
        bytes_per_row = 2 * width
        with open(self.path, "ab") as file:
            first = done = self.layout.count_in(file.tell() // bytes_per_row)
            file.truncate(self.layout.rows_of(done) * bytes_per_row)
            began = told = time.monotonic()
            while done < len(names) and not stop:
                some = names[done:done + size]
                kept = (self.computed(some) * KEPT_PER_ONE).to("cpu", torch.float16)
                for name, row in zip(some, kept, strict=True):
                    row = row[:len(self.rows[name])]
                    if not row.isfinite().all():
                        raise data.Unusable(f"{name}: a state is too large for 16 bits")
                    file.write(row.contiguous().numpy().tobytes())
                done += len(some)
                now = time.monotonic()
                if now - told > 30 or done == len(names):
                    told = now
                    say(f"{done} of {len(names)} prompts through the frozen layers, "
                        f"{(done - first) / (now - began):.2f}/s")
        if done < len(names):
            return False
        self.kept = torch.from_file(str(self.path), shared=True, dtype=torch.float16,
                                    size=self.layout.rows_of(done) * width).view(-1, width)
        return True
