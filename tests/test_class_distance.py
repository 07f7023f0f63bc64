"""Class distances: the paper's examples on the wheel, both mapping tables, eq. 10 by hand, errors."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lane_core.data.noise.class_distance import (
    PLUTCHIK_RING,
    PLUTCHIK_TABLE,
    centroid_distance,
    ordinal_distance,
    plutchik_distance,
    semantic_targets,
)
from lane_core.errors import ConfigError, DataError


def table_rows() -> list[dict[str, str]]:
    with PLUTCHIK_TABLE.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def labels_of(dataset: str) -> list[str]:
    return [row["label"] for row in table_rows() if row["dataset"] == dataset]


def test_ordinal_distance_by_hand() -> None:
    assert ordinal_distance([1, 2, 5]).tolist() == [[0, 1, 4], [1, 0, 3], [4, 3, 0]]


@pytest.mark.parametrize("ranks", [[1.0], [1.0, float("nan")], [[1.0, 2.0]]])
def test_ranks_must_be_finite_and_two(ranks: list[float]) -> None:
    with pytest.raises(ConfigError, match="one finite number for each of at least 2 classes"):
        ordinal_distance(ranks)


def test_eq_10_from_an_end_and_from_the_middle() -> None:
    targets = semantic_targets(ordinal_distance(range(5)), gamma=1.0)
    # e^-1, e^-2, e^-3, e^-4 over their sum 0.571274; e^-1 and e^-2 over 2 (e^-1 + e^-2) = 1.006430.
    assert targets[0].tolist() == pytest.approx([0, 0.64391, 0.23688, 0.08714, 0.03206], abs=5e-6)
    assert targets[2].tolist() == pytest.approx([0.13447, 0.36553, 0, 0.36553, 0.13447], abs=5e-6)


def test_eq_10_reads_the_row_of_the_true_class_and_not_the_diagonal() -> None:
    distance = np.array([[9.0, 0.0, np.log(3)], [1.0, np.nan, 1.0], [0.0, np.log(4), -5.0]])
    expected = [[0, 0.75, 0.25], [0.5, 0, 0.5], [0.8, 0.2, 0]]
    assert semantic_targets(distance, gamma=1.0) == pytest.approx(np.array(expected))


def test_eq_10_stays_finite_far_out() -> None:
    targets = semantic_targets(np.array([[0, 1e6, 1e6 + 1], [1, 0, 1e9], [5, 5, 0]]), gamma=1.0)
    assert targets[0].tolist() == pytest.approx([0, 1 / (1 + np.exp(-1)), np.exp(-1) / (1 + np.exp(-1))])
    assert targets[1].tolist() == [1, 0, 0]


@settings(max_examples=25)
@given(st.integers(2, 8), st.floats(0, 5), st.integers(0, 2**32 - 1))
def test_eq_10_is_a_distribution_that_falls_with_distance(num_classes: int, gamma: float, seed: int) -> None:
    distance = np.random.default_rng(seed).uniform(0, 10, (num_classes, num_classes))
    targets = semantic_targets(distance, gamma)
    assert targets.sum(axis=1) == pytest.approx(np.ones(num_classes))
    assert np.diag(targets).tolist() == [0] * num_classes
    for code in range(num_classes):
        by_distance = [k for k in np.argsort(distance[code]) if k != code]
        assert (np.diff(targets[code, by_distance]) <= 1e-12).all()
    # A constant added to a row cancels.
    assert semantic_targets(distance + 3.0, gamma) == pytest.approx(targets)
    uniform = (1 - np.eye(num_classes)) / (num_classes - 1)
    assert semantic_targets(distance, 0.0) == pytest.approx(uniform)


@pytest.mark.parametrize(
    ("distance", "gamma", "message"),
    [
        (np.zeros((2, 3)), 1.0, r"distance has shape \(2, 3\)"),
        (np.zeros((1, 1)), 1.0, r"distance has shape \(1, 1\)"),
        (np.array([[0.0, -1.0], [1.0, 0.0]]), 1.0, r"distance\[0, 1\] is -1.0"),
        (np.array([[0.0, 1.0], [np.inf, 0.0]]), 1.0, r"distance\[1, 0\] is inf"),
        (np.ones((2, 2)), -0.5, "gamma is -0.5"),
        (np.ones((2, 2)), float("nan"), "gamma is nan"),
    ],
)
def test_distances_that_cannot_work(distance: np.ndarray, gamma: float, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        semantic_targets(distance, gamma)


def test_the_wheel_has_eight_places() -> None:
    distance = plutchik_distance(PLUTCHIK_RING, "plutchik")
    assert distance[0].tolist() == [0, 1, 2, 3, 4, 3, 2, 1]
    for step in range(8):
        assert np.roll(distance[step], -step).tolist() == distance[0].tolist()


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("joy", "trust", 1),
        ("joy", "sadness", 4),
        ("fear", "anger", 4),
        ("fear", "trust", 1),
        ("Anger", "JOY", 2),
    ],
)
def test_pairs_the_paper_names(one: str, other: str, expected: float) -> None:
    assert plutchik_distance([one, other], "plutchik")[0, 1] == expected


def test_root_and_half_step_by_hand() -> None:
    classes = ["joy", "excitement", "love", "disapproval", "caring"]
    # Roots 0, 0, 0, 6, 1; places 0, 7.5, 0.5, 5.5, 0.5.
    roots = plutchik_distance(classes, "goemotions")
    assert roots[1].tolist() == [0, 0, 0, 2, 1]
    places = plutchik_distance(classes, "goemotions", position="halfstep")
    assert places[1].tolist() == [0.5, 0, 1, 2, 1]
    assert places[3].tolist() == [2.5, 2, 3, 0, 3]
    apart = plutchik_distance(classes, "goemotions", same_place_distance=0.5)
    assert apart[1].tolist() == [0.5, 0, 0.5, 2, 1]
    assert (
        plutchik_distance(classes, "goemotions", position="halfstep", same_place_distance=0.25)[2, 4] == 0.25
    )


def test_isear_by_hand() -> None:
    classes = ["joy", "fear", "anger", "sadness", "disgust", "shame", "guilt"]
    assert plutchik_distance(classes, "isear")[5].tolist() == [4, 2, 2, 0, 1, 0, 0]
    assert plutchik_distance(classes, "isear", position="halfstep")[5].tolist() == [
        3.5,
        2.5,
        1.5,
        0.5,
        0.5,
        0,
        0,
    ]


def test_the_table_places_every_class_once() -> None:
    rows = table_rows()
    assert Counter(row["dataset"] for row in rows) == {
        "goemotions": 27,
        "empathetic_dialogues": 32,
        "isear": 7,
        "plutchik": 8,
    }
    assert len({(row["dataset"], row["label"]) for row in rows}) == len(rows)
    # A dyad stands at most half a step from its root.
    for row in rows:
        steps = abs(float(row["position"]) - PLUTCHIK_RING.index(row["root"]))
        assert min(steps, 8 - steps) in (0, 0.5), row
    roots = Counter(row["root"] for row in rows if row["dataset"] == "empathetic_dialogues")
    assert [roots[name] for name in PLUTCHIK_RING] == [5, 5, 4, 1, 9, 1, 4, 3]
    roots = Counter(row["root"] for row in rows if row["dataset"] == "goemotions")
    assert [roots[name] for name in PLUTCHIK_RING] == [7, 3, 2, 4, 5, 1, 3, 2]


@pytest.mark.parametrize("dataset", ["goemotions", "empathetic_dialogues", "isear", "plutchik"])
@pytest.mark.parametrize("position", ["root", "halfstep"])
def test_every_set_gives_a_distance(dataset: str, position: str) -> None:
    distance = plutchik_distance(labels_of(dataset), dataset, position=position)
    assert (distance == distance.T).all()
    assert distance.max() == 4
    assert np.diag(distance).sum() == 0


def test_a_table_of_ones_own(tmp_path: Path) -> None:
    table = tmp_path / "mine.csv"
    table.write_text("dataset,label,root,position\nmine,calm,joy,0\nmine,rage,anger,6.5\n", encoding="utf-8")
    assert plutchik_distance(["calm", "rage"], "mine", table=table)[0, 1] == 2
    assert plutchik_distance(["calm", "rage"], "mine", position="halfstep", table=table)[0, 1] == 1.5


def test_wheel_errors(tmp_path: Path) -> None:
    with pytest.raises(
        ConfigError, match=r"no place on the wheel for neutral \(data set 'goemotions', 1 in all\)"
    ):
        plutchik_distance(["joy", "neutral"], "goemotions")
    with pytest.raises(
        ConfigError, match=r"no data set 'banking'\. It has: empathetic_dialogues, goemotions"
    ):
        plutchik_distance(["joy", "fear"], "banking")
    with pytest.raises(ConfigError, match="position is 'middle'; it must be root or halfstep"):
        plutchik_distance(["joy", "fear"], "isear", position="middle")
    with pytest.raises(ConfigError, match="same_place_distance is -1"):
        plutchik_distance(["joy", "fear"], "isear", same_place_distance=-1)
    with pytest.raises(DataError, match="It needs the columns dataset, label, root"):
        plutchik_distance(["joy", "fear"], "isear", table=tmp_path / "missing.csv")


@pytest.mark.parametrize(
    ("content", "position", "message"),
    [
        ("label,root\njoy,joy\n", "root", "'dataset'"),
        ("dataset,label,root,position\nmine,calm,calmness,0\n", "root", "not a table of the wheel"),
        ("dataset,label,root,position\nmine,calm,joy,8\n", "halfstep", "position '8' is not on the wheel"),
        ("dataset,label,root,position\nmine,calm,joy\n", "halfstep", "not a table of the wheel"),
    ],
)
def test_tables_that_cannot_work(tmp_path: Path, content: str, position: str, message: str) -> None:
    table = tmp_path / "mine.csv"
    table.write_text(content, encoding="utf-8")
    with pytest.raises(DataError, match=message):
        plutchik_distance(["calm", "joy"], "mine", position=position, table=table)


def test_centroid_distance_by_hand() -> None:
    embeddings = [[2.0, 0.0], [4.0, 0.0], [0.0, 1.0], [1.0, 1.0], [-1.0, 0.0], [1.0, 0.0], [-1.0, 0.0]]
    distance = centroid_distance(embeddings, [0, 0, 1, 2, 3, 4, 4], num_classes=5)
    diagonal = 1 - np.sqrt(0.5)
    # The mean of class 4 is the zero vector.
    assert distance[0].tolist() == pytest.approx([0, 1, diagonal, 2, 1])
    assert distance[2].tolist() == pytest.approx([diagonal, diagonal, 0, 1 + np.sqrt(0.5), 1])
    assert (distance == distance.T).all()


def test_centroid_errors() -> None:
    with pytest.raises(ConfigError, match="Class 1 has no row"):
        centroid_distance(np.eye(3), [0, 0, 2], num_classes=3)
    with pytest.raises(ConfigError, match=r"embeddings \(3, 3\) and labels \(2,\)"):
        centroid_distance(np.eye(3), [0, 1], num_classes=2)
