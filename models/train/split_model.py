"""Gemma 3 in two parts: the lower layers are frozen, the upper ones have an adapter. The beginning
that all prompts share is read once: by the frozen layers for good, by the others once a batch.

A position depends on those before it alone, so that the scores are those of the whole model on
whole prompts, for a part of the work. The question is asked at the last position: in the last layer
the others are wanted as keys and values, and no further. transformers reads the weights; that what
is computed with them here is what it computes is for tests/figures/training_model_test.py to say.
"""

import math

import torch
import training_data as data
from passes import Adapted, Norm, Turn
from torch.nn import functional
from transformers import AutoModelForCausalLM

LINEAR_LAYERS = ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.o_proj",
                 "mlp.gate_proj", "mlp.up_proj", "mlp.down_proj")
UNSEEN = -1e30  # Finite, because a row of nothing else would be no numbers.


def read_base(path):
    """In 32 bits. path: a GGUF file, or a directory as Hugging Face has them. ERRORS: Unusable."""
    is_gguf = path.suffix == ".gguf"
    more = {"gguf_file": path.name} if is_gguf else {}
    base = AutoModelForCausalLM.from_pretrained(path.parent if is_gguf else path,
                                                dtype=torch.float32, **more)
    if objection := objection_to(base.config):
        raise data.Unusable(f"{path}: {objection}")
    return base.requires_grad_(False)


def objection_to(config):
    """Why a base cannot be trained here; None if it can."""
    if config.model_type != "gemma3_text" or config.attention_bias:
        return f"is a {config.model_type}; only Gemma 3 is trained here"
    if config.use_bidirectional_attention:
        return "looks ahead, so that no beginning can be read once"
    if config.final_logit_softcapping is not None or config.attn_logit_softcapping is not None:
        return "bends its logits; scores here would be others"
    return None


class Adapter:
    """A and B of the linear layers of the upper layers, by the names that PEFT gives them."""

    def __init__(self, layers, rank):
        """layers: {number: of a Gemma3TextModel}. B is zero, so that nothing is changed at first;
        A is drawn as torch draws a linear layer, and as PEFT does."""
        self.scale, self.weights = 2.0, {}  # As alpha = 2 * rank has it.
        for number, layer in layers.items():
            for path in LINEAR_LAYERS:
                base = layer.get_submodule(path).weight
                down = torch.empty(rank, base.shape[1], device=base.device)
                torch.nn.init.kaiming_uniform_(down, a=math.sqrt(5))
                up = torch.zeros(base.shape[0], rank, device=base.device)
                for letter, weight in (("A", down), ("B", up)):
                    self.weights[self.name(number, path, letter)] = weight.requires_grad_()

    @staticmethod
    def name(number, path, letter):
        return f"base_model.model.model.layers.{number}.{path}.lora_{letter}.weight"

    def pair(self, number, path):
        """(A, B), or None where the layer is frozen."""
        names = [self.name(number, path, letter) for letter in "AB"]
        return [self.weights[name] for name in names] if names[0] in self.weights else None


class Layer:
    """One layer; base: as transformers has it."""

    def __init__(self, base, number, config, adapter):
        self.number, self.config = number, config
        self.window = (config.sliding_window
                       if config.layer_types[number] == "sliding_attention" else None)
        self.weights = {path.split(".")[1]: (base.get_submodule(path).weight,
                                             adapter.pair(number, path))
                        for path in LINEAR_LAYERS}
        self.adapter_scale = adapter.scale
        # Gemma keeps what a weight is above one.
        self.norms = {name.split(".")[-2]: 1 + weight for name, weight in base.named_parameters()
                      if "norm" in name}

    def linear(self, name, x):
        weight, pair = self.weights[name]
        if pair is None:
            return functional.linear(x, weight)
        return Adapted.apply(x, weight, *pair, self.adapter_scale)

    def norm(self, name, x):
        return Norm.apply(x, self.norms[name], self.config.rms_norm_eps)

    def heads(self, name, x):
        return self.linear(name, x).unflatten(-1, (-1, self.config.head_dim))

    def normed(self, hidden):
        return self.norm("input_layernorm", hidden)

    def keys_and_values(self, normed, turns):
        """Each: rows, positions, heads, width."""
        keys = self.norm("k_norm", self.heads("k_proj", normed))
        return Turn.apply(keys, *turns), self.heads("v_proj", normed)

    def behind(self, hidden, normed, turns, mask, attended):
        """hidden: what was there before the layer; attended: keys and values of all positions."""
        queries = Turn.apply(self.norm("q_norm", self.heads("q_proj", normed)), *turns)
        seen = self.linear("o_proj", self.seen(queries, mask, *attended))
        hidden = hidden + self.norm("post_attention_layernorm", seen)
        normed = self.norm("pre_feedforward_layernorm", hidden)
        inner = functional.gelu(self.linear("gate_proj", normed), approximate="tanh")
        inner = self.linear("down_proj", inner * self.linear("up_proj", normed))
        return hidden + self.norm("post_feedforward_layernorm", inner)

    def seen(self, queries, mask, keys, values):
        """The heads of queries that share a head of keys are asked like positions more."""
        rows, positions, _, width = queries.shape
        shared = keys.shape[2]
        asked, known, told = (one.unflatten(2, (shared, -1)).transpose(1, 2)
                              .reshape(rows * shared, -1, width)
                              for one in (queries, keys, values))
        mask = mask.repeat_interleave(asked.shape[1] // positions, dim=1)
        mask = mask.repeat_interleave(shared, dim=0) if len(mask) > 1 else mask
        shares = torch.baddbmm(mask, asked, known.mT,
                               alpha=self.config.query_pre_attn_scalar**-0.5).softmax(dim=-1)
        return (torch.bmm(shares, told).view(rows, shared, positions, -1, width)
                .transpose(1, 2).reshape(rows, positions, -1))

    def mask(self, places, end):
        """What is added to the share of each position from 0 to `end`: rows, asked, positions."""
        there = torch.arange(end, device=places.device)
        ahead = there[None, None, :] - places[:, :, None]
        is_unseen = ahead > 0
        if self.window is not None:
            is_unseen |= ahead <= -self.window
        return torch.zeros(is_unseen.shape, device=places.device).masked_fill(is_unseen, UNSEEN)


def joined(before, here):
    """Keys and values of the shared beginning, and of what follows it in each row."""
    return tuple(torch.cat([one.expand(len(other), -1, -1, -1), other], dim=1)
                 for one, other in zip(before, here, strict=True))


class SplitModel:
    """decoder: a Gemma3TextModel. begin() comes before all else."""

    def __init__(self, decoder, top_layers, rank):
        self.decoder, self.config = decoder, decoder.config
        self.width, self.device = self.config.hidden_size, decoder.embed_tokens.weight.device
        border = len(decoder.layers) - top_layers
        self.adapter = Adapter(dict(enumerate(decoder.layers[border:], start=border)), rank)
        layers = [Layer(layer, number, self.config, self.adapter)
                  for number, layer in enumerate(decoder.layers)]
        self.frozen, self.middle, self.last = layers[:border], layers[border:-1], layers[-1]

    def begin(self, prefix):
        """From here on each row stands behind these tokens, of which there is at least one."""
        self.first = len(prefix)
        with torch.no_grad():
            self.prefix, self.frozen_before = self.through(self.frozen, self.embedded([prefix]), 0)

    def below(self, rows):
        """What the frozen layers make of rows of tokens of one length."""
        with torch.no_grad():
            return self.through(self.frozen, self.embedded(rows), self.first,
                                self.frozen_before)[0]

    def above(self, hidden, lengths):
        """What stands at the end of each row, to be multiplied with labels. hidden: below(rows);
        lengths: of the rows; nothing sees what fills them up behind, to the longest of them."""
        layer, ends = self.last, self.first + lengths - 1
        prefix, before = self.through(self.middle, self.prefix, 0)
        hidden, _ = self.through(self.middle, hidden, self.first, before)
        normed = layer.normed(hidden)
        attended = joined(
            layer.keys_and_values(layer.normed(prefix), self.turns(layer, self.places(0, prefix))),
            layer.keys_and_values(normed, self.turns(layer, self.places(self.first, hidden))))
        asked = torch.arange(len(hidden), device=self.device), lengths - 1
        found = layer.behind(hidden[asked][:, None], normed[asked][:, None],
                             self.turns(layer, ends[:, None]),
                             layer.mask(ends[:, None], self.first + hidden.shape[1]), attended)
        return self.decoder.norm(found[:, 0])

    def embedded(self, rows):
        return self.decoder.embed_tokens(torch.tensor(rows, device=self.device))

    def places(self, first, hidden):
        return torch.arange(first, first + hidden.shape[1], device=self.device)[None]

    def turns(self, layer, places):
        """Cosines and sines; a layer that sees all turns by other angles than one with a window."""
        like, kind = self.decoder.norm.weight, self.config.layer_types[layer.number]
        return [one[:, :, None] for one in self.decoder.rotary_emb(like, places, kind)]

    def through(self, layers, hidden, first, before=None):
        """(hidden behind the layers, {number: its keys and values here}). The rows begin at the
        position `first`; before: such keys and values of the positions before, for all rows."""
        found, places = {}, self.places(first, hidden)
        for layer in layers:
            turns, mask = self.turns(layer, places), layer.mask(places, first + hidden.shape[1])
            normed = layer.normed(hidden)
            here = found[layer.number] = layer.keys_and_values(normed, turns)
            attended = joined(before[layer.number], here) if before else here
            hidden = layer.behind(hidden, normed, turns, mask, attended)
        return hidden, found
