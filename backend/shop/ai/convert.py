"""From published BERT weights to CTranslate2's own format, without torch.

CTranslate2 runs a transformer from a specification: a tree of layers, each holding its arrays. Its converter for
published models needs torch, so the tree is filled here, array by array.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shop.ai.errors import ModelError

Arrays = dict[str, NDArray[np.float32]]


def convert(published: Path, target: Path, learned: Arrays | None = None) -> None:
    """Write the model of a folder with config.json, tokenizer.json and model.safetensors to `target` as float32.

    Args:
        published: the folder.
        target: a folder that does not exist yet.
        learned: what is added to the published weights, by their names; of a model that was trained further.

    Raises:
        ModelError: config.json describes something other than a BERT encoder.
    """
    from ctranslate2.specs import transformer_spec

    config = json.loads((published / "config.json").read_text(encoding="utf-8"))
    kind = (config["model_type"], config["hidden_act"], config["position_embedding_type"])
    if kind != ("bert", "gelu", "absolute"):
        raise ModelError(f"The model in {published} is no BERT encoder with GELU and absolute positions, but {kind}.")
    weights = read(published / "model.safetensors")
    weights |= {name: weights[name] + change for name, change in (learned or {}).items()}
    spec = transformer_spec.TransformerEncoderModelSpec(_encoder(config, weights))
    spec.config.layer_norm_epsilon = config["layer_norm_eps"]  # CTranslate2's own default is another one
    spec.config.unk_token = "[UNK]"  # noqa: S105  a word piece, no password
    vocabulary = json.loads((published / "tokenizer.json").read_text(encoding="utf-8"))["model"]["vocab"]
    spec.register_vocabulary(sorted(vocabulary, key=vocabulary.get))
    spec.validate()
    spec.optimize(None)
    target.mkdir()
    spec.save(str(target))


def read(path: Path) -> Arrays:
    """Return the float32 arrays of a safetensors file by name.

    The format: 8 bytes with the length of a JSON header, the header with type, shape and place of each array, the data.
    """
    data = np.memmap(path, np.uint8, "r")
    length = int(data[:8].view("<u8")[0])
    header = json.loads(data[8 : 8 + length].tobytes())
    body = data[8 + length :]
    return {
        name: body[slice(*entry["data_offsets"])].view("<f4").reshape(entry["shape"])
        for name, entry in header.items()
        if entry.get("dtype") == "F32"
    }


def _encoder(config: dict[str, Any], weights: Arrays) -> Any:
    from ctranslate2.specs import common_spec, transformer_spec

    encoder = transformer_spec.TransformerEncoderSpec(
        config["num_hidden_layers"],
        config["num_attention_heads"],
        pre_norm=False,
        layernorm_embedding=True,
        activation=common_spec.Activation.GELU,
        num_source_embeddings=2,  # of the word and of the sentence it belongs to
        embeddings_merge=common_spec.EmbeddingsMerge.ADD,
    )
    encoder.scale_embeddings = False
    encoder.embeddings[0].weight = weights["embeddings.word_embeddings.weight"]
    encoder.embeddings[1].weight = weights["embeddings.token_type_embeddings.weight"]
    encoder.position_encodings.encodings = weights["embeddings.position_embeddings.weight"]
    _norm(encoder.layernorm_embedding, weights, "embeddings.LayerNorm")
    for number, layer in enumerate(encoder.layer):
        _layer(layer, weights, f"encoder.layer.{number}")
    return encoder


def _layer(layer: Any, weights: Arrays, at: str) -> None:
    attention = [f"{at}.attention.self.{name}" for name in ("query", "key", "value")]
    _linear(layer.self_attention.linear[0], weights, *attention)
    _linear(layer.self_attention.linear[1], weights, f"{at}.attention.output.dense")
    _norm(layer.self_attention.layer_norm, weights, f"{at}.attention.output.LayerNorm")
    _linear(layer.ffn.linear_0, weights, f"{at}.intermediate.dense")
    _linear(layer.ffn.linear_1, weights, f"{at}.output.dense")
    _norm(layer.ffn.layer_norm, weights, f"{at}.output.LayerNorm")


def _linear(spec: Any, weights: Arrays, *names: str) -> None:
    """Several names: their arrays stacked into one layer, as CTranslate2 wants query, key and value."""
    spec.weight = np.concatenate([weights[f"{name}.weight"] for name in names])
    spec.bias = np.concatenate([weights[f"{name}.bias"] for name in names])


def _norm(spec: Any, weights: Arrays, name: str) -> None:
    spec.gamma, spec.beta = weights[f"{name}.weight"], weights[f"{name}.bias"]
