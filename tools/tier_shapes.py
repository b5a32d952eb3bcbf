"""Models of random weights that have the shapes of real ones: they say nothing and take as long.

The vocabulary is the beginning of the local model's, filled up with the words of the remedies, so
that an oracle can ask them; its size is that of the shape, because the last layer is as wide.
"""

from dataclasses import dataclass

BLOCK_WEIGHTS = 32  # Q8_0: a scale in 16 bits, then as many weights of 8.
CONTEXT = 2048
LABELS = (" observe", " eject", " circuit", " invalidate", " redirect", " restart", " rolling",
          " scale", " rollback")


@dataclass(frozen=True)
class Shape:
    """As its publisher's config.json says."""

    name: str
    width: int
    layers: int
    heads: int
    key_heads: int
    head_width: int
    inner: int
    vocabulary: int

    @property
    def weights(self):
        attention = self.width * self.head_width * (2 * self.heads + 2 * self.key_heads)
        return (self.layers * (attention + 3 * self.width * self.inner) +
                self.vocabulary * self.width)


SHAPES = (
    Shape("SmolLM2-135M", 576, 30, 9, 3, 64, 1536, 49_152),
    Shape("Llama-3.2-1B", 2048, 16, 32, 8, 64, 8192, 128_256),
    Shape("Llama-3.2-3B", 3072, 28, 24, 8, 128, 8192, 128_256),
)


def vocabulary_of(reader, count):
    """(texts, scores, kinds) of `count` tokens: those of the labels, and the first of the rest."""
    fields = [reader.fields[f"tokenizer.ggml.{name}"] for name in
              ("tokens", "scores", "token_type")]
    texts, scores, kinds = ([field.parts[index][0] if name else bytes(field.parts[index])
                             for index in field.data]
                            for field, name in zip(fields, (False, True, True), strict=True))
    wanted = {label.replace(" ", "▁").encode() for label in LABELS}
    labels = [index for index, text in enumerate(texts) if text in wanted]
    if len(labels) != len(wanted):
        raise ValueError("the base has no token for each label")
    rest = [index for index, text in enumerate(texts) if text not in wanted]
    order = sorted(labels + rest[:count - len(labels)])
    return ([texts[i] for i in order], [float(scores[i]) for i in order],
            [int(kinds[i]) for i in order])


def random_q8_0(numpy, chance, rows, columns):
    """Bytes of a matrix. One row's worth of chance, turned for each row: speed does not see it."""
    blocks = columns // BLOCK_WEIGHTS
    row = numpy.empty((blocks, 2 + BLOCK_WEIGHTS), dtype=numpy.uint8)
    row[:, :2] = numpy.full((blocks, 1), 0.02 / 73, dtype=numpy.float16).view(numpy.uint8)
    row[:, 2:] = chance.integers(0, 256, (blocks, BLOCK_WEIGHTS), dtype=numpy.uint8)
    return numpy.stack([numpy.roll(row, n, axis=0) for n in range(min(rows, blocks))])[
        numpy.arange(rows) % min(rows, blocks)].reshape(rows, -1)


def write_model(shape, reader, path):
    """The vocabulary is that of `reader`, a GGUFReader of the local model."""
    import gguf
    import numpy

    texts, scores, kinds = vocabulary_of(reader, shape.vocabulary)
    chance = numpy.random.default_rng(1)
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_name(f"random weights in the shape of {shape.name}")
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(shape.width)
    writer.add_block_count(shape.layers)
    writer.add_feed_forward_length(shape.inner)
    writer.add_head_count(shape.heads)
    writer.add_head_count_kv(shape.key_heads)
    writer.add_key_length(shape.head_width)
    writer.add_value_length(shape.head_width)
    writer.add_rope_dimension_count(shape.head_width)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_vocab_size(shape.vocabulary)
    writer.add_tokenizer_model("llama")
    writer.add_token_list(texts)
    writer.add_token_scores(scores)
    writer.add_token_types(kinds)
    for name in ("bos", "eos", "unknown"):
        field = reader.fields[f"tokenizer.ggml.{name}_token_id"]
        getattr(writer, {"bos": "add_bos_token_id", "eos": "add_eos_token_id",
                         "unknown": "add_unk_token_id"}[name])(int(field.parts[field.data[0]][0]))
    writer.add_add_bos_token(True)
    writer.add_add_space_prefix(False)

    def matrix(name, rows, columns):
        writer.add_tensor(name, random_q8_0(numpy, chance, rows, columns),
                          raw_dtype=gguf.GGMLQuantizationType.Q8_0)

    def norm(name):
        writer.add_tensor(name, numpy.ones(shape.width, dtype=numpy.float32))

    matrix("token_embd.weight", shape.vocabulary, shape.width)
    norm("output_norm.weight")
    for layer in range(shape.layers):
        block = f"blk.{layer}"
        norm(f"{block}.attn_norm.weight")
        norm(f"{block}.ffn_norm.weight")
        matrix(f"{block}.attn_q.weight", shape.heads * shape.head_width, shape.width)
        matrix(f"{block}.attn_k.weight", shape.key_heads * shape.head_width, shape.width)
        matrix(f"{block}.attn_v.weight", shape.key_heads * shape.head_width, shape.width)
        matrix(f"{block}.attn_output.weight", shape.width, shape.heads * shape.head_width)
        matrix(f"{block}.ffn_gate.weight", shape.inner, shape.width)
        matrix(f"{block}.ffn_up.weight", shape.inner, shape.width)
        matrix(f"{block}.ffn_down.weight", shape.width, shape.inner)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
