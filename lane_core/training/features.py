"""What the trained layers read: word-piece ids, or what the frozen layers make of them, computed once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from lane_core.training.encoder import Encoder, mean_pool

CACHE_LIMIT_BYTES = 3 * 2**30
"""Frozen hidden states beyond this are computed anew for each batch instead of kept."""

Progress = Callable[[int, int], None]
"""Called with (texts done, texts in all)."""


class Features(Protocol):
    """Features of any examples, padded to the longest of them."""

    @property
    def lengths(self) -> npt.NDArray[np.int64]:
        """Positions of each row, (N,)."""

    def padded(self, index: Tensor) -> tuple[Tensor, Tensor]:
        """Return features (B, T) or (B, T, H) and mask (B, T) on the device."""


@dataclass(frozen=True)
class RaggedFeatures:
    """Rows of different length, end to end: ``flat`` (sum of lengths, …), the i-th starting at ``starts[i]``."""

    flat: Tensor
    lengths: npt.NDArray[np.int64]
    device: torch.device

    def padded(self, index: Tensor) -> tuple[Tensor, Tensor]:
        """Return features and mask of the examples ``index``."""
        rows = index.numpy()
        lengths = self.lengths[rows]
        columns = np.arange(int(lengths.max()))
        mask = columns[None, :] < lengths[:, None]
        # Padding repeats position 0 of the row: any value does, the mask hides it.
        positions = self.starts[rows][:, None] + np.where(mask, columns[None, :], 0)
        gathered = self.flat[torch.from_numpy(positions)]
        return gathered.to(self.device), torch.from_numpy(mask).to(self.device)

    @cached_property
    def starts(self) -> npt.NDArray[np.int64]:
        """Position of each row's first element in ``flat``."""
        return np.concatenate([[0], np.cumsum(self.lengths)[:-1]])


@dataclass(frozen=True)
class RecomputedFeatures:
    """Hidden states of the frozen layers, computed for each batch: for data too large to keep."""

    ids: RaggedFeatures
    encoder: Encoder
    num_upper: int

    @property
    def lengths(self) -> npt.NDArray[np.int64]:
        """Word pieces of each text."""
        return self.ids.lengths

    def padded(self, index: Tensor) -> tuple[Tensor, Tensor]:
        """Return hidden states below the trained layers, and the mask."""
        ids, mask = self.ids.padded(index)
        return _hidden_states(self.encoder, ids, mask)[-1 - self.num_upper], mask


@dataclass(frozen=True)
class PreparedTexts:
    """Features for training, and the pretrained sentence embeddings (N, H), float32."""

    features: Features
    embeddings: npt.NDArray[np.float32]


def prepare(
    encoder: Encoder,
    rows: list[list[int]],
    num_examples: int,
    num_upper: int | None,
    device: torch.device,
    progress: Progress,
) -> PreparedTexts:
    """Run every row through the pretrained encoder once.

    Args:
        encoder: Moved to ``device`` here.
        rows: Word-piece ids: of the N texts, then of their second views, and so on.
        num_examples: N.
        num_upper: Layers that are trained; 0 keeps only the sentence embedding, None keeps the ids.
        device: Where batches are wanted. The features stay in main memory.
        progress: Told how far it is.

    Returns:
        Features of what lies below the trained layers for all rows, and the pretrained embeddings of the N texts.
    """
    encoder.model.to(device)
    lengths = np.array([len(row) for row in rows], dtype=np.int64)
    ids = RaggedFeatures(torch.from_numpy(np.concatenate(rows)), lengths, device)
    keeps_hidden = bool(num_upper) and int(lengths.sum()) * encoder.hidden_size * 4 <= CACHE_LIMIT_BYTES

    embeddings = np.empty((len(rows), encoder.hidden_size), dtype=np.float32)
    hidden_rows = torch.empty(int(lengths.sum()), encoder.hidden_size) if keeps_hidden else None
    done = 0
    # Where all layers are trained, only the embeddings of the texts themselves are wanted.
    for index in length_sorted_batches(lengths[:num_examples] if num_upper is None else lengths, 64):
        batch_ids, mask = ids.padded(index)
        states = _hidden_states(encoder, batch_ids, mask)
        embeddings[index.numpy()] = mean_pool(states[-1], mask).float().cpu().numpy()
        if hidden_rows is not None and num_upper:
            _scatter(hidden_rows, ids, index, states[-1 - num_upper].cpu())
        done += len(index)
        progress(done, len(rows))

    features: Features
    if num_upper is None:
        features = ids
    elif num_upper == 0:
        ones = np.ones(len(rows), dtype=np.int64)
        features = RaggedFeatures(torch.from_numpy(embeddings), ones, device)
    elif hidden_rows is not None:
        features = RaggedFeatures(hidden_rows, lengths, device)
    else:
        features = RecomputedFeatures(ids, encoder, num_upper)
    return PreparedTexts(features, embeddings[:num_examples])


def length_sorted_batches(lengths: npt.NDArray[np.int64], batch_size: int) -> Iterator[Tensor]:
    """Yield every example once, like lengths together, so that little is padded."""
    order = np.argsort(lengths, kind="stable")
    for start in range(0, len(order), batch_size):
        yield torch.from_numpy(order[start : start + batch_size])


def shuffled_batches(
    examples: npt.NDArray[np.int64],
    lengths: npt.NDArray[np.int64],
    batch_size: int,
    generator: np.random.Generator,
) -> list[Tensor]:
    """Return one epoch's batches: random, but with like lengths together within every 20 batches.

    A last batch of one example joins the one before it: it could hold no positive and no negative.
    """
    order = generator.permutation(examples)
    batches: list[npt.NDArray[np.int64]] = []
    for start in range(0, len(order), 20 * batch_size):
        chunk = order[start : start + 20 * batch_size]
        chunk = chunk[np.argsort(lengths[chunk], kind="stable")]
        batches += [chunk[at : at + batch_size] for at in range(0, len(chunk), batch_size)]
    if len(batches) > 1 and len(batches[-1]) == 1:
        lonely = batches.pop()
        batches[-1] = np.concatenate([batches[-1], lonely])
    return [torch.from_numpy(batches[at]) for at in generator.permutation(len(batches))]


@torch.no_grad()
def _hidden_states(encoder: Encoder, ids: Tensor, mask: Tensor) -> tuple[Tensor, ...]:
    states: tuple[Tensor, ...] = encoder.model(
        input_ids=ids, attention_mask=mask.long(), output_hidden_states=True
    ).hidden_states
    return states


def _scatter(flat: Tensor, ids: RaggedFeatures, index: Tensor, padded: Tensor) -> None:
    for row, states in zip(index.tolist(), padded, strict=True):
        start, length = int(ids.starts[row]), int(ids.lengths[row])
        flat[start : start + length] = states[:length]
