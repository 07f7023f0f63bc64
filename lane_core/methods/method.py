"""What the training loop knows of a method: networks in, a loss a batch, dynamics out."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal, Protocol

from torch import Tensor, nn

from lane_core.methods.dynamics import Dynamics
from lane_core.methods.weighting import SuspectStatistics


@dataclass(frozen=True)
class Batch:
    """A batch as the networks read it."""

    index: Tensor
    """Positions in the data set, int64, (B,), on the CPU."""
    labels: Tensor
    """Given class codes, int64, (B,)."""
    features: Tensor
    """Word-piece ids (B * V, T), or hidden states (B * V, T, H) where the lower layers are frozen."""
    mask: Tensor
    """True where there is a word piece, (B * V, T)."""
    num_views: int = 1
    """V, the views of each example. Rows are view-major: the B originals first, then every second view, and so on."""

    def __post_init__(self) -> None:
        if len(self.features) != len(self.labels) * self.num_views:
            raise ValueError(
                f"features {tuple(self.features.shape)} for {len(self.labels)} examples with {self.num_views} "
                "view(s) each; expected one row for each view of each example."
            )

    @property
    def row_labels(self) -> Tensor:
        """Given class codes of the rows, (B * V,)."""
        return self.labels.repeat(self.num_views)

    def by_view(self, rows: Tensor) -> Tensor:
        """Return values of the rows, (B * V, ...), as (V, B, ...)."""
        return rows.view(self.num_views, len(self.labels), *rows.shape[1:])


@dataclass(frozen=True)
class StepLosses:
    """The terms of one step; ``total`` is what is minimised. Terms that a method lacks are 0."""

    total: Tensor
    theta: Tensor
    pi: Tensor
    contrastive: Tensor


class Network(nn.Module):
    """An encoder with a linear classifier on top; returns embeddings (B, H) and logits (B, K)."""

    def __init__(self, encoder: nn.Module, hidden_size: int, num_classes: int, dropout: float = 0.1) -> None:
        super().__init__()
        self.encoder = encoder
        self.dropout = nn.Dropout(dropout)
        self.classifier = nn.Linear(hidden_size, num_classes)

    def forward(self, features: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Return the sentence embeddings and the raw class scores."""
        embeddings = self.encoder(features, mask)
        return embeddings, self.classifier(self.dropout(embeddings))


NetworkName = Literal["theta", "pi"]
NetworkFactory = Callable[[NetworkName], Network]
"""Returns a new network for a part: the same pretrained encoder, a freshly drawn head."""


class Method(Protocol):
    """A way to train on labels that may be wrong. It owns its networks and watches every example."""

    networks: nn.ModuleDict
    dynamics: Dynamics

    def begin_epoch(self, epoch: int) -> None:
        """Prepare the weights of this epoch (from 1)."""

    def loss(self, batch: Batch) -> StepLosses:
        """Return the losses of a training batch and observe its examples."""

    def evaluate(self, batches: Iterable[Batch]) -> None:
        """Observe examples that are not trained on."""

    def end_epoch(self) -> EpochSummary:
        """Fold the epoch into the averages and say where every example stands."""

    def state_dict(self) -> dict[str, Tensor]:
        """Return everything but the optimizer that a resumed run needs after a whole epoch."""

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        """Restore what ``state_dict`` returned."""


@dataclass(frozen=True)
class EpochSummary:
    """Where every example stands after an epoch. All tensors on the CPU."""

    class_similarity: Tensor
    """S, (K, K), row = given class, rows sum to 1."""
    relative_similarity: Tensor
    """R, (K, K), 1 = as alike as any two classes of the row."""
    weights: Tensor
    """lambda of eq. 4 under this epoch's ALM, (N,)."""
    statistics: SuspectStatistics | None
    is_label_issue: Tensor | None
    """The method's own flag, bool, (N,); None = whoever has a low label score is flagged."""
    clipped_share: float
    """Share of this epoch's negative margins whose factor reached max_scale."""
