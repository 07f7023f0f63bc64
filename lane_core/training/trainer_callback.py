"""Margins of every example inside the training loop of transformers' own ``Trainer``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from lane_core.config import RunConfig
from lane_core.errors import DataError, RunError
from lane_core.methods.dynamics import Dynamics
from lane_core.methods.label_posterior import anchor_noise_rate, label_posterior
from lane_core.methods.margins import LITERAL_MAX_SCALE, label_aware_margin, margin
from lane_core.methods.similarity import ClassSimilarity, relative_class_similarity

if TYPE_CHECKING:
    import pandas as pd

INDEX_COLUMN = "lane_index"
"""Column of the training data set that says which example a row is."""


class LaneCallback(TrainerCallback):  # type: ignore[misc]  # mypy does not read transformers
    """Watches how a ``Trainer`` learns the labels of a classification, and says which of them it resists.

    This is the watching half of LANE: margins (eq. 1), label-aware margins (eq. 3) and their means over the epochs,
    AUM and ALM (eq. 2), all in-sample, of the forward pass that each example is trained by. The similarity of classes
    comes from the model's own mean probabilities of the epoch before, since there is no network Pi here; in epoch 1
    all classes count as equally alike. It changes nothing of the training: no weights (eq. 4 to 6), no contrastive
    term (eq. 8). ``lane_core.audit`` does those too.

    The data set needs a column ``lane_index`` with the position of each row in ``labels``, the ``Trainer`` must hand
    it on (``remove_unused_columns=False``), and the collator must make a tensor of it, as transformers' own do. It is
    taken out of the batch before the model sees it. An example counts once an epoch, at its first pass.

    ``Trainer`` itself needs the package accelerate (``pip install "lane-audit[trainer]"``). One process and one
    device; a training that is resumed is watched from there on.

    Args:
        labels: Given class codes of all N examples, 0 to K-1.
        config: Its ``similarity_power``, ``similarity_floor``, ``max_scale`` and ``alm_start_epoch`` count.

    Raises:
        DataError: If a label is not a class code.

    Example::

        data = data.add_column("lane_index", range(len(data)))
        watch = LaneCallback(data["label"])
        arguments = TrainingArguments("out", remove_unused_columns=False)
        Trainer(model, arguments, train_dataset=data, callbacks=[watch]).train()
        watch.scores().nsmallest(20, "label_score")
    """

    _index: Tensor | None
    _dynamics: Dynamics | None
    _collected: ClassSimilarity | None

    def __init__(self, labels: Sequence[int], config: RunConfig | None = None) -> None:
        codes = torch.as_tensor(list(labels))
        if codes.ndim != 1 or not len(codes) or codes.is_floating_point() or int(codes.min()) < 0:
            raise DataError(
                f"The labels start with {list(labels)[:5]}; give one class code an example, a whole number from 0."
            )
        self.labels = codes.long()
        self.config = config or RunConfig()
        self.epoch = 0
        """Epochs that were begun."""
        self._hooks: list[Any] = []
        self._forget()

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Start to watch the model."""
        if max(args.world_size, args.n_gpu) > 1:
            raise RunError(
                f"This training runs in {args.world_size} process(es) on {args.n_gpu} device(s); LaneCallback watches "
                "one process on one device. Start it with CUDA_VISIBLE_DEVICES=0."
            )
        self._unhook()
        self._forget()
        model: nn.Module = kwargs["model"]
        self._hooks = [
            model.register_forward_pre_hook(self._before, with_kwargs=True),
            model.register_forward_hook(self._after, with_kwargs=True),
        ]

    def on_epoch_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Take over the class similarity of the epoch before."""
        self.epoch += 1
        self._margins.append(torch.full((len(self.labels),), torch.nan))
        self._aware_margins.append(torch.full((len(self.labels),), torch.nan))
        if self._collected is not None:
            matrix = self._collected.matrix()
            relative = relative_class_similarity(matrix, self.config.similarity_floor)
            self._scaling = relative**self.config.similarity_power
            self._collected = ClassSimilarity(len(matrix))

    def on_train_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Leave the model as it was."""
        self._unhook()

    def scores(self) -> pd.DataFrame:
        """Return what was seen so far, a row an example in the order of ``labels``.

        Columns: index; margin_1, margin_2, … and label_aware_margin_1, … by epoch; aum and alm, their means; and
        label_score, the probability that the given label is right. The last is less sure than a run's own: its noise
        rate comes from the model's predictions of the first two epochs instead of classifiers that never saw the
        label. NaN where an example was not seen.

        Raises:
            RunError: If nothing was seen yet.
        """
        import pandas as pd

        dynamics = self._dynamics
        if dynamics is None:
            raise RunError(
                "LaneCallback has seen no example yet. Give it to a Trainer, and call train() first."
            )
        seen = dynamics.num_observed > 0
        labels = self.labels[seen]
        rate = anchor_noise_rate(dynamics.early_log_probability_sum[seen], labels)
        posterior = label_posterior(
            dynamics.pooled_log_probabilities[seen], labels, torch.ones_like(labels, dtype=torch.bool), rate
        )
        label_score = torch.full((len(seen),), torch.nan)
        label_score[seen] = 1 - posterior.wrong_probability
        columns = {
            **{f"margin_{epoch}": values for epoch, values in enumerate(self._margins, start=1)},
            **{
                f"label_aware_margin_{epoch}": values
                for epoch, values in enumerate(self._aware_margins, start=1)
            },
            "aum": dynamics.aum.masked_fill(~seen, torch.nan),
            "alm": dynamics.alm.masked_fill(~seen, torch.nan),
            "label_score": label_score,
        }
        values = {name: column.numpy().copy() for name, column in columns.items()}
        return pd.DataFrame({"index": range(len(seen)), **values})

    def _forget(self) -> None:
        self.epoch = 0
        self._index = None
        self._dynamics = None
        self._collected = None
        self._scaling = torch.empty(0)
        self._margins: list[Tensor] = []
        self._aware_margins: list[Tensor] = []

    def _unhook(self) -> None:
        for hook in self._hooks:
            hook.remove()
        self._hooks = []

    def _before(
        self, model: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Take the index out of what the model is called with; no model knows the name."""
        self._index = kwargs.get(INDEX_COLUMN)
        if model.training and self._index is None:
            raise RunError(
                f"The batch has no {INDEX_COLUMN!r}, so nobody can tell which examples are in it. Add a column "
                f"{INDEX_COLUMN!r} with the row numbers from 0 to the training data set, and give TrainingArguments "
                "remove_unused_columns=False."
            )
        return args, {name: value for name, value in kwargs.items() if name != INDEX_COLUMN}

    def _after(self, model: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any], output: Any) -> None:
        if model.training and self._index is not None:
            index = self._index.detach().cpu().long()
            self._check(index, kwargs.get("labels"))
            self._observe(index, _logits(output))

    def _check(self, index: Tensor, given: Tensor | None) -> None:
        if int(index.min()) < 0 or int(index.max()) >= len(self.labels):
            raise DataError(
                f"{INDEX_COLUMN} is {int(index.max())} in a batch, but LaneCallback was given {len(self.labels)} "
                "labels. Give it the labels of the whole training data set."
            )
        if given is not None and not torch.equal(given.detach().cpu().long(), self.labels[index]):
            raise DataError(
                f"A batch has other labels than those that LaneCallback was given for its {INDEX_COLUMN}. Give it "
                f"labels in the order that {INDEX_COLUMN} counts."
            )

    def _observe(self, index: Tensor, logits: Tensor) -> None:
        num_classes = logits.shape[1]
        if self._dynamics is None or self._collected is None:
            if int(self.labels.max()) >= num_classes:
                raise DataError(
                    f"A label is {int(self.labels.max())}, but the model has {num_classes} classes, from 0. Set its "
                    "num_labels, or number the labels from 0."
                )
            self._dynamics = Dynamics(self.labels, num_classes, self.config.alm_start_epoch)
            self._collected = ClassSimilarity(num_classes)
            self._scaling = torch.ones(num_classes, num_classes)
        at = _first_of_each(index)
        at = at[self._margins[-1][index[at]].isnan()]
        index, logits = index[at], logits[at]
        labels = self.labels[index]
        aware = label_aware_margin(logits, labels, self._scaling, self.config.max_scale or LITERAL_MAX_SCALE)
        self._margins[-1][index] = margin(logits, labels)
        self._aware_margins[-1][index] = aware
        self._dynamics.observe(index, logits, aware)
        self._collected.add(logits.softmax(dim=1), labels)


def _logits(output: Any) -> Tensor:
    """Return the logits of a model's output, (B, K), float32 on the CPU."""
    logits = output.get("logits") if isinstance(output, dict) else None
    if logits is None or logits.ndim != 2 or logits.shape[1] < 2:
        seen = "no logits" if logits is None else f"logits of the shape {tuple(logits.shape)}"
        raise RunError(
            f"The model returns {seen}; LaneCallback watches models that return one row of logits an example and a "
            "number for each of two classes or more, such as AutoModelForSequenceClassification."
        )
    cleaned: Tensor = logits.detach().float().cpu()
    return cleaned


def _first_of_each(index: Tensor) -> Tensor:
    """Return where each value stands first."""
    places = {value: at for at, value in reversed(list(enumerate(index.tolist())))}
    return torch.tensor(sorted(places.values()), dtype=torch.long)
