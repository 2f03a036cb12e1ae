"""What learns: the upper layers of all-MiniLM-L6-v2, and the head on top of them, in torch.

The head computes what shop/ai/reader.py computes, and its arrays have the same names there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812  torch's own custom
from numpy.typing import NDArray
from torch import Tensor, nn

from shop.ai import convert, weights
from shop.ai.encoder import tokenizer

LAYERS, HEADS, WIDTH = 6, 12, 384
FROZEN = 2  # the embeddings and the first two layers stay as they were published
INNER = 128  # the width between two layers of the head
DROPOUT = 0.1
EPSILON = 1e-12  # of the model's normalisation
AT_ONCE = 32

Weights = Mapping[str, NDArray[np.float32]]

# The parts of a layer here, and as they were published.
PARTS = {
    "query": "attention.self.query",
    "key": "attention.self.key",
    "value": "attention.self.value",
    "attended": "attention.output.dense",
    "attended_norm": "attention.output.LayerNorm",
    "wide": "intermediate.dense",
    "narrow": "output.dense",
    "norm": "output.LayerNorm",
}


class Layer(nn.Module):
    """A layer of BERT, filled with the published weights."""

    def __init__(self, published: Weights, number: int) -> None:
        super().__init__()
        self.at = f"encoder.layer.{number}"
        for part, name in PARTS.items():
            weight = torch.tensor(np.array(published[f"{self.at}.{name}.weight"]))
            module = nn.LayerNorm(WIDTH, eps=EPSILON) if weight.ndim == 1 else nn.Linear(*reversed(weight.shape))
            module.weight = nn.Parameter(weight)
            module.bias = nn.Parameter(torch.tensor(np.array(published[f"{self.at}.{name}.bias"])))
            self.add_module(part, module)

    def forward(self, x: Tensor, there: Tensor) -> Tensor:
        """x: shape (texts, tokens, 384); there: (texts, tokens), False where a shorter text is padded."""
        drop = DROPOUT if self.training else 0.0
        query, key, value = (
            part(x).unflatten(-1, (HEADS, -1)).transpose(1, 2) for part in (self.query, self.key, self.value)
        )
        seen = F.scaled_dot_product_attention(query, key, value, there[:, None, None, :], dropout_p=drop)
        x = self.attended_norm(x + F.dropout(self.attended(seen.transpose(1, 2).flatten(2)), drop))
        return self.norm(x + F.dropout(self.narrow(F.gelu(self.wide(x))), drop))

    def changes(self, published: Weights) -> dict[str, NDArray[np.float32]]:
        """Return what was added to the published weights, by their names."""
        names = {f"{part}.{kind}": f"{self.at}.{name}.{kind}" for part, name in PARTS.items()
                 for kind in ("weight", "bias")}  # fmt: skip
        return {names[own]: array.numpy() - published[names[own]] for own, array in self.state_dict().items()}


class Frozen:
    """The part of the published model that does not learn: it is run once for each text."""

    def __init__(self) -> None:
        folder = weights.require()
        self.published = convert.read(folder / "model.safetensors")
        self.tokenizer = tokenizer(folder)
        self._layers = nn.ModuleList(Layer(self.published, number) for number in range(FROZEN)).eval()

    @torch.no_grad()
    def states(self, tokens: Sequence[Sequence[int]]) -> list[Tensor]:
        """Return the numbers of each text's tokens, shape (tokens, 384), in the order given."""
        found: dict[int, Tensor] = {}
        order = sorted(range(len(tokens)), key=lambda n: len(tokens[n]))  # of similar length: little is padded
        for start in range(0, len(order), AT_ONCE):
            places = order[start : start + AT_ONCE]
            x, there = padded([self._embedded(tokens[n]) for n in places])
            for layer in self._layers:
                x = layer(x, there)
            found |= {n: x[row, : len(tokens[n])].clone() for row, n in enumerate(places)}
        return [found[n] for n in range(len(tokens))]

    def _embedded(self, tokens: Sequence[int]) -> Tensor:
        words, positions, kinds = (
            self.published[f"embeddings.{name}_embeddings.weight"] for name in ("word", "position", "token_type")
        )
        x = torch.tensor(words[list(tokens)] + positions[: len(tokens)] + kinds[0])
        gain, bias = (torch.tensor(np.array(self.published[f"embeddings.LayerNorm.{name}"])) for name in NORM)
        return F.layer_norm(x, (WIDTH,), gain, bias, EPSILON)


NORM = ("weight", "bias")


def padded(states: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
    """Return the states as one tensor, (texts, tokens, 384), and where there is a token, (texts, tokens)."""
    x = nn.utils.rnn.pad_sequence(list(states), batch_first=True)
    lengths = torch.tensor([len(one) for one in states])
    return x, torch.arange(x.shape[1])[None, :] < lengths[:, None]


class Answers(NamedTuple):
    """What the head says of some texts, before any softmax or sigmoid.

    near: how near each token is to each feature, (texts, features, tokens); said: whether a text speaks of a feature,
    (texts, features); how: in which sentiment, (texts, features, 3).
    """

    near: Tensor
    said: Tensor
    how: Tensor


class Head(nn.Module):
    """Every feature looks at every token."""

    def __init__(self) -> None:
        super().__init__()
        same = torch.eye(WIDTH)
        self.question = nn.Parameter(torch.cat([same, same], 1) / 2)  # of the description's vector and the name's
        self.answer = nn.Parameter(same.clone())
        self.scale, self.offset = _number(10), _number(-6)
        self.sight, self.hearing = _number(1), _number(1)
        self.slope, self.start = _number(1), _number(0)
        self.listed = nn.Parameter(torch.tensor([1.5, 1.5, -1.5]))
        self.pair1, self.pair2 = nn.Linear(3 * WIDTH + 1, INNER), nn.Linear(INNER, 1)
        nn.init.zeros_(self.pair2.weight)
        nn.init.zeros_(self.pair2.bias)
        self.sound1, self.sound2 = nn.Linear(WIDTH, INNER), nn.Linear(INNER, 3)
        self.drop = nn.Dropout(DROPOUT)

    def sounds(self, states: Tensor) -> Tensor:
        """Return the sentiment of each token, shape (..., 3)."""
        return self._two(self.sound1, self.sound2, states)

    def forward(self, states: Tensor, there: Tensor, wanted: Tensor, listed: Tensor) -> Answers:
        """states: (texts, tokens, 384); wanted: (features, 768); listed: (texts, features, 3), see `listed_as`."""
        asked = wanted @ self.question.T
        nearness = F.normalize(asked, dim=-1) @ F.normalize(states @ self.answer.T, dim=-1).transpose(1, 2)
        near = (self.scale * nearness + self.offset).masked_fill(~there[:, None, :], -1e4)
        seen, heard = torch.softmax(self.sight * near, -1), torch.softmax(self.hearing * near, -1)
        strength = (seen * near).sum(-1)
        view = seen @ states
        asked = asked.expand_as(view)
        pair = torch.cat([view, asked, view * asked, strength[..., None] / 10], -1)
        said = self.slope * strength + self.start + listed @ self.listed
        return Answers(near, said + self._two(self.pair1, self.pair2, pair)[..., 0], heard @ self.sounds(states))

    def arrays(self) -> dict[str, NDArray[np.float32]]:
        """Return the arrays by the names that shop.ai.reader knows."""
        return {name.replace(".", "_"): array.numpy() for name, array in self.state_dict().items()}

    def _two(self, first: nn.Linear, second: nn.Linear, x: Tensor) -> Tensor:
        return second(self.drop(F.gelu(first(self.drop(x)))))


class Model(nn.Module):
    """The layers that learn, and the head."""

    def __init__(self, published: Weights) -> None:
        super().__init__()
        self.layers = nn.ModuleList(Layer(published, number) for number in range(FROZEN, LAYERS))
        self.head = Head()

    def upper(self, frozen: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        """Return the states after the last layer, and where there is a token; see `padded`."""
        x, there = padded(frozen)
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=self.training):  # half the time, and exact enough
            for layer in self.layers:
                x = layer(x, there)
        return x.float(), there

    def forward(self, frozen: Sequence[Tensor], wanted: Tensor, listed: Tensor) -> Answers:
        """Read some texts; see Head.forward."""
        states, there = self.upper(frozen)
        return self.head(states, there, wanted, listed)

    def as_a_whole(self, frozen: Sequence[Tensor]) -> Tensor:
        """Return the sentiment of some texts as a whole, shape (texts, 3): the mean of their tokens."""
        states, there = self.upper(frozen)
        return (self.head.sounds(states) * there[..., None]).sum(1) / there.sum(1, keepdim=True)

    def changes(self, published: Weights) -> dict[str, NDArray[np.float32]]:
        """Return what was added to the published weights, by their names."""
        return {name: change for layer in self.layers for name, change in layer.changes(published).items()}


def _number(value: float) -> nn.Parameter:
    return nn.Parameter(torch.tensor(float(value)))
