"""The baselines and ablations: what they keep of LANE and what not, and that a run with each has its results."""

from __future__ import annotations

import copy
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy

from lane_core.api import audit
from lane_core.config import METHOD_NAMES, RunConfig
from lane_core.errors import DataError
from lane_core.methods.aum import Aum, threshold_samples
from lane_core.methods.method import Batch
from tests.tiny_encoder import tiny_texts, write_tiny_encoder
from tests.tiny_method import NUM_CLASSES, NUM_EXAMPLES, NUM_TRAIN, TinyData, TinyRun, make_data

EPOCHS = 3


@pytest.fixture(scope="module")
def data() -> TinyData:
    return make_data()


@pytest.fixture(scope="module")
def runs(data: TinyData) -> dict[str, TinyRun]:
    names = [name for name in METHOD_NAMES if name != "aum"]
    return {name: TinyRun(RunConfig(method=name), data).train(1, EPOCHS) for name in names}


@pytest.fixture
def few_threshold_samples(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let 100 training examples of three classes (25 threshold samples) do."""
    monkeypatch.setattr("lane_core.methods.aum.MIN_THRESHOLD_SAMPLES", 10)


def test_base_is_plain_cross_entropy(data: TinyData) -> None:
    run = TinyRun(RunConfig(method="base"), data)
    assert list(run.method.networks) == ["theta"]
    run.method.begin_epoch(1)
    run.method.networks.eval()
    batch = data.batch([3, 5, 8])
    terms = run.method.loss(batch)
    logits = run.method.networks["theta"](batch.features, batch.mask)[1].detach()
    expected = -sum(math.log(row.softmax(0)[y]) for row, y in zip(logits, batch.labels, strict=True)) / 3
    assert terms.total.item() == pytest.approx(expected)
    assert terms.theta is terms.total
    assert (terms.pi.item(), terms.contrastive.item()) == (0.0, 0.0)


def test_base_reports_averages_of_the_plain_margin(data: TinyData, runs: dict[str, TinyRun]) -> None:
    run = runs["base"]
    dynamics = run.method.dynamics
    assert torch.equal(dynamics.alm, dynamics.aum)
    assert (run.summary.weights == 1).all()
    assert run.summary.is_label_issue is None
    assert run.summary.clipped_share == 0


def test_base_reads_class_similarity_off_theta(data: TinyData) -> None:
    run = TinyRun(RunConfig(method="base"), data)
    run.method.begin_epoch(1)
    batch = data.batch([1, 2, 3, 4])
    run.method.networks.eval()
    run.method.loss(batch)
    found = run.method.end_epoch().class_similarity
    probabilities = run.method.networks["theta"](batch.features, batch.mask)[1].softmax(1).detach()
    for y in range(NUM_CLASSES):
        of_class = probabilities[batch.labels == y]
        expected = of_class.mean(dim=0) if len(of_class) else torch.full((3,), 1 / 3)
        torch.testing.assert_close(found[y], expected)


def test_base_has_one_vote_for_an_example_with_views(data: TinyData) -> None:
    run = TinyRun(RunConfig(method="base"), data)
    run.method.begin_epoch(1)
    run.method.networks.eval()
    total = run.method.loss(data.batch([1, 2], num_views=3)).total
    theta, labels = run.method.networks["theta"], data.labels[[1, 2]]
    views = [cross_entropy(theta(data.views[view, [1, 2]], None)[1], labels) for view in range(3)]
    assert total.item() == pytest.approx(torch.stack(views).mean().item())


def test_lane_sim_averages_the_plain_margin_and_weighs(runs: dict[str, TinyRun]) -> None:
    run = runs["lane-sim"]
    assert torch.equal(run.method.dynamics.alm, run.method.dynamics.aum)
    assert (run.summary.weights < 0.9).any()
    assert not torch.equal(runs["lane"].method.dynamics.alm, runs["lane"].method.dynamics.aum)
    assert run.method.similarity.shape == (NUM_CLASSES, NUM_CLASSES)
    assert run.losses != runs["lane"].losses


def test_lane_alm_is_lane_without_weights(data: TinyData, runs: dict[str, TinyRun]) -> None:
    run = runs["lane-alm"]
    assert (run.summary.weights == 1).all()
    assert not torch.equal(run.method.dynamics.alm, run.method.dynamics.aum)
    # LANE whose warm-up never ends weighs nothing either.
    warm = TinyRun(RunConfig(warmup_epochs=EPOCHS), data).train(1, EPOCHS)
    assert run.losses == warm.losses
    in_batch = RunConfig(method="lane-alm", statistics="batch", weight_lag=0)
    assert TinyRun(in_batch, data).train(1, EPOCHS).losses == warm.losses


def test_all_lanes_start_alike(runs: dict[str, TinyRun]) -> None:
    # Paired comparisons need the same initial weights, order and dropout; the first epoch is not weighted.
    assert runs["lane"].losses[:10] == runs["lane-sim"].losses[:10] == runs["lane-alm"].losses[:10]


@pytest.mark.parametrize("method", METHOD_NAMES)
def test_a_resumed_run_equals_the_uninterrupted_one(
    data: TinyData, method: str, few_threshold_samples: None
) -> None:
    config = RunConfig(method=method)
    whole = TinyRun(config, data).train(1, EPOCHS)
    first = TinyRun(config, data).train(1, 2)
    second = TinyRun(config, data)
    second.method.load_state_dict(copy.deepcopy(first.method.state_dict()))
    second.train(3, EPOCHS)
    state = second.method.state_dict()
    assert all(torch.equal(value, state[name]) for name, value in whole.method.state_dict().items())
    flags, same = second.summary.is_label_issue, whole.summary.is_label_issue
    assert flags is same is None or (flags is not None and same is not None and torch.equal(flags, same))


def test_threshold_samples_are_disjoint_training_examples() -> None:
    is_train = torch.arange(400) % 4 != 0  # 300 of them
    first, second = (threshold_samples(is_train, 4, seed=7, threshold_set=number) for number in (1, 2))
    assert first.sum() == second.sum() == 60
    assert not (first & second).any()
    assert not (first & ~is_train).any()
    assert torch.equal(first, threshold_samples(is_train, 4, seed=7))
    assert not torch.equal(first, threshold_samples(is_train, 4, seed=8))


def test_too_few_threshold_samples_are_named() -> None:
    with pytest.raises(
        DataError, match=r"119 examples of 3 classes give 29, and 30 are needed. Use method base"
    ):
        threshold_samples(torch.ones(119, dtype=torch.bool), 3, seed=0)


def test_aum_flags_by_the_threshold_samples(data: TinyData, few_threshold_samples: None) -> None:
    run = TinyRun(RunConfig(method="aum", alm_start_epoch=2), data)
    margins: dict[int, list[float]] = {i: [] for i in range(NUM_EXAMPLES)}
    aum = run.method
    assert isinstance(aum, Aum)
    forward = aum._wide_logits

    def record(batch: Batch) -> torch.Tensor:
        wide = forward(batch)
        for row, i in zip(wide.tolist(), batch.index.tolist(), strict=True):
            y = NUM_CLASSES if aum.is_threshold[i] else int(data.labels[i])
            margins[i].append(row[y] - max(value for k, value in enumerate(row) if k != y))
        return wide

    aum._wide_logits = record
    run.train(1, EPOCHS)
    average = np.array([sum(found[1:]) / 2 for found in margins.values()])
    is_threshold = aum.is_threshold.numpy()
    assert is_threshold.sum() == NUM_TRAIN // 4
    threshold = np.percentile(average[is_threshold], 99)
    assert run.summary.is_label_issue is not None
    assert np.array_equal(run.summary.is_label_issue.numpy(), (average < threshold) & ~is_threshold)
    assert run.summary.is_label_issue.any()
    assert not run.summary.is_label_issue.all()
    np.testing.assert_allclose(
        aum.dynamics.alm.numpy()[~is_threshold], average[~is_threshold], rtol=1e-4, atol=1e-5
    )
    assert aum.networks["theta"].classifier.out_features == NUM_CLASSES


@pytest.mark.parametrize("method", ["base", "aum"])
def test_an_audit_without_pi_has_its_results(method: str, tmp_path: Path) -> None:
    texts, labels = tiny_texts(150)
    labels[4], labels[31] = "anger", "joy"
    config = RunConfig(
        method=method,
        encoder=str(write_tiny_encoder(tmp_path)),
        epochs=3,
        batch_size=12,
        learning_rate=5e-3,
        head_learning_rate=1e-2,
        trainable_layers=1,
        device="cpu",
    )
    result = audit(texts, labels, config)
    assert len(result.frame) == 150
    assert result.frame["label_score"].between(0, 1).all()
    assert result.frame["alm"].notna().all()
    np.testing.assert_allclose(result.class_similarity.sum(axis=1), 1, rtol=1e-5)
