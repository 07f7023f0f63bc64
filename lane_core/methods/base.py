"""Plain fine-tuning: cross-entropy on the given labels, one network. What every other method is compared with."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from lane_core.config import RunConfig
from lane_core.methods.dynamics import Dynamics
from lane_core.methods.margins import margin
from lane_core.methods.method import Batch, EpochSummary, NetworkFactory, StepLosses
from lane_core.methods.similarity import ClassSimilarity, relative_class_similarity
from lane_core.methods.weighting import SuspectStatistics, suspect_statistics


class Base:
    """The baseline BASE, and the frame of the other methods: it watches, averages and reports.

    Its label-aware margin is the plain margin, so ALM equals AUM; all weights are 1; the class similarity is read
    off theta's own probabilities.
    """

    def __init__(
        self,
        config: RunConfig,
        make_network: NetworkFactory,
        labels: Tensor,
        is_train: Tensor,
        num_classes: int,
    ) -> None:
        """Draw the networks; ``labels`` int64 (N,), ``is_train`` bool (N,), both on the CPU."""
        self.config = config
        self.networks = nn.ModuleDict({"theta": make_network("theta")})
        self.dynamics = Dynamics(labels, num_classes, config.alm_start_epoch)
        self.is_train = is_train
        self.num_classes = num_classes
        self.epoch = 0
        self.similarity = torch.full((num_classes, num_classes), 1 / num_classes)
        self._collected = ClassSimilarity(num_classes)
        self._set_up(make_network)

    def begin_epoch(self, epoch: int) -> None:
        """Start to collect this epoch's class similarity."""
        self.epoch = epoch
        self._collected = ClassSimilarity(self.num_classes)

    def loss(self, batch: Batch) -> StepLosses:
        """Return the cross-entropy, averaged over the batch and its views, and observe the examples."""
        _, logits = self._forward("theta", batch)
        seen = self._seen(batch, logits)
        self.dynamics.observe(batch.index, seen, margin(seen, batch.labels))
        self._collected.add(seen.softmax(dim=1).cpu(), batch.labels.cpu())
        theta_loss = cross_entropy(logits, batch.row_labels)
        nothing = torch.zeros_like(theta_loss)
        return StepLosses(theta_loss, theta_loss, nothing, nothing)

    @torch.no_grad()
    def evaluate(self, batches: Iterable[Batch]) -> None:
        """Observe held-out examples with dropout off; S comes from the training examples alone."""
        self.networks.eval()
        for batch in batches:
            self._observe_held_out(batch)
        self.networks.train()

    def end_epoch(self) -> EpochSummary:
        """Take over this epoch's class similarity, and return where every example stands."""
        alm = self.dynamics.alm
        statistics = self._statistics(alm[self.is_train], self.config.min_suspects)
        self.similarity = self._collected.matrix()
        return EpochSummary(
            class_similarity=self.similarity,
            relative_similarity=relative_class_similarity(self.similarity, self.config.similarity_floor),
            weights=self._weights(alm, statistics),
            statistics=statistics,
            is_label_issue=None,
            clipped_share=self._clipped_share(),
        )

    def state_dict(self) -> dict[str, Tensor]:
        """Return networks, dynamics and similarity under flat names; all else follows from them."""
        return {
            **{f"networks.{name}": value for name, value in self.networks.state_dict().items()},
            **{f"dynamics.{name}": value for name, value in self.dynamics.state_dict().items()},
            "similarity": self.similarity,
        }

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        """Restore what ``state_dict`` returned."""
        self.networks.load_state_dict(_without_prefix(state, "networks."))
        self.dynamics.load_state_dict(_without_prefix(state, "dynamics."))
        self.similarity = state["similarity"]

    def _set_up(self, make_network: NetworkFactory) -> None:
        """Add what a method has beside theta, after theta is drawn."""

    def _forward(self, name: str, batch: Batch) -> tuple[Tensor, Tensor]:
        """Return embeddings, (B * V, H), and logits, (B * V, K)."""
        embeddings, logits = self.networks[name](batch.features, batch.mask)
        # Losses are exact only in float32; under autocast the network may have answered in bfloat16.
        return embeddings, logits.float()

    def _seen(self, batch: Batch, logits: Tensor) -> Tensor:
        """Return the logits that stand for each example, (B, K), without gradient."""
        views = batch.by_view(logits.detach())
        return views[0] if self.config.margin_views == "original" else views.mean(dim=0)

    def _observe_held_out(self, batch: Batch) -> None:
        seen = self._seen(batch, self._forward("theta", batch)[1])
        self.dynamics.observe(batch.index, seen, margin(seen, batch.labels))

    def _statistics(self, alm: Tensor, min_suspects: int) -> SuspectStatistics | None:
        return suspect_statistics(alm, self.config.sigma, self.config.mu, min_suspects, self.config.fit)

    def _weights(self, alm: Tensor, statistics: SuspectStatistics | None) -> Tensor:
        del statistics
        return torch.ones_like(alm)

    def _clipped_share(self) -> float:
        return 0.0


def _without_prefix(state: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): value for name, value in state.items() if name.startswith(prefix)}
