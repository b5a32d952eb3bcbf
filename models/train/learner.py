"""The base with its adapter: what it is asked, what it learns, what is kept of it."""

import json
import os
from contextlib import contextmanager

import torch
import training_data as data
from safetensors.torch import save_file
from split_model import LINEAR_LAYERS, SplitModel, read_base


class Learner:
    """options: as train.py has them; head: the first line of the lessons."""

    def __init__(self, options, head):
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # Deterministic products.
        torch.set_num_threads(options.threads)
        torch.use_deterministic_algorithms(True)
        torch.utils.deterministic.fill_uninitialized_memory = False  # Nothing here reads such.
        torch.manual_seed(options.seed)
        base = read_base(options.base).to(options.device)
        layers = base.config.num_hidden_layers
        top_layers = options.top_layers or layers
        if not 1 <= top_layers <= layers:
            raise data.Unusable(f"--top-layers: the base has {layers}")
        self.device, self.rank = options.device, options.rank
        self.kinds = list(head["label_tokens"])
        self.labels = base.get_output_embeddings().weight[list(head["label_tokens"].values())]
        self.model = SplitModel(base.model, top_layers, options.rank)
        self.layers = list(range(layers - top_layers, layers)) if top_layers < layers else None
        self.weights = self.model.adapter.weights
        self.optimizer = torch.optim.AdamW(self.weights.values(), lr=options.learning_rate,
                                           weight_decay=options.weight_decay)

    def scores(self, hidden, lengths):
        """Of each prompt a score for each label, in the order of `kinds`; from States.at()."""
        return self.model.above(hidden, lengths) @ self.labels.T

    def scores_on(self, menus, states):
        """The same, where what is not on a prompt's menu does not compete."""
        absent = torch.tensor([[kind not in menu for kind in self.kinds] for menu in menus],
                              device=self.device)
        # Finite, because zero times infinity is no number.
        return self.scores(*states).masked_fill(absent, -1e4)

    def loss(self, states, targets):
        """Cross-entropy over the kinds on each menu."""
        wanted = torch.tensor([[target.get(kind, 0.0) for kind in self.kinds]
                               for target in targets], device=self.device)
        shares = torch.log_softmax(self.scores_on(targets, states), dim=1)
        return -(wanted * shares).sum(dim=1).mean()

    def step(self, states, targets, rate):
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.optimizer.zero_grad()
        loss = self.loss(states, targets)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.weights.values(), 1.0)
        self.optimizer.step()
        return float(loss.detach())

    def chances(self, states, menus):
        """Of each prompt the probability of each kind on its menu."""
        with torch.no_grad():
            rows = torch.softmax(self.scores_on(menus, states), dim=1).tolist()
        return [{kind: row[self.kinds.index(kind)] for kind in menu}
                for row, menu in zip(rows, menus, strict=True)]

    @contextmanager
    def without_adapter(self):
        """Meanwhile the base answers alone."""
        kept = self.adapter()
        self.set_adapter({name: torch.zeros_like(weight) for name, weight in kept.items()})
        yield
        self.set_adapter(kept)

    def adapter(self):
        return {name: weight.detach().cpu().clone() for name, weight in self.weights.items()}

    def set_adapter(self, weights):
        with torch.no_grad():
            for name, weight in self.weights.items():
                weight.copy_(weights[name])

    def save_adapter(self, folder):
        """As PEFT does."""
        config = {"peft_type": "LORA", "task_type": "CAUSAL_LM", "r": self.rank,
                  "lora_alpha": int(self.rank * self.model.adapter.scale), "bias": "none",
                  "target_modules": [path.split(".")[1] for path in LINEAR_LAYERS],
                  "layers_to_transform": self.layers, "inference_mode": True}
        (folder / "adapter_config.json").write_text(json.dumps(config, indent=1) + "\n")
        save_file(self.adapter(), folder / "adapter_model.safetensors", {"format": "pt"})

    def save(self, path, step, about, best):
        unfinished = path.with_suffix(".tmp")
        torch.save({"step": step, "about": about, "optimizer": self.optimizer.state_dict(),
                    "adapter": self.adapter(), "best": best}, unfinished)
        os.replace(unfinished, path)

    def restore(self, path, about):
        """(the step to go on from, the best so far). ERRORS: Unusable where the checkpoint is of
        another training."""
        if not path.exists():
            return 0, None
        kept = torch.load(path, weights_only=True, map_location="cpu")
        if kept["about"] != about:
            other = [name for name in about if kept["about"].get(name) != about[name]]
            raise data.Unusable(f"{path} is of another training ({', '.join(other)}); remove it, "
                                "or give another --out")
        self.set_adapter(kept["adapter"])
        self.optimizer.load_state_dict(kept["optimizer"])
        return kept["step"], kept["best"]
