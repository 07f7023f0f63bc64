"""LANE: classifier theta and class-similarity network Pi, trained together (Sosea & Caragea, ICLR 2026)."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from lane_core.methods.base import Base
from lane_core.methods.contrastive import label_aware_contrastive_loss
from lane_core.methods.margins import LITERAL_MAX_SCALE, label_aware_margin, margin, strongest_rival
from lane_core.methods.method import Batch, NetworkFactory, StepLosses
from lane_core.methods.similarity import relative_class_similarity
from lane_core.methods.weighting import SuspectStatistics, gaussian_weights

BATCH_MIN_SUSPECTS = 2
"""Smallest N_t inside a batch that has a spread."""


class Lane(Base):
    """Eq. 1 to 9 with the choices that ``RunConfig`` names.

    Default: negative margins are scaled by the relative class similarity of the epoch before, weights come from the
    ALM of all training examples after the epoch before, and the contrastive term is bounded. ``paper``: w_{x,j} of
    the same forward pass, mu and sigma of the batch, raw dot products, negatives-only denominator.

    With V views of each example, every term is the mean over its views, all under the example's own weight.
    """

    def _set_up(self, make_network: NetworkFactory) -> None:
        self.networks["pi"] = make_network("pi")
        self._scaling = torch.ones_like(self.similarity)
        self._epoch_statistics: SuspectStatistics | None = None
        self.weights = torch.ones(len(self.is_train))
        """lambda of this epoch where it comes from the data set and the epoch before, (N,)."""
        self._num_negative = self._num_clipped = torch.zeros(())

    @property
    def max_scale(self) -> float:
        """Largest factor on a negative margin."""
        return self.config.max_scale or LITERAL_MAX_SCALE

    def begin_epoch(self, epoch: int) -> None:
        """Fix what this epoch takes over from the one before: scaling of margins, mu, sigma and weights."""
        super().begin_epoch(epoch)
        # Before Pi has been through the data once, no class is known to be nearer than another.
        self._scaling = torch.ones_like(self.similarity)
        if epoch > 1:
            relative = relative_class_similarity(self.similarity, self.config.similarity_floor)
            self._scaling = relative**self.config.similarity_power
        alm = self.dynamics.alm
        self._epoch_statistics = self._statistics(alm[self.is_train], self.config.min_suspects)
        self.weights = self._weights(alm, self._epoch_statistics)
        self._num_negative = self._num_clipped = torch.zeros(())

    def loss(self, batch: Batch) -> StepLosses:
        """Return the terms of eq. 9, averaged over the batch and its views, and observe its examples."""
        embeddings, logits = self._forward("theta", batch)
        _, pi_logits = self._forward("pi", batch)
        seen, pi_seen = self._seen(batch, logits), self._seen(batch, pi_logits)
        pi_probabilities = pi_seen.softmax(dim=1)
        aware = self._label_aware_margins(seen, batch.labels, pi_probabilities)
        weights = self._batch_weights(batch.index, aware).to(logits.device)
        self.dynamics.observe(batch.index, seen, aware, pi_seen)
        self._collected.add(pi_probabilities.cpu(), batch.labels.cpu())

        labels, row_weights = batch.row_labels, weights.repeat(batch.num_views)
        theta_loss = (row_weights * cross_entropy(logits, labels, reduction="none")).mean()
        pi_loss = cross_entropy(pi_logits, labels)
        contrastive = self._contrastive_loss(embeddings, labels, pi_logits.softmax(dim=1), row_weights)
        total = (
            theta_loss
            + self.config.pi_coefficient * pi_loss
            + self.config.contrastive_coefficient * contrastive
        )
        return StepLosses(total, theta_loss, pi_loss, contrastive)

    def _contrastive_loss(
        self, embeddings: Tensor, labels: Tensor, class_weights: Tensor, row_weights: Tensor
    ) -> Tensor:
        config = self.config
        return label_aware_contrastive_loss(
            embeddings,
            labels,
            class_weights.detach() if config.detach_class_weights else class_weights,
            temperature=config.temperature,
            denominator=config.contrastive_denominator,
            positive_weight=config.positive_weight,
            embedding_norm=config.embedding_norm,
            example_weights=row_weights if config.weighted_contrastive else None,
        ).mean()

    def _observe_held_out(self, batch: Batch) -> None:
        seen, pi_seen = (self._seen(batch, self._forward(name, batch)[1]) for name in ("theta", "pi"))
        aware = self._label_aware_margins(seen, batch.labels, pi_seen.softmax(dim=1))
        self.dynamics.observe(batch.index, seen, aware, pi_seen)

    def _label_aware_margins(self, logits: Tensor, labels: Tensor, pi_probabilities: Tensor) -> Tensor:
        rival = strongest_rival(logits, labels)
        if self.config.similarity == "instance":
            similarity = pi_probabilities.gather(1, rival[:, None])[:, 0]
        else:
            similarity = self._scaling.to(logits.device)[labels, rival]
        negative = margin(logits, labels) < 0
        self._num_negative = self._num_negative + negative.sum()
        self._num_clipped = self._num_clipped + (negative & (similarity.reciprocal() >= self.max_scale)).sum()
        return label_aware_margin(logits, labels, similarity, self.max_scale)

    def _batch_weights(self, index: Tensor, aware: Tensor) -> Tensor:
        """Return lambda of the examples of a batch, (B,), on the CPU."""
        if self.epoch <= self.config.warmup_epochs:
            return torch.ones(len(index))
        if self.config.statistics == "dataset" and self.config.weight_lag == 1:
            return self.weights[index]
        alm = (
            self.dynamics.alm[index] if self.config.weight_lag else self.dynamics.alm_with(index, aware.cpu())
        )
        statistics = self._epoch_statistics
        if self.config.statistics == "batch":
            # Algorithm 1: N_t is a part of the batch.
            statistics = self._statistics(alm, BATCH_MIN_SUSPECTS)
        return self._weights(alm, statistics)

    def _weights(self, alm: Tensor, statistics: SuspectStatistics | None) -> Tensor:
        return gaussian_weights(alm, statistics)

    def _clipped_share(self) -> float:
        return float(self._num_clipped) / max(float(self._num_negative), 1.0)
