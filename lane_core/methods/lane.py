"""LANE: classifier theta and class-similarity network Pi, trained together (Sosea & Caragea, ICLR 2026)."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from lane_core.config import RunConfig
from lane_core.methods.contrastive import label_aware_contrastive_loss
from lane_core.methods.dynamics import Dynamics
from lane_core.methods.margins import LITERAL_MAX_SCALE, label_aware_margin, margin, strongest_rival
from lane_core.methods.method import Batch, EpochSummary, NetworkFactory, StepLosses
from lane_core.methods.similarity import ClassSimilarity, relative_class_similarity
from lane_core.methods.weighting import SuspectStatistics, gaussian_weights, suspect_statistics


class Lane:
    """Eq. 1 to 9 with the choices that ``RunConfig`` names.

    Default: negative margins are scaled by the relative class similarity of the epoch before, weights come from the
    ALM of all training examples after the epoch before, and the contrastive term is bounded. ``paper``: w_{x,j} of
    the same forward pass, mu and sigma of the batch, negatives-only denominator.
    """

    def __init__(
        self,
        config: RunConfig,
        make_network: NetworkFactory,
        labels: Tensor,
        is_train: Tensor,
        num_classes: int,
    ) -> None:
        """Draw both networks; ``labels`` int64 (N,), ``is_train`` bool (N,), both on the CPU."""
        self.config = config
        self.networks = nn.ModuleDict({"theta": make_network(), "pi": make_network()})
        self.dynamics = Dynamics(labels, num_classes)
        self.is_train = is_train
        self.num_classes = num_classes
        self.epoch = 0
        self.weights = torch.ones(len(labels))
        self.similarity = torch.full((num_classes, num_classes), 1 / num_classes)
        self._collected = ClassSimilarity(num_classes)
        self._scaling = torch.ones(num_classes, num_classes)
        self._num_negative = self._num_clipped = 0

    @property
    def max_scale(self) -> float:
        """Largest factor on a negative margin."""
        return self.config.max_scale or LITERAL_MAX_SCALE

    def begin_epoch(self, epoch: int) -> None:
        """Start to collect this epoch's class similarity."""
        self.epoch = epoch
        self._collected = ClassSimilarity(self.num_classes)
        self._scaling = relative_class_similarity(self.similarity) ** self.config.similarity_power
        self._num_negative = self._num_clipped = 0

    def loss(self, batch: Batch) -> StepLosses:
        """Return the terms of eq. 9, averaged over the batch, and observe its examples."""
        embeddings, logits = self.networks["theta"](batch.features, batch.mask)
        _, pi_logits = self.networks["pi"](batch.features, batch.mask)
        # Both terms are exact only in float32; under autocast the networks may have answered in bfloat16.
        logits, pi_logits = logits.float(), pi_logits.float()
        pi_probabilities = pi_logits.softmax(dim=1)
        aware = self._label_aware_margins(logits, batch.labels, pi_probabilities)
        weights = self._batch_weights(batch, aware)
        self.dynamics.observe(batch.index, logits, aware)
        self._collected.add(pi_probabilities.detach().cpu(), batch.labels.cpu())

        theta_loss = (weights * cross_entropy(logits, batch.labels, reduction="none")).mean()
        pi_loss = cross_entropy(pi_logits, batch.labels)
        contrastive = label_aware_contrastive_loss(
            embeddings,
            batch.labels,
            pi_probabilities,
            temperature=self.config.temperature,
            denominator=self.config.contrastive_denominator,
        ).mean()
        return StepLosses(theta_loss + pi_loss + contrastive, theta_loss, pi_loss, contrastive)

    @torch.no_grad()
    def evaluate(self, batches: Iterable[Batch]) -> None:
        """Observe held-out examples with dropout off; S comes from the training examples alone."""
        self.networks.eval()
        for batch in batches:
            logits = self.networks["theta"](batch.features, batch.mask)[1].float()
            pi_probabilities = None
            if self.config.similarity == "instance":
                pi_probabilities = self.networks["pi"](batch.features, batch.mask)[1].float().softmax(dim=1)
            aware = self._label_aware_margins(logits, batch.labels, pi_probabilities)
            self.dynamics.observe(batch.index, logits, aware)
        self.networks.train()

    def end_epoch(self) -> EpochSummary:
        """Set the weights of the next epoch from the ALM so far, and return where every example stands."""
        alm = self.dynamics.alm
        statistics = suspect_statistics(alm[self.is_train])
        weights = gaussian_weights(alm, statistics)
        self.weights = weights if self.epoch >= self.config.warmup_epochs else torch.ones_like(weights)
        self.similarity = self._collected.matrix()
        return EpochSummary(
            class_similarity=self.similarity,
            relative_similarity=relative_class_similarity(self.similarity),
            weights=weights,
            statistics=statistics,
            is_label_issue=alm < statistics.mu if statistics else torch.zeros(len(alm), dtype=torch.bool),
            clipped_share=self._num_clipped / max(self._num_negative, 1),
        )

    def state_dict(self) -> dict[str, Tensor]:
        """Return networks, dynamics, weights and similarity under flat names."""
        return {
            **{f"networks.{name}": value for name, value in self.networks.state_dict().items()},
            **{f"dynamics.{name}": value for name, value in self.dynamics.state_dict().items()},
            "weights": self.weights,
            "similarity": self.similarity,
        }

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        """Restore what ``state_dict`` returned."""
        self.networks.load_state_dict(_without_prefix(state, "networks."))
        self.dynamics.load_state_dict(_without_prefix(state, "dynamics."))
        self.weights, self.similarity = state["weights"], state["similarity"]

    def _label_aware_margins(self, logits: Tensor, labels: Tensor, pi_probabilities: Tensor | None) -> Tensor:
        logits = logits.detach()
        rival = strongest_rival(logits, labels)
        if self.config.similarity == "instance":
            assert pi_probabilities is not None
            similarity = pi_probabilities.detach().gather(1, rival[:, None])[:, 0]
        elif self.epoch == 1:
            # Pi has not been through the data once: no class is known to be nearer than another.
            similarity = torch.ones_like(logits[:, 0])
        else:
            similarity = self._scaling.to(logits.device)[labels, rival]
        negative = margin(logits, labels) < 0
        self._num_negative += int(negative.sum())
        self._num_clipped += int((negative & (similarity.reciprocal() >= self.max_scale)).sum())
        return label_aware_margin(logits, labels, similarity, self.max_scale)

    def _batch_weights(self, batch: Batch, aware: Tensor) -> Tensor:
        if self.epoch <= self.config.warmup_epochs:
            return torch.ones_like(aware)
        if self.config.statistics == "dataset":
            return self.weights[batch.index].to(aware.device)
        # Algorithm 1: N_t is a part of the batch, and ALM already holds this very step's margin.
        seen = self.dynamics.num_observed[batch.index].to(aware.device)
        so_far = self.dynamics.label_aware_margin_sum[batch.index].to(aware.device)
        alm = (so_far + aware) / (seen + 1)
        batch_statistics: SuspectStatistics | None = suspect_statistics(alm, min_suspects=2)
        return gaussian_weights(alm, batch_statistics)


def _without_prefix(state: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): value for name, value in state.items() if name.startswith(prefix)}
