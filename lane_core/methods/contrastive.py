"""The label-aware supervised contrastive loss: second sum of eq. 8, in log space."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor
from torch.nn.functional import normalize

LARGEST = 1e12
"""Entries of embeddings are cut here: larger ones would overflow float32 once squared and summed."""


def label_aware_contrastive_loss(
    embeddings: Tensor,
    labels: Tensor,
    class_weights: Tensor,
    temperature: float = 0.3,
    denominator: Literal["negatives", "all"] = "negatives",
    positive_weight: Literal["inside", "outside"] = "inside",
    embedding_norm: Literal["l2", "none"] = "l2",
    example_weights: Tensor | None = None,
) -> Tensor:
    r"""Return one contrastive loss per example; confusable negatives push harder.

    With u = embeddings / sqrt(temperature), of unit length first under ``embedding_norm="l2"``, w =
    ``class_weights``, P_i the others labelled y_i, and s over the negatives (or over all others):

    .. math:: L_i = \frac{-1}{|P_i|} \sum_{p \in P_i}
              \log \frac{w_{i,y_i} e^{u_i \cdot u_p}}{\sum_s w_{i,y_s} e^{u_i \cdot u_s}}

    ``positive_weight="outside"`` multiplies the logarithm by w_{i,y_i} instead (the parent method, LCL). Computed by
    log-sum-exp in float32, or in float64 where an input is (autocast may take dot products of unit vectors in
    bfloat16): finite for any embeddings without NaN. Gradients flow into embeddings and class weights.

    Args:
        embeddings: Sentence embeddings of theta, float, (B, H).
        labels: Given class codes, int64, (B,).
        class_weights: Pi's probabilities w, (B, K), in [0, 1].
        temperature: Divides the dot products.
        denominator: "negatives" as printed (unbounded below), or "all" others (bounded: at least 0 inside).
        positive_weight: Where the weight of the positive pair stands.
        embedding_norm: "l2" makes embeddings unit length; "none" takes them as they are, as printed.
        example_weights: lambda, (B,): multiplies each anchor's loss, and weighs the positives in their mean.

    Returns:
        (B,), float32 or float64; an anchor without a positive or without a negative has loss 0.

    Raises:
        ValueError: If the shapes do not fit or the temperature is not above 0.

    References:
        LANE eq. 8, which is ``temperature=1.0, embedding_norm="none"``; Suresh & Ong, LCL, EMNLP 2021. Differs:
        unit embeddings and a temperature, without which the printed loss grows with the embeddings; anchors that
        have no positive or no negative are skipped; ``example_weights`` are not in the paper.
    """
    num_examples = len(labels)
    if embeddings.ndim != 2 or len(embeddings) != num_examples or len(class_weights) != num_examples:
        raise ValueError(
            f"embeddings {tuple(embeddings.shape)}, labels {tuple(labels.shape)}, class_weights "
            f"{tuple(class_weights.shape)}; expected (B, H), (B,) and (B, K)."
        )
    if not temperature > 0:
        raise ValueError(f"temperature is {temperature!r}; it must be above 0.")
    dtype = torch.promote_types(embeddings.dtype, torch.promote_types(class_weights.dtype, torch.float32))
    vectors = embeddings.to(dtype).clamp(-LARGEST, LARGEST)
    if embedding_norm == "l2":
        vectors = normalize(vectors, dim=1)
        dots = vectors @ vectors.T / temperature
    else:
        # Raw dot products reach hundreds, where bfloat16 is off by whole units; those of unit vectors stay below 1.
        with torch.autocast(vectors.device.type, enabled=False):
            dots = vectors @ vectors.T / temperature
    # A weight that underflowed to 0 would make the logarithm infinite and its gradient NaN.
    log_weights = class_weights.to(dtype).clamp(min=torch.finfo(dtype).tiny).log()

    same = labels[:, None] == labels[None, :]
    others = ~torch.eye(num_examples, dtype=torch.bool, device=labels.device)
    positives, negatives = same & others, ~same
    usable = positives.any(dim=1) & negatives.any(dim=1)

    summed = negatives if denominator == "negatives" else others
    weighted = dots + log_weights[:, labels]
    # Rows without a summand are not usable; a finite stand-in keeps their gradient finite too.
    weighted = weighted.masked_fill(~summed, float("-inf")).masked_fill(~usable[:, None], 0.0)
    log_denominator = weighted.logsumexp(dim=1)
    if example_weights is None:
        mean_positive = (dots * positives).sum(dim=1) / positives.sum(dim=1).clamp(min=1)
    else:
        shares = positives * example_weights.to(dtype)
        shares = shares / shares.sum(dim=1, keepdim=True).clamp(min=torch.finfo(dtype).tiny)
        mean_positive = (dots * shares).sum(dim=1)
    log_given_weight = log_weights.gather(1, labels[:, None])[:, 0]
    if positive_weight == "inside":
        losses = log_denominator - mean_positive - log_given_weight
    else:
        losses = log_given_weight.exp() * (log_denominator - mean_positive)
    if example_weights is not None:
        losses = losses * example_weights.to(dtype)
    return torch.where(usable, losses, torch.zeros_like(losses))
