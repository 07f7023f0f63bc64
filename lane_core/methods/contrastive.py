"""The label-aware supervised contrastive loss: second sum of eq. 8, in log space."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor
from torch.nn.functional import normalize


def label_aware_contrastive_loss(
    embeddings: Tensor,
    labels: Tensor,
    class_weights: Tensor,
    temperature: float = 0.3,
    denominator: Literal["negatives", "all"] = "negatives",
    positive_weight: Literal["inside", "outside"] = "inside",
) -> Tensor:
    r"""Return one contrastive loss per example; confusable negatives push harder.

    With u = unit embeddings / sqrt(temperature), w = ``class_weights``, P_i the others labelled y_i, and s over
    the negatives (or over all others):

    .. math:: L_i = \frac{-1}{|P_i|} \sum_{p \in P_i}
              \log \frac{w_{i,y_i} e^{u_i \cdot u_p}}{\sum_s w_{i,y_s} e^{u_i \cdot u_s}}

    ``positive_weight="outside"`` multiplies the logarithm by w_{i,y_i} instead (the parent method, LCL). Computed in
    float32 by log-sum-exp: finite for any finite embeddings. Gradients flow into embeddings and weights.

    Args:
        embeddings: Sentence embeddings of theta, float, (B, H); made unit length here.
        labels: Given class codes, int64, (B,).
        class_weights: Pi's probabilities w, (B, K), in [0, 1].
        temperature: Divides the dot products.
        denominator: "negatives" as printed (unbounded below), or "all" others (bounded: at least 0 inside).
        positive_weight: Where the weight of the positive pair stands.

    Returns:
        (B,) float32; NaN-free: an anchor without a positive or without a negative has loss 0.

    Raises:
        ValueError: If the shapes do not fit or the temperature is not above 0.

    References:
        LANE eq. 8; Suresh & Ong, LCL, EMNLP 2021. Differs: unit embeddings and a temperature, without which the
        printed loss overflows; anchors that have no positive or no negative are skipped.
    """
    num_examples = len(labels)
    if embeddings.ndim != 2 or len(embeddings) != num_examples or len(class_weights) != num_examples:
        raise ValueError(
            f"embeddings {tuple(embeddings.shape)}, labels {tuple(labels.shape)}, class_weights "
            f"{tuple(class_weights.shape)}; expected (B, H), (B,) and (B, K)."
        )
    if not temperature > 0:
        raise ValueError(f"temperature is {temperature!r}; it must be above 0.")
    unit = normalize(embeddings.float(), dim=1)
    dots = unit @ unit.T / temperature
    # A weight that underflowed to 0 would make the logarithm infinite and its gradient NaN.
    log_weights = class_weights.float().clamp(min=torch.finfo(torch.float32).tiny).log()

    same = labels[:, None] == labels[None, :]
    others = ~torch.eye(num_examples, dtype=torch.bool, device=labels.device)
    positives, negatives = same & others, ~same
    usable = positives.any(dim=1) & negatives.any(dim=1)

    summed = negatives if denominator == "negatives" else others
    weighted = dots + log_weights[:, labels]
    # Rows without a summand are not usable; a finite stand-in keeps their gradient finite too.
    weighted = weighted.masked_fill(~summed, float("-inf")).masked_fill(~usable[:, None], 0.0)
    log_denominator = weighted.logsumexp(dim=1)
    mean_positive = (dots * positives).sum(dim=1) / positives.sum(dim=1).clamp(min=1)
    log_given_weight = log_weights.gather(1, labels[:, None])[:, 0]
    if positive_weight == "inside":
        losses = log_denominator - mean_positive - log_given_weight
    else:
        losses = log_given_weight.exp() * (log_denominator - mean_positive)
    return torch.where(usable, losses, torch.zeros_like(losses))
