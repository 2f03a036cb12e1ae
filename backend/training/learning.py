"""The loss, the schedule and the warm-up."""

from __future__ import annotations

import math
import random
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import torch
import torch.nn.functional as F  # noqa: N812  torch's own custom
from torch import Tensor, nn

from shop.ai.reader import SENTIMENTS
from training.answers import Answer
from training.model import Answers, Frozen, Model
from training.sentences import Sentence
from training.texts import Text, tokens_of

BATCH = 12
RATE = 2e-4  # of the layers; the head learns four times as fast
DECAY = 0.02
OF_TOKENS, OF_SENTIMENTS = 0.5, 0.7  # how much these losses count beside that of the mentions
WARM_BATCH, WARM_TOKENS = 32, 80
LEAST = 0.02  # of the rate, at the end

One = TypeVar("One")


@dataclass(frozen=True)
class Example:
    """A text, made ready.

    frozen: what the frozen layers make of it, (tokens, 384); quoted: the tokens that each label quotes; listed: what
    the catalog says, (features, 3).
    """

    text: Text
    frozen: Tensor
    quoted: Mapping[int, Sequence[int]]
    listed: Tensor


def prepare(texts: Sequence[Text], frozen: Frozen, features: Mapping[str, Sequence[str]]) -> list[Example]:
    """Make texts ready; features: by list."""
    tokens = frozen.tokenizer.encode_batch([one.text for one in texts])
    examples = []
    for one, read, states in zip(texts, tokens, frozen.states([read.ids for read in tokens]), strict=True):
        quoted = {place: tokens_of(said.words, one.text, read.offsets) for place, said in one.said.items()}
        examples.append(Example(one, states, quoted, listed_as(one, len(features[one.list]))))
    return examples


def listed_as(text: Text, features: int) -> Tensor:
    """Return three numbers for each feature, shape (features, 3): its product's own, its kin's, anything known (1)."""
    known = torch.zeros(features, 3)
    if text.listed is not None:
        known[list(text.listed.own), 0] = 1
        known[list(text.listed.kin), 1] = 1
        known[:, 2] = 1
    return known


def warm_up(model: Model, sentences: Sequence[Sentence], frozen: Frozen) -> None:
    """Teach the layers and the sound of a token by sentences that people rated, once through."""
    tokens = frozen.tokenizer.encode_batch([one.text for one in sentences])
    states = frozen.states([read.ids[:WARM_TOKENS] for read in tokens])
    told = torch.tensor([SENTIMENTS.index(one.sentiment) for one in sentences])
    sound = [*model.head.sound1.parameters(), *model.head.sound2.parameters()]
    order = random.Random(0)
    batches = in_batches(list(range(len(states))), lambda n: len(states[n]), WARM_BATCH, order)
    step = _Descent(model, [(model.layers.parameters(), 1e-4), (sound, 1e-3)], len(batches), warm=30)
    model.train()
    for batch in batches:
        step(F.cross_entropy(model.as_a_whole([states[n] for n in batch]), told[batch]))


def learn(
    model: Model, examples: Sequence[Example], wanted: Mapping[str, Tensor], epochs: int, say: Callable[[str], None]
) -> None:
    """Teach the model, all examples `epochs` times.

    Args:
        wanted: what is looked for, by list: (features, 768).
        say: is told the mean loss and the seconds of every epoch.
    """
    steps = epochs * math.ceil(len(examples) / BATCH)
    rates = [(model.layers.parameters(), RATE), (model.head.parameters(), 4 * RATE)]
    step = _Descent(model, rates, steps, warm=0.1 * steps + 1)
    order = random.Random(0)
    by_list: dict[str, list[Example]] = defaultdict(list)
    for one in examples:
        by_list[one.text.list].append(one)
    for epoch in range(1, epochs + 1):
        began, losses = time.monotonic(), []
        model.train()
        batches = [batch for members in by_list.values()
                   for batch in in_batches(members, lambda one: len(one.frozen), BATCH, order)]  # fmt: skip
        order.shuffle(batches)
        for batch in batches:
            losses.append(step(loss(_ask(model, batch, wanted), batch)))
        say(f"epoch {epoch}: loss {sum(losses) / len(losses):.3f}, {time.monotonic() - began:.0f} s")


def loss(answers: Answers, batch: Sequence[Example]) -> Tensor:
    """Return one number: is a feature spoken of, do its tokens stand out, is its sentiment right.

    The first two are summed over features (and tokens) and divided by constants that bring them to about 1: with a
    mean, the many features that a text does not speak of would hide the few that it does.
    """
    spoken, quoted = torch.zeros_like(answers.said), torch.zeros_like(answers.near)
    for row, one in enumerate(batch):
        spoken[row, list(one.text.said)] = 1
        for place, tokens in one.quoted.items():
            quoted[row, place, tokens] = 1
    mentions = F.binary_cross_entropy_with_logits(answers.said, spoken, reduction="sum") / len(batch) / 3
    # a padded token is -1e4 and not quoted: it adds nothing
    tokens = F.binary_cross_entropy_with_logits(answers.near, quoted, reduction="sum") / len(batch) / 30
    return mentions + OF_TOKENS * tokens + OF_SENTIMENTS * _of_sentiments(answers, batch)


def _of_sentiments(answers: Answers, batch: Sequence[Example]) -> Tensor:
    labels = [(row, place, SENTIMENTS.index(said.sentiment)) for row, one in enumerate(batch)
              for place, said in one.text.said.items()]  # fmt: skip
    if not labels:
        return torch.zeros(())
    rows, places, told = torch.tensor(labels).T
    return F.cross_entropy(answers.how[rows, places], told)


@torch.no_grad()
def answer(model: Model, examples: Sequence[Example], wanted: Mapping[str, Tensor]) -> list[Answer]:
    """Ask the model."""
    model.eval()
    found = []
    for start in range(0, len(examples), BATCH):
        batch = examples[start : start + BATCH]
        _, said, how = _ask(model, batch, wanted)
        for one, likely, shares in zip(batch, torch.sigmoid(said), torch.softmax(how, -1), strict=True):
            found.append(Answer(one.text, likely.numpy(), shares.numpy()))
    return found


def _ask(model: Model, batch: Sequence[Example], wanted: Mapping[str, Tensor]) -> Answers:
    """Ask for all texts of a batch at once; they are labelled with the same list."""
    listed = torch.stack([one.listed for one in batch])
    return model([one.frozen for one in batch], wanted[batch[0].text.list], listed)


def in_batches(
    members: Sequence[One], length: Callable[[One], int], size: int, order: random.Random
) -> list[list[One]]:
    """Return shuffled batches of texts of similar length, so that little is padded."""
    shuffled = list(members)
    order.shuffle(shuffled)
    batches = []
    for start in range(0, len(shuffled), size * 8):
        block = sorted(shuffled[start : start + size * 8], key=length)
        batches += [block[first : first + size] for first in range(0, len(block), size)]
    order.shuffle(batches)
    return batches


Rates = Sequence[tuple[Iterable[nn.Parameter], float]]


class _Descent:
    """One step down after another; the rate rises from nothing for `warm` steps and falls in a straight line."""

    def __init__(self, model: Model, rates: Rates, steps: int, warm: float) -> None:
        self._model = model
        groups = [{"params": list(parameters), "lr": rate} for parameters, rate in rates]
        self._optimizer = torch.optim.AdamW(groups, weight_decay=DECAY)
        self._schedule = torch.optim.lr_scheduler.LambdaLR(
            self._optimizer, lambda step: min(1, (step + 0.1) / warm) * max(LEAST, 1 - step / steps)
        )

    def __call__(self, loss: Tensor) -> float:
        self._optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self._model.parameters(), 1.0)
        self._optimizer.step()
        self._schedule.step()
        return loss.item()
