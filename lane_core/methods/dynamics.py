"""Training dynamics: what each example's logits did over the epochs, in (N,) arrays by index."""

from __future__ import annotations

import torch
from torch import Tensor

from lane_core.errors import RunError
from lane_core.methods.margins import margin

EARLY_EPOCHS = 2
"""Epochs at the start whose predictions owe next to nothing to an example's own label."""


class Dynamics:
    """Running sums of margins and probabilities of all N examples.

    Training examples are observed once an epoch by the forward pass of their training step (in-sample, before
    the step's update); all others by a pass at the end of the epoch (out-of-sample). So an example's epoch is the
    number of its observations.
    """

    def __init__(self, labels: Tensor, num_classes: int, start_epoch: int = 1) -> None:
        """Start with zeros; ``labels`` int64 (N,). Margins before ``start_epoch`` count in no average."""
        num_examples = len(labels)
        self._start_epoch = start_epoch
        self.labels = labels
        self.margin = torch.zeros(num_examples)
        self.label_aware_margin = torch.zeros(num_examples)
        self.margin_sum = torch.zeros(num_examples)
        self.label_aware_margin_sum = torch.zeros(num_examples)
        self.log_given = torch.zeros(num_examples)
        """log p_y of theta in the newest epoch."""
        self.is_given_predicted = torch.zeros(num_examples, dtype=torch.bool)
        """Whether theta predicted the given label in the newest epoch."""
        self.probability_sum = torch.zeros(num_examples, num_classes)
        self.early_log_probability_sum = torch.zeros(num_examples, num_classes)
        """Of all networks together, over the first EARLY_EPOCHS: they have hardly seen the labels by then."""
        self.late_log_probability_sum = torch.zeros(num_examples, num_classes)
        """The same over the epochs from the second on."""
        self.num_observed = torch.zeros(num_examples)

    def observe(
        self, index: Tensor, logits: Tensor, label_aware_margins: Tensor, pi_logits: Tensor | None = None
    ) -> None:
        """Add this epoch's observation of some examples.

        Args:
            index: int64, (B,), each example at most once.
            logits: Of theta, (B, K), any device.
            label_aware_margins: (B,).
            pi_logits: Of Pi, (B, K), where the method has one.
        """
        logits = logits.detach().float().cpu()
        aware = label_aware_margins.detach().float().cpu()
        labels = self.labels[index]
        plain = margin(logits, labels)
        log_probabilities = logits.log_softmax(dim=1)
        self.margin[index], self.label_aware_margin[index] = plain, aware
        self.log_given[index] = log_probabilities.gather(1, labels[:, None])[:, 0]
        self.is_given_predicted[index] = logits.argmax(dim=1) == labels
        self.probability_sum[index] += log_probabilities.exp()
        self.num_observed[index] += 1
        epoch = self.num_observed[index]
        counts = epoch >= self._start_epoch
        self.margin_sum[index] += plain * counts
        self.label_aware_margin_sum[index] += aware * counts
        if pi_logits is not None:
            log_probabilities = ((logits + pi_logits.detach().float().cpu()) / 2).log_softmax(dim=1)
        self.early_log_probability_sum[index] += log_probabilities * (epoch <= EARLY_EPOCHS)[:, None]
        self.late_log_probability_sum[index] += log_probabilities * (epoch >= 2)[:, None]

    def alm_with(self, index: Tensor, label_aware_margins: Tensor) -> Tensor:
        """Return the ALM of some examples as it will be once these margins are observed, (B,)."""
        num_counted = self.num_observed[index] + 1 - (self._start_epoch - 1)
        counts = num_counted >= 1
        return (self.label_aware_margin_sum[index] + label_aware_margins * counts) / num_counted.clamp(min=1)

    @property
    def aum(self) -> Tensor:
        """Area under the margin: mean margin over the epochs that count, (N,)."""
        return self.margin_sum / self._num_counted

    @property
    def alm(self) -> Tensor:
        """Average label-aware margin over the epochs that count, (N,)."""
        return self.label_aware_margin_sum / self._num_counted

    @property
    def mean_probabilities(self) -> Tensor:
        """Mean class probabilities of theta over the epochs so far, (N, K)."""
        return self.probability_sum / self.num_observed.clamp(min=1)[:, None]

    @property
    def pooled_log_probabilities(self) -> Tensor:
        """Mean log class probabilities of all networks together over the epochs from the second on, (N, K).

        Logits of the networks are averaged before their softmax. Heads know nothing in the first epoch, so it is left
        out as soon as there is another.
        """
        is_first = self.num_observed == 1
        late = self.late_log_probability_sum / (self.num_observed - 1).clamp(min=1)[:, None]
        return torch.where(is_first[:, None], self.early_log_probability_sum, late)

    def state_dict(self) -> dict[str, Tensor]:
        """Return every array; ``load_state_dict`` restores them bit for bit."""
        return {name: value for name, value in vars(self).items() if isinstance(value, Tensor)}

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        """Restore what ``state_dict`` returned.

        Raises:
            RunError: If an array is missing: another version wrote the state.
        """
        for name in self.state_dict():
            if name not in state:
                raise RunError(
                    f"The checkpoint holds no {name!r}: another version wrote it. Start the run anew."
                )
            setattr(self, name, state[name])

    @property
    def _num_counted(self) -> Tensor:
        return (self.num_observed - (self._start_epoch - 1)).clamp(min=1)
