"""Training dynamics: what each example's logits did over the epochs, in (N,) arrays by index."""

from __future__ import annotations

import torch
from torch import Tensor

from lane_core.methods.margins import margin


class Dynamics:
    """Running sums of margins and probabilities of all N examples.

    Training examples are observed once an epoch by the forward pass of their training step (in-sample, before
    the step's update); all others by a pass at the end of the epoch (out-of-sample).
    """

    def __init__(self, labels: Tensor, num_classes: int) -> None:
        num_examples = len(labels)
        self.labels = labels
        self.margin = torch.zeros(num_examples)
        self.label_aware_margin = torch.zeros(num_examples)
        self.margin_sum = torch.zeros(num_examples)
        self.label_aware_margin_sum = torch.zeros(num_examples)
        self.log_given_sum = torch.zeros(num_examples)
        self.probability_sum = torch.zeros(num_examples, num_classes)
        self.num_observed = torch.zeros(num_examples)

    def observe(self, index: Tensor, logits: Tensor, label_aware_margins: Tensor) -> None:
        """Add this epoch's observation of some examples.

        Args:
            index: int64, (B,), each example at most once.
            logits: Of theta, (B, K), any device.
            label_aware_margins: (B,).
        """
        logits = logits.detach().float().cpu()
        aware = label_aware_margins.detach().float().cpu()
        labels = self.labels[index]
        plain = margin(logits, labels)
        log_probabilities = logits.log_softmax(dim=1)
        self.margin[index], self.label_aware_margin[index] = plain, aware
        self.margin_sum[index] += plain
        self.label_aware_margin_sum[index] += aware
        self.log_given_sum[index] += log_probabilities.gather(1, labels[:, None])[:, 0]
        self.probability_sum[index] += log_probabilities.exp()
        self.num_observed[index] += 1

    @property
    def aum(self) -> Tensor:
        """Area under the margin: mean margin over the epochs so far, (N,)."""
        return self.margin_sum / self.num_observed.clamp(min=1)

    @property
    def alm(self) -> Tensor:
        """Average label-aware margin over the epochs so far, (N,)."""
        return self.label_aware_margin_sum / self.num_observed.clamp(min=1)

    @property
    def mean_probabilities(self) -> Tensor:
        """Mean class probabilities over the epochs so far, (N, K)."""
        return self.probability_sum / self.num_observed.clamp(min=1)[:, None]

    @property
    def label_score(self) -> Tensor:
        """Geometric mean over the epochs of the given label's probability, (N,), in [0, 1], low = suspect."""
        return (self.log_given_sum / self.num_observed.clamp(min=1)).exp()

    def state_dict(self) -> dict[str, Tensor]:
        """Return every array; ``load_state_dict`` restores them bit for bit."""
        return dict(vars(self))

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        """Restore what ``state_dict`` returned."""
        for name in vars(self):
            setattr(self, name, state[name])
