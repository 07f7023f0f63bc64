"""How each class stands, counted anew with plain pandas from the same rows and decisions."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lane_core.records import ReviewPlan
from lane_core.reporting.class_health import HEALTH_COLUMNS, class_health
from lane_core.reporting.noise import noise_estimate
from lane_core.store import classes, decisions, review_plans
from lane_core.store.store import Store
from tests.review_store import CLASSES, DATASET, LINES, RUN, decision, make_review_store

SIZE = 120
CHOICES = ("keep", "exclude", "flag", "anger", "fear", "joy")


@pytest.fixture(scope="module")
def random_rows() -> pd.DataFrame:
    random = np.random.default_rng(5)
    label = random.integers(0, 3, SIZE)
    return pd.DataFrame(
        {
            "label": label,
            "suggested": (label + random.integers(1, 3, SIZE)) % 3,
            "predicted": random.integers(0, 3, SIZE),
            "label_score": random.random(SIZE),
            "split": random.choice(["train", "test"], SIZE),
        }
    )


@pytest.fixture
def store(tmp_path: Path, random_rows: pd.DataFrame) -> Iterator[Store]:
    opened = make_review_store(tmp_path / "db", random_rows.to_dict("records"))
    yield opened
    opened.close()


def health_of(store: Store) -> pd.DataFrame:
    return class_health(store, RUN, noise_estimate(store, RUN)).set_index("label")


def test_every_count_equals_one_made_with_pandas(store: Store, random_rows: pd.DataFrame) -> None:
    random = np.random.default_rng(6)
    chosen = {int(at): str(random.choice(CHOICES)) for at in random.permutation(SIZE)[:40]}
    decisions.record_decisions(store, [decision(f"d{at}", at, choice) for at, choice in chosen.items()])
    health = health_of(store)

    frame = random_rows.assign(choice=pd.Series(chosen)).fillna({"choice": ""})
    frame["label"] = frame["label"].map(dict(enumerate(CLASSES)))
    frame["suggested"] = frame["suggested"].map(dict(enumerate(CLASSES)))
    frame["flagged"] = frame["label_score"] < LINES["balanced"]
    is_corrected = frame["choice"].isin(CLASSES) & (frame["choice"] != frame["label"])
    for label in CLASSES:
        own = frame[frame["label"] == label]
        row = health.loc[label]
        assert row["examples"] == len(own)
        assert row["flagged"] == own["flagged"].sum()
        assert row["to_review"] == (own["flagged"] & (own["choice"] == "")).sum()
        assert row["reviewed"] == (own["choice"] != "").sum()
        assert row["corrected"] == is_corrected[own.index].sum()
        assert row["excluded"] == (own["choice"] == "exclude").sum()
        assert row["arrived"] == (is_corrected & (frame["choice"] == label)).sum()
        assert row["predicted"] == (frame["predicted"] == CLASSES.index(label)).sum()
        suggested = own.loc[own["flagged"], "suggested"].value_counts()
        assert row["suggested_count"] == suggested.max()
        assert suggested[row["suggested"]] == suggested.max()
        is_open = ~own["choice"].isin(["keep", "exclude", *CLASSES])
        wrong = is_corrected[own.index].sum() + (own["choice"] == "exclude").sum()
        assert row["wrong"] == pytest.approx(wrong + (1 - own.loc[is_open, "label_score"]).sum(), rel=1e-5)
        assert row["share"] == pytest.approx(row["wrong"] / len(own))
        assert row["low"] <= row["wrong"] <= row["high"]


def test_the_worst_class_comes_first(store: Store) -> None:
    health = health_of(store)
    assert health.reset_index().columns.tolist() == list(HEALTH_COLUMNS)
    assert health["share"].is_monotonic_decreasing


def test_a_merged_class_is_counted_with_the_other(store: Store, random_rows: pd.DataFrame) -> None:
    classes.replace_class(store, DATASET, "fear", "anger", "lea")
    decisions.record_decisions(store, [decision("a", 0, "joy")])
    health = health_of(store)
    assert health.index.sort_values().tolist() == ["anger", "joy"]
    assert health.loc["anger", "examples"] == (random_rows["label"] < 2).sum()
    assert health.loc["anger", "predicted"] == (random_rows["predicted"] < 2).sum()
    # What merged classes were taken for one another is settled: all that is left is suggested to be joy.
    assert health.loc["anger", "suggested"] == "joy"
    settled = (random_rows["label"] < 2) & (random_rows["suggested"] < 2)
    is_flagged = random_rows["label_score"] < LINES["balanced"]
    assert health["flagged"].sum() == (is_flagged & ~settled).sum()


def test_a_class_without_examples_is_there(tmp_path: Path) -> None:
    row = {"label": 0, "suggested": 1, "predicted": 0, "label_score": 0.9}
    store = make_review_store(tmp_path / "db", [row, row])
    health = health_of(store)
    assert health.index.tolist() == ["anger", "fear", "joy"]
    assert health.loc["joy", ["examples", "predicted", "suggested", "suggested_count"]].tolist() == [
        0,
        0,
        "",
        0,
    ]
    assert np.isnan(health.loc["joy", "share"])
    store.close()


def test_what_more_people_must_see_still_waits(store: Store, random_rows: pd.DataFrame) -> None:
    flagged = random_rows.index[random_rows["label_score"] < LINES["balanced"]]
    review_plans.set_review_plan(store, DATASET, ReviewPlan(overlap=2))
    decisions.record_decisions(store, [decision("a", int(flagged[0]), "keep")])
    assert health_of(store)["to_review"].sum() == len(flagged)
    decisions.record_decisions(store, [decision("b", int(flagged[0]), "keep", "bea")])
    assert health_of(store)["to_review"].sum() == len(flagged) - 1
