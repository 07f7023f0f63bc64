"""Lane and its options against the equations in Python lists, over three epochs of real training."""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence

import pytest
import torch

from lane_core.config import RunConfig
from lane_core.methods.lane import Lane
from lane_core.methods.method import Batch
from tests.tiny_method import (
    HELD_OUT_ROWS,
    LEARNING_RATE,
    NUM_CLASSES,
    NUM_EXAMPLES,
    NUM_TRAIN,
    TinyData,
    TinyRun,
    epoch_batches,
    make_data,
    make_network,
)

DEFAULT = RunConfig()
OPTIONS: dict[str, dict[str, object]] = {
    "default": {},
    "instance similarity": {"similarity": "instance", "max_scale": 3.0},
    "class similarity, floor and power": {"similarity_power": 1.0, "similarity_floor": 0.9},
    "statistics of the batch, weights of the epoch before": {"statistics": "batch"},
    "statistics of the batch, weights of this step": {"statistics": "batch", "weight_lag": 0},
    "statistics of the data set, weights of this step": {"weight_lag": 0},
    "sigma as printed": {"sigma": "literal"},
    "sigma of those below mu": {"fit": "below_mu"},
    "fixed thresholds": {"sigma": 1.0, "mu": 0.0, "warmup_epochs": 0},
    "lower fixed thresholds": {"sigma": 1.0, "mu": -1.0},
    "two warm-up epochs": {"warmup_epochs": 2},
    "averages from epoch 2": {"alm_start_epoch": 2, "weight_lag": 0},
    "negatives only": {"contrastive_denominator": "negatives", "temperature": 0.5},
    "weight of the positive outside": {"positive_weight": "outside"},
    "raw embeddings": {"embedding_norm": "none", "temperature": 2.0},
    "Pi learns nothing from the contrastive term": {"detach_class_weights": True},
    "weighted contrastive term": {"weighted_contrastive": True},
    "coefficients": {"pi_coefficient": 0.5, "contrastive_coefficient": 0.25},
    "margins of all views": {"num_views": 3, "margin_views": "mean"},
    "views": {"num_views": 2},
}


@pytest.fixture(scope="module")
def data() -> TinyData:
    return make_data()


class Reference:
    """The equations as they are written; only the networks' gradients come from torch."""

    def __init__(self, config: RunConfig, data: TinyData) -> None:
        self.config, self.data = config, data
        torch.manual_seed(0)
        self.theta, self.pi = make_network("theta"), make_network("pi")
        self.history: list[list[float]] = [[] for _ in range(NUM_EXAMPLES)]  # LM_1, LM_2, ...
        self.weights = [1.0] * NUM_EXAMPLES
        self.thresholds: tuple[float, float] | None = None
        if config.mu is not None and not isinstance(config.sigma, str):
            self.thresholds = config.mu, config.sigma
        self.relative: list[list[float]] | None = None

    def train(self, epochs: int) -> None:
        parameters = [*self.theta.parameters(), *self.pi.parameters()]
        optimizer = torch.optim.SGD(parameters, lr=LEARNING_RATE)
        for epoch in range(1, epochs + 1):
            torch.manual_seed(100 + epoch)
            seen_w: list[list[list[float]]] = [[] for _ in range(NUM_CLASSES)]
            for index in epoch_batches(epoch):
                loss = self.step(epoch, index, seen_w)
                optimizer.zero_grad()
                loss.backward()
                torch.nn.utils.clip_grad_norm_(parameters, 1.0)
                optimizer.step()
            self.theta.eval(), self.pi.eval()
            for i in HELD_OUT_ROWS:
                _, z, pi_z = self.forward([i], num_views=1)
                self.history[i].append(self.aware_margin(z[0], int(self.data.labels[i]), pi_z[0].softmax(0)))
            self.theta.train(), self.pi.train()
            self.end_epoch(epoch, seen_w)

    def forward(self, index: list[int], num_views: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        texts = self.data.views[:num_views, index].reshape(-1, 4)
        mask = torch.ones(len(texts), 1)
        return *self.theta(texts, mask), self.pi(texts, mask)[1]

    def step(self, epoch: int, index: list[int], seen_w: list[list[list[float]]]) -> torch.Tensor:
        config, num_views, size = self.config, self.config.num_views, len(index)
        h, z, pi_z = self.forward(index, num_views)
        w = pi_z.softmax(dim=1)
        kept = [self.alm(i) for i in index]
        for b, i in enumerate(index):
            rows = (
                [b] if config.margin_views == "original" else [b + view * size for view in range(num_views)]
            )
            y = int(self.data.labels[i])
            own_w = pi_z[rows].mean(dim=0).softmax(dim=0)
            seen_w[y].append(own_w.tolist())
            self.history[i].append(self.aware_margin(z[rows].mean(dim=0), y, own_w))
        weights = self.batch_weights(epoch, index, kept) * num_views
        given = [int(self.data.labels[i]) for i in index] * num_views
        loss = torch.zeros(())
        for a, y in enumerate(given):
            loss = loss - weights[a] * z[a].log_softmax(dim=0)[y]
            loss = loss - config.pi_coefficient * w[a, y].log()
            term = self.contrastive(a, h, given, w.detach() if config.detach_class_weights else w, weights)
            loss = loss + config.contrastive_coefficient * term
        return loss / len(given)

    def aware_margin(self, z: torch.Tensor, y: int, w: torch.Tensor) -> float:
        rival = max((k for k in range(NUM_CLASSES) if k != y), key=lambda k: z[k].item())
        plain = (z[y] - z[rival]).item()
        if plain >= 0:
            return plain
        if self.config.similarity == "instance":
            return plain * min(1 / w[rival].item(), self.config.max_scale or math.inf)
        if self.relative is None:
            return plain
        return plain * min(1 / self.relative[y][rival] ** self.config.similarity_power, 10)

    def alm(self, i: int) -> float:
        counted = self.history[i][self.config.alm_start_epoch - 1 :]
        return sum(counted) / len(counted) if counted else 0.0

    def batch_weights(self, epoch: int, index: list[int], kept: list[float]) -> list[float]:
        if epoch <= self.config.warmup_epochs:
            return [1.0] * len(index)
        if self.config.statistics == "dataset" and self.config.weight_lag == 1:
            return [self.weights[i] for i in index]
        alm = kept if self.config.weight_lag == 1 else [self.alm(i) for i in index]
        if self.config.statistics == "batch":
            return self.gaussian(alm, self.fitted(alm, smallest=2))
        return self.gaussian(alm, self.thresholds)

    def fitted(self, alm: Sequence[float], smallest: int) -> tuple[float, float] | None:
        if self.config.mu is not None and not isinstance(self.config.sigma, str):
            return self.config.mu, self.config.sigma
        suspects = [a for a in alm if a < 0]
        if len(suspects) < smallest:
            return None
        mu = sum(suspects) / len(suspects)
        averaged = suspects if self.config.fit == "suspects" else [a for a in suspects if a < mu]
        variance = sum((a - mu) ** 2 for a in averaged) / len(averaged)
        return mu, variance if self.config.sigma == "literal" else math.sqrt(variance)

    def gaussian(self, alm: Sequence[float], thresholds: tuple[float, float] | None) -> list[float]:
        if thresholds is None:
            return [1.0] * len(alm)
        mu, sigma = thresholds
        return [math.exp(-((a - mu) ** 2) / (2 * sigma**2)) if a < 0 and a < mu else 1.0 for a in alm]

    def contrastive(
        self, a: int, h: torch.Tensor, given: list[int], w: torch.Tensor, weights: list[float]
    ) -> torch.Tensor:
        config = self.config
        positives = [p for p in range(len(given)) if p != a and given[p] == given[a]]
        negatives = [s for s in range(len(given)) if given[s] != given[a]]
        if not positives or not negatives:
            return torch.zeros(())
        u = h / h.norm(dim=1, keepdim=True) if config.embedding_norm == "l2" else h
        similar = (u[a] @ u.T / config.temperature).exp()
        everyone = [s for s in range(len(given)) if s != a]
        summed = negatives if config.contrastive_denominator == "negatives" else everyone
        below = (w[a, [given[s] for s in summed]] * similar[summed]).sum()
        own = w[a, given[a]]
        if config.positive_weight == "inside":
            terms = (own * similar[positives] / below).log()
        else:
            terms = own * (similar[positives] / below).log()
        if not config.weighted_contrastive:
            return -terms.mean()
        theirs = torch.tensor([weights[p] for p in positives])
        return -weights[a] * (theirs * terms).sum() / theirs.sum()

    def end_epoch(self, epoch: int, seen_w: list[list[list[float]]]) -> None:
        alm = [self.alm(i) for i in range(NUM_EXAMPLES)]
        self.thresholds = self.fitted(alm[:NUM_TRAIN], smallest=20)
        if epoch >= self.config.warmup_epochs:
            self.weights = self.gaussian(alm, self.thresholds)
        self.relative = []
        for y, rows in enumerate(seen_w):
            row = [sum(w[k] for w in rows) / len(rows) for k in range(NUM_CLASSES)]
            mean = sum(value for k, value in enumerate(row) if k != y) / (NUM_CLASSES - 1)
            floor = self.config.similarity_floor
            self.relative.append([max(value / mean, floor) if k != y else 1.0 for k, value in enumerate(row)])


@pytest.mark.parametrize("changes", OPTIONS.values(), ids=list(OPTIONS))
def test_three_epochs_equal_the_equations(changes: dict[str, object], data: TinyData) -> None:
    config = RunConfig.from_preset("default", **changes)
    lane = TinyRun(config, data, config.num_views).train(1, 3).method
    assert isinstance(lane, Lane)
    lane.begin_epoch(4)
    reference = Reference(config, data)
    reference.train(epochs=3)
    expected = torch.tensor([reference.alm(i) for i in range(NUM_EXAMPLES)])
    torch.testing.assert_close(lane.dynamics.alm, expected, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(lane.weights, torch.tensor(reference.weights), rtol=1e-4, atol=1e-5)
    for name, theirs in (("theta", reference.theta), ("pi", reference.pi)):
        state = dict(theirs.state_dict())
        torch.testing.assert_close(lane.networks[name].state_dict(), state, rtol=1e-4, atol=1e-5)


def test_every_option_changes_the_result(data: TinyData) -> None:
    default = TinyRun(DEFAULT, data).train(1, 3)
    for name, changes in OPTIONS.items():
        config = RunConfig.from_preset("default", **changes)
        other = TinyRun(config, data, config.num_views).train(1, 3)
        assert (other.losses == default.losses) == (name == "default"), name


def test_the_weights_do_something_in_this_data(data: TinyData) -> None:
    lane = TinyRun(DEFAULT, data).train(1, 3).method
    lane.begin_epoch(4)
    assert (lane.weights < 0.9).sum() >= 3
    assert (lane.weights == 1).sum() > NUM_EXAMPLES / 2


def test_a_power_of_zero_is_lane_sim(data: TinyData) -> None:
    # All classes equally alike: nothing is left of label-awareness in the margin.
    lane = TinyRun(RunConfig(similarity_power=0.0), data).train(1, 3)
    sim = TinyRun(RunConfig(method="lane-sim"), data).train(1, 3)
    assert lane.losses == sim.losses
    assert torch.equal(lane.method.dynamics.alm, sim.method.dynamics.alm)


def test_equal_views_train_as_one(data: TinyData) -> None:
    # Without dropout, three copies of a text are the text; but positives then include the anchor's own copies.
    thrice = TinyData(data.views[:1].expand(3, -1, -1), data.labels, data.is_train)
    config = RunConfig(contrastive_coefficient=0.0)
    one, three = TinyRun(config, data), TinyRun(config, thrice, num_views=3)
    for run in (one, three):
        for network in run.method.networks.values():
            network.dropout.p = 0.0
        run.train(1, 3)
    assert three.losses == pytest.approx(one.losses, rel=1e-4)
    torch.testing.assert_close(three.method.dynamics.alm, one.method.dynamics.alm, rtol=1e-4, atol=1e-5)


def test_views_of_an_anchor_are_its_positives(data: TinyData) -> None:
    # Three examples of three classes: without a second view no anchor has a positive.
    index = [1, 2, 3]
    assert len(set(data.labels[index].tolist())) == 3
    lane = TinyRun(DEFAULT, data).method
    lane.begin_epoch(1)
    assert lane.loss(data.batch(index)).contrastive == 0
    assert lane.loss(data.batch(index, num_views=2)).contrastive > 0


def test_the_same_seed_gives_the_same_bits(data: TinyData) -> None:
    first, second = (TinyRun(DEFAULT, data).train(1, 2) for _ in range(2))
    assert first.losses == second.losses
    assert torch.equal(first.method.dynamics.alm, second.method.dynamics.alm)


@pytest.mark.parametrize("preset", ["default", "paper"])
def test_a_resumed_run_equals_the_uninterrupted_one(data: TinyData, preset: str) -> None:
    config = RunConfig.from_preset(preset)
    whole = TinyRun(config, data).train(1, 4)
    first = TinyRun(config, data).train(1, 2)
    second = TinyRun(config, data)
    second.method.load_state_dict(copy.deepcopy(first.method.state_dict()))
    second.train(3, 4)
    assert [*first.losses, *second.losses] == whole.losses
    state = second.method.state_dict()
    assert all(torch.equal(value, state[name]) for name, value in whole.method.state_dict().items())


def test_who_lies_below_mu_of_the_training_rows_weighs_less(data: TinyData) -> None:
    run = TinyRun(DEFAULT, data).train(1, 3)
    alm = run.method.dynamics.alm
    train = alm[data.is_train]
    assert run.summary.statistics is not None
    assert run.summary.statistics.mu == pytest.approx(train[train < 0].mean().item(), rel=1e-5)
    below = alm < train[train < 0].mean()
    assert torch.equal(run.summary.weights < 1, below)
    assert below.any()
    assert run.summary.is_label_issue is None


def test_under_a_fixed_mu_whoever_lies_below_it_weighs_less(data: TinyData) -> None:
    run = TinyRun(RunConfig(mu=0.0, sigma=1.0, min_suspects=10_000), data).train(1, 2)
    alm = run.method.dynamics.alm
    torch.testing.assert_close(run.summary.weights, torch.where(alm < 0, (-alm.square() / 2).exp(), 1.0))


def test_too_few_suspects_leave_all_weights_at_one(data: TinyData) -> None:
    run = TinyRun(RunConfig(min_suspects=NUM_TRAIN), data).train(1, 3)
    assert run.summary.statistics is None
    assert (run.summary.weights == 1).all()


def test_held_out_rows_do_not_move_the_weights(data: TinyData) -> None:
    views = data.views.clone()
    views[:, NUM_TRAIN:] *= 100
    lane, other = (
        TinyRun(DEFAULT, which).train(1, 2).summary
        for which in (data, TinyData(views, data.labels, data.is_train))
    )
    assert torch.equal(lane.weights[:NUM_TRAIN], other.weights[:NUM_TRAIN])
    assert not torch.equal(lane.weights[NUM_TRAIN:], other.weights[NUM_TRAIN:])


@pytest.mark.parametrize("preset", ["default", "paper"])
@pytest.mark.parametrize("index", [[7], [3, 6, 9], [1, 2]], ids=["one example", "one class", "no positives"])
def test_small_batches_are_trained_on(data: TinyData, preset: str, index: list[int]) -> None:
    lane = TinyRun(RunConfig.from_preset(preset), data).method
    lane.begin_epoch(1)
    terms = lane.loss(data.batch(index))
    terms.total.backward()
    assert terms.contrastive == 0
    assert torch.isfinite(terms.total)
    assert terms.total > 0
    assert all(torch.isfinite(parameter.grad).all() for parameter in lane.networks.parameters())


@pytest.mark.parametrize("preset", ["default", "paper"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("sign", [1, -1])
def test_extreme_logits_and_embeddings_stay_finite(preset: str, dtype: torch.dtype, sign: int) -> None:
    lane = Lane(
        RunConfig.from_preset(preset, warmup_epochs=0),
        make_network,
        torch.arange(12) % 3,
        torch.ones(12, dtype=torch.bool),
        3,
    )
    logits = torch.zeros(12, 3, dtype=dtype)
    logits[:, 0], logits[:, 1] = 1e4 * sign, -1e4 * sign
    logits.requires_grad_()
    embeddings = torch.randn(12, 768).to(dtype)
    embeddings = (embeddings / embeddings.norm(dim=1, keepdim=True) * 28).requires_grad_()
    for name in ("theta", "pi"):
        lane.networks[name].forward = lambda features, mask: (embeddings, logits)
    for epoch in (1, 2):
        lane.begin_epoch(epoch)
        terms = lane.loss(
            Batch(torch.arange(12), torch.arange(12) % 3, torch.zeros(12, 4), torch.ones(12, 1))
        )
        terms.total.backward()
        assert torch.isfinite(terms.total)
        assert torch.isfinite(logits.grad).all()
        assert torch.isfinite(embeddings.grad).all()
        assert torch.isfinite(lane.dynamics.alm).all()
        assert lane.dynamics.alm.min() <= -1e4
        lane.end_epoch()


def test_features_that_do_not_fit_the_views_are_named() -> None:
    with pytest.raises(ValueError, match=r"features \(5, 4\) for 3 examples with 2 view\(s\) each"):
        Batch(torch.arange(3), torch.zeros(3), torch.zeros(5, 4), torch.ones(5, 1), num_views=2)
