"""AUM with threshold samples (Pleiss et al., NeurIPS 2020): a fake class shows what margins wrong labels have."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from lane_core.errors import DataError
from lane_core.methods.base import Base
from lane_core.methods.margins import margin
from lane_core.methods.method import Batch, EpochSummary, Network, NetworkFactory, StepLosses

MIN_THRESHOLD_SAMPLES = 30
"""Fewer give no stable percentile."""
PERCENTILE = 0.99
"""Share of the threshold samples whose AUM lies below the AUM under which an example is flagged."""


def threshold_samples(is_train: Tensor, num_classes: int, seed: int, threshold_set: int = 1) -> Tensor:
    """Return which training examples are threshold samples, bool, (N,): N_train // (K + 1) drawn at random.

    Sets 1 and 2 of the same seed have no example in common.

    Args:
        is_train: bool, (N,).
        num_classes: K.
        seed: Draws the order that the sets are cut from.
        threshold_set: 1 or 2.

    Raises:
        DataError: If a set would have fewer than 30 examples.
    """
    rows = is_train.nonzero()[:, 0]
    size = len(rows) // (num_classes + 1)
    if size < MIN_THRESHOLD_SAMPLES:
        raise DataError(
            f"Method aum sets aside one training example in K + 1; {len(rows)} examples of {num_classes} classes "
            f"give {size}, and {MIN_THRESHOLD_SAMPLES} are needed. Use method base, or more training examples."
        )
    order = torch.randperm(len(rows), generator=torch.Generator().manual_seed(seed))
    chosen = torch.zeros_like(is_train)
    chosen[rows[order[(threshold_set - 1) * size : threshold_set * size]]] = True
    return chosen


class Aum(Base):
    """Plain fine-tuning in which the threshold samples are taught a class K that does not exist.

    Nothing about them points to class K, so their margins are those of wrong labels. An example is flagged where its
    AUM lies below the 99th percentile of theirs. Margins of ``alm`` are taken over all K + 1 classes; all else
    (``aum``, probabilities) over the K real ones. A threshold sample itself is never flagged: its averages are taken
    over the real classes, by a network that has not seen its label.

    Differs from the source: one run trains one of the two sets (``RunConfig.threshold_set``). The full procedure is
    two runs, and a third without the examples that were flagged in each run in which they were no threshold sample.
    Epoch 1 counts unless ``alm_start_epoch`` is 2.
    """

    def _set_up(self, make_network: NetworkFactory) -> None:
        del make_network
        self.is_threshold = threshold_samples(
            self.is_train, self.num_classes, self.config.seed, self.config.threshold_set
        )
        theta = self.networks["theta"]
        assert isinstance(theta, Network)
        # Beside theta rather than in its head: theta is kept after the run, with K classes.
        self.networks["threshold_classifier"] = nn.Sequential(
            nn.Dropout(theta.dropout.p), nn.Linear(theta.classifier.in_features, 1)
        )
        self.threshold_margin_sum = torch.zeros(len(self.is_train))

    def loss(self, batch: Batch) -> StepLosses:
        """Return the cross-entropy over K + 1 classes, averaged over the batch and its views."""
        wide, targets = self._wide_logits(batch), self._targets(batch)
        self._observe(batch, wide)
        theta_loss = cross_entropy(wide, targets.repeat(batch.num_views))
        nothing = torch.zeros_like(theta_loss)
        return StepLosses(theta_loss, theta_loss, nothing, nothing)

    def end_epoch(self) -> EpochSummary:
        """Return where every example stands, flagged by the threshold samples."""
        num_counted = max(self.epoch - self.config.alm_start_epoch + 1, 1)
        theirs = self.threshold_margin_sum[self.is_threshold] / num_counted
        flagged = (self.dynamics.alm < theirs.quantile(PERCENTILE)) & ~self.is_threshold
        return replace(super().end_epoch(), statistics=None, is_label_issue=flagged)

    def state_dict(self) -> dict[str, Tensor]:
        """Return what ``Base`` keeps, and the threshold samples' margins."""
        return {**super().state_dict(), "threshold_margin_sum": self.threshold_margin_sum}

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        """Restore what ``state_dict`` returned."""
        super().load_state_dict(state)
        self.threshold_margin_sum = state["threshold_margin_sum"]

    def _observe_held_out(self, batch: Batch) -> None:
        seen = self._seen(batch, self._wide_logits(batch))
        self.dynamics.observe(batch.index, seen[:, :-1], margin(seen, batch.labels))

    def _observe(self, batch: Batch, wide: Tensor) -> None:
        seen = self._seen(batch, wide)
        real = seen[:, :-1]
        is_threshold = self.is_threshold[batch.index]
        margins = margin(seen, self._targets(batch)).cpu()
        if self.epoch >= self.config.alm_start_epoch:
            self.threshold_margin_sum[batch.index] += margins * is_threshold
        own = torch.where(is_threshold, margin(real, batch.labels).cpu(), margins)
        self.dynamics.observe(batch.index, real, own)
        self._collected.add(real.softmax(dim=1).cpu(), batch.labels.cpu())

    def _wide_logits(self, batch: Batch) -> Tensor:
        """Return the logits of the K classes and of class K, (B * V, K + 1)."""
        embeddings, logits = self._forward("theta", batch)
        return torch.cat([logits, self.networks["threshold_classifier"](embeddings).float()], dim=1)

    def _targets(self, batch: Batch) -> Tensor:
        is_threshold = self.is_threshold[batch.index].to(batch.labels.device)
        return batch.labels.masked_fill(is_threshold, self.num_classes)
