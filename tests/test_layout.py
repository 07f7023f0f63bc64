"""The layout without UMAP: what falls back, what is reported, which examples are fitted. UMAP itself: test_map_job."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import ClassVar

import numpy as np
import pytest

from lane_core.evidence import layout as module
from lane_core.evidence.layout import layout


class FakeUMAP:
    """The first two columns, with the rounds that the real one would tell."""

    made: ClassVar[list[FakeUMAP]] = []

    def __init__(self, **options) -> None:
        self.options, self.fitted, self.batches = options, 0, []
        self.made.append(self)

    def fit_transform(self, rows: np.ndarray) -> np.ndarray:
        self.fitted = len(rows)
        for line in ("\r0/200", "\r100/200", "\r200/200", "\n"):
            self.options["tqdm_kwds"]["file"].write(line)
        return rows[:, :2]

    def transform(self, rows: np.ndarray) -> np.ndarray:
        self.batches.append(len(rows))
        self.options["tqdm_kwds"]["file"].write("\r50/100")
        return rows[:, :2]


@pytest.fixture
def umap(monkeypatch: pytest.MonkeyPatch) -> type[FakeUMAP]:
    monkeypatch.setitem(sys.modules, "umap", SimpleNamespace(UMAP=FakeUMAP))
    monkeypatch.setattr(FakeUMAP, "made", [])
    return FakeUMAP


def rows(number: int, hidden: int = 6) -> np.ndarray:
    return np.random.default_rng(3).normal(size=(number, hidden)).astype(np.float32)


def unit(embeddings: np.ndarray) -> np.ndarray:
    return embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True)


def test_few_examples_lie_in_the_plane_of_their_principal_components(umap) -> None:
    embeddings = rows(9)
    points = layout(embeddings)
    centred = unit(embeddings) - unit(embeddings).mean(axis=0)
    values, vectors = np.linalg.eigh(centred.T @ centred)
    expected = centred @ vectors[:, np.argsort(-values)[:2]]
    assert points.dtype == np.float32
    np.testing.assert_allclose(np.abs(points), np.abs(expected), atol=1e-5)
    assert umap.made == []


@pytest.mark.parametrize(
    "embeddings",
    [
        np.ones((1, 4)),
        np.ones((2, 4)),
        np.zeros((5, 4)),
        np.ones((40, 4)),
        np.ones((3, 1)),
        np.empty((0, 4)),
        np.array([[np.nan, 1, 0], [np.inf, 2, 0], [0, 0, 1]]),
        np.repeat(rows(14), 10, axis=0),
    ],
    ids=["one", "two alike", "zeros", "all alike", "one column", "none", "not finite", "14 texts, ten times each"],
)  # fmt: skip
def test_what_has_no_neighbourhoods_has_finite_points(embeddings, umap) -> None:
    points = layout(embeddings)
    assert points.shape == (len(embeddings), 2)
    assert np.isfinite(points).all()
    assert umap.made == []


def test_equal_texts_share_a_point() -> None:
    points = layout(np.repeat(rows(3), 2, axis=0))
    np.testing.assert_allclose(points[::2], points[1::2], atol=1e-6)
    np.testing.assert_array_equal(layout(np.ones((4, 3))), np.zeros((4, 2)))


def test_a_fixed_sample_is_fitted_and_the_others_are_placed_in_batches(umap, monkeypatch) -> None:
    monkeypatch.setattr(module, "MAX_FITTED", 20)
    monkeypatch.setattr(module, "BATCH_ROWS", 12)
    embeddings = rows(50)
    points = layout(embeddings)
    np.testing.assert_allclose(points, unit(embeddings)[:, :2], atol=1e-6)
    assert (umap.made[0].fitted, umap.made[0].batches) == (20, [12, 12, 6])
    assert (umap.made[0].options["metric"], umap.made[0].options["random_state"]) == ("cosine", 0)
    np.testing.assert_array_equal(layout(embeddings), points)


def test_the_progress_never_goes_back_and_ends_at_the_whole(umap, monkeypatch) -> None:
    monkeypatch.setattr(module, "MAX_FITTED", 20)
    monkeypatch.setattr(module, "BATCH_ROWS", 10)
    told: list[tuple[str, float]] = []
    layout(rows(40), lambda phase, share: told.append((phase, share)))
    assert [phase for phase, _ in told] == [
        "starting", "finding neighbours", "arranging", "arranging", "arranging",
        "placing the others", "placing the others", "placing the others", "done",
    ]  # fmt: skip
    shares = [share for _, share in told]
    assert shares == sorted(shares)
    assert (shares[0], shares[-1]) == (0, 1)
    assert shares[3] == pytest.approx((shares[2] + shares[4]) / 2)
    assert shares[4] == pytest.approx(shares[5])


def test_what_is_connected_to_nothing_is_put_into_the_middle(umap, monkeypatch) -> None:
    def lose_two(self, given: np.ndarray) -> np.ndarray:
        found = given[:, :2].copy()
        found[[0, 3]] = np.nan
        return found

    monkeypatch.setattr(FakeUMAP, "fit_transform", lose_two)
    points = layout(rows(30))
    others = np.delete(points, [0, 3], axis=0)
    np.testing.assert_allclose(points[[0, 3]], [others.mean(axis=0)] * 2, atol=1e-6)


def test_only_a_table_can_be_laid_out() -> None:
    with pytest.raises(ValueError, match=r"they are \(3,\)"):
        layout(np.ones(3))


def test_importing_the_job_loads_no_umap() -> None:
    program = (
        "import sys, lane_core.runs.map_job; print({'umap', 'numba', 'torch', 'sklearn'} & set(sys.modules))"
    )
    found = subprocess.run(
        [sys.executable, "-c", program],
        cwd=Path(__file__).resolve().parent.parent,
        capture_output=True,
        text=True,
        check=True,
    )
    assert found.stdout.strip() == "set()"
