"""Training dynamics of the small project: every number computed again from its files or by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from app.services import dynamics, dynamics_map
from app.services.workspaces import workspace
from lane_core.evidence.cartography import regions
from lane_core.runs.cartography import read_cartography
from lane_core.runs.run_dir import RunDir
from lane_core.store import dynamics_queries as queries
from lane_core.store.review_queries import review_queue
from lane_core.workspace import Workspace
from tests.small_project import SmallProject, make_small_project

TRAINING = range(18)
SUSPECTS = [3, 7, 11]


@pytest.fixture
def project(workspace: Workspace) -> SmallProject:
    return make_small_project(workspace)


def test_margins_and_weights_are_of_the_training_examples(
    workspace: Workspace, project: SmallProject
) -> None:
    run_id = project.run.run_id
    found = queries.training_margins(workspace.store, run_id, 2).sort_values("index")
    assert found["index"].tolist() == list(TRAINING)
    # ALM in epoch t: suspects -1 - t, others 1 + t.
    assert found["alm"].tolist() == [-3.0 if index in SUSPECTS else 3.0 for index in TRAINING]
    assert queries.alm_span(workspace.store, run_id, 0.0) == (-3.0, 3.0)
    assert queries.alm_span(workspace.store, "unknown", 0.0) is None
    bands = queries.weight_bands(workspace.store, run_id)
    assert bands["epoch"].tolist() == [1, 1, 2, 2]
    assert bands["is_flagged"].tolist() == [False, True, False, True]
    assert bands["num_examples"].tolist() == [15, 3, 15, 3]
    assert bands["mean"].tolist() == [1.0, 0.25, 1.0, 0.25]


def test_bands_are_those_of_pandas(workspace: Workspace, project: SmallProject) -> None:
    run_id = project.run.run_id
    weights = np.random.default_rng(2).uniform(0, 1, 24).astype(np.float32)
    with workspace.store.transaction() as cursor:
        for index, weight in enumerate(weights.tolist()):
            cursor.execute(
                "update example_epochs set weight = ? where run_id = ? and index = ?", [weight, run_id, index]
            )
    rows = pd.DataFrame({"weight": weights[:18].astype(float), "is_flagged": np.isin(TRAINING, SUSPECTS)})
    groups = rows.groupby("is_flagged")["weight"]
    found = queries.weight_bands(workspace.store, run_id).query("epoch == 2")
    np.testing.assert_allclose(found["mean"], groups.mean(), rtol=1e-6)
    np.testing.assert_allclose(found["low"], groups.quantile(0.1), rtol=1e-6)
    np.testing.assert_allclose(found["high"], groups.quantile(0.9), rtol=1e-6)


def test_class_means_are_of_the_training_examples_alone(workspace: Workspace, project: SmallProject) -> None:
    run_id = project.run.run_id
    with workspace.store.transaction() as cursor:
        # Index 18 is held out and given anger: it must not move the mean.
        cursor.execute("update example_epochs set alm = 1000 where run_id = ? and index = 18", [run_id])
    found = queries.class_means(workspace.store, run_id, [0, 6])
    # Anger: indices 0, 3, ..., 15, of which 3 is a suspect.
    assert found[["label", "epoch"]].to_numpy().tolist() == [["anger", 1], ["anger", 2]]
    assert found["alm"].tolist() == pytest.approx([(5 * 2 - 2) / 6, (5 * 3 - 3) / 6])
    assert found["margin"].tolist() == pytest.approx([(5 * 1.5 - 2) / 6, (5 * 3 - 4) / 6])
    assert queries.class_means(workspace.store, run_id, []).empty


def test_ids_and_held_out_labels_that_the_run_does_not_predict(
    workspace: Workspace, project: SmallProject
) -> None:
    run_id = project.run.run_id
    assert queries.examples_with_id(workspace.store, run_id, "007") == [7]
    assert queries.examples_with_id(workspace.store, run_id, "7'") == []
    assert queries.example_ids(workspace.store, run_id)[23] == "023"
    assert queries.held_out_against(workspace.store, run_id).tolist() == []
    with workspace.store.transaction() as cursor:
        # 19 is validation and given fear (1), 22 test and given fear; 1 is trained on.
        cursor.execute(
            "update example_results set predicted = 0 where run_id = ? and index in (1, 19, 22)", [run_id]
        )
    assert queries.held_out_against(workspace.store, run_id).tolist() == [19, 22]


def test_cartography_from_the_epoch_files(workspace: Workspace, project: SmallProject) -> None:
    run_dir = workspace.run_dir(project.run.run_id)
    found = read_cartography(run_dir, (1, 2))
    assert found is not None
    frames = [run_dir.read_event("epoch", epoch) for epoch in (1, 2)]
    given = np.exp([frame["given_log_probability"] for frame in frames], dtype=float)
    np.testing.assert_allclose(found.confidence, given.mean(axis=0), rtol=1e-6)
    np.testing.assert_allclose(found.variability, given.std(axis=0), atol=1e-9)
    assert found.correctness.tolist() == [0.0 if index in SUSPECTS else 1.0 for index in range(24)]
    only = read_cartography(run_dir, (2, 9))
    assert only is not None
    assert only.epochs == (2,)
    assert read_cartography(run_dir, ()) is None
    assert read_cartography(RunDir(run_dir.path / "nowhere"), (1, 2)) is None


def test_scores_of_a_finished_run_outlive_its_dropped_history(
    workspace: Workspace, project: SmallProject
) -> None:
    run_dir = workspace.run_dir(project.run.run_id)
    scores = pd.DataFrame(
        {"index": range(24), "confidence": 0.5, "variability": 0.1, "correctness": np.linspace(0, 1, 24)}
    )
    run_dir.result.mkdir()
    scores.to_parquet(run_dir.scores_file, index=False)
    workspace.drop_history(project.run.run_id)
    found = read_cartography(run_dir, (1, 2))
    assert found is not None
    assert found.epochs == (1, 2)
    assert found.correctness.tolist() == scores["correctness"].tolist()


def test_regions_are_thirds() -> None:
    confidence = np.array([0.9, 0.1, 0.5, 0.2, 0.8, 0.6])
    found = regions(confidence, np.array([0.0, 0.3, 0.1, 0.2, 0.05, 0.15]))
    assert np.flatnonzero(found.hard).tolist() == [1, 3]
    assert np.flatnonzero(found.easy).tolist() == [0, 4]
    assert np.flatnonzero(found.ambiguous).tolist() == [1, 3]
    assert not regions(confidence, np.zeros(6)).ambiguous.any()
    assert regions(np.empty(0), np.empty(0)).hard.tolist() == []


def test_a_marked_region_holds_all_inside_drawn_or_not(
    small_project: SmallProject, app_home: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dynamics_map, "MOST_DRAWN", 8)
    dynamics_map.forget()
    found = dynamics_map.data_map(small_project.run.run_id)
    dynamics_map.forget()
    assert found is not None
    assert found.frame["index"].tolist() == list(TRAINING)
    assert len(found.drawn) == 8
    assert set(SUSPECTS) <= set(found.drawn["index"])
    # Suspects lie at confidence exp(-3) = 0.05, all others at exp(-0.2) = 0.82.
    low = {"lasso": [{"x": [-1, 1, 1, -1], "y": [0, 0, 0.1, 0.1]}], "box": []}
    assert found.indices(found.marked(low)).tolist() == SUSPECTS
    high = {"lasso": [], "box": [{"x": [1, -1], "y": [0.9, 0.7]}]}
    assert found.marked(high).sum() == 15
    assert found.num_flagged(found.marked(low)) == 3
    both = {"lasso": low["lasso"], "box": high["box"]}
    assert found.marked(both).all()
    assert not found.marked({"lasso": [], "box": []}).any()


def test_any_examples_become_a_queue(small_project: SmallProject, app_home: object) -> None:
    run_id = small_project.run.run_id
    filters = dynamics.queue_of(run_id, np.array([5, 20, 2]), "marked on the data map")
    assert review_queue(workspace().store, run_id, filters, 9)["index"].tolist() == [2, 5, 20]


def test_search_finds_ids_first_and_texts_of_a_class(small_project: SmallProject, app_home: object) -> None:
    run_id = small_project.run.run_id
    assert dynamics.search(run_id, "007", None)["index"].tolist() == [7]
    assert dynamics.search(run_id, "NUMBER 1,", None)["index"].tolist() == [1]
    # 007 is given fear.
    assert dynamics.search(run_id, "007", "anger").empty
    assert set(dynamics.search(run_id, "", "joy")["index"]) == {2, 5, 8, 11, 14, 17, 20, 23}
    assert dynamics.worst(run_id)["index"].tolist() == SUSPECTS
    assert dynamics.examples(run_id, [9, 4, 99])["index"].tolist() == [9, 4]


def test_a_method_without_weights_has_no_curve(small_project: SmallProject, app_home: object) -> None:
    run_id = small_project.run.run_id
    shown = dynamics.margins(run_id, 2)
    assert (shown.mu, shown.sigma, shown.below.tolist()) == (-1.5, 0.4, SUSPECTS)
    with workspace().store.transaction() as cursor:
        cursor.execute("update example_epochs set weight = 1 where run_id = ?", [run_id])
    shown = dynamics.margins(run_id, 2)
    assert (shown.mu, shown.has_weights, len(shown.below)) == (None, False, 0)


def test_tables_name_the_examples_as_people_do(small_project: SmallProject, app_home: object) -> None:
    frame = pd.DataFrame({"index": [3, 1], "alm": [-3.0, 1 / 3]})
    named = dynamics.with_ids(small_project.run.run_id, frame)
    assert dynamics.as_csv(named) == b"example_id,alm\n003,-3\n001,0.333333\n"


def test_history_says_what_is_missing(small_project: SmallProject, app_home: object) -> None:
    run_id = small_project.run.run_id
    assert dynamics.history(run_id) == dynamics.History(2, (1, 2), ())
    workspace().drop_history(run_id)
    found = dynamics.history(run_id)
    assert (found.newest, found.epochs) == (2, (2,))
    assert found.gaps[0].startswith("What single examples did in epoch 1 was dropped")
    with workspace().store.transaction() as cursor:
        cursor.execute("delete from ingested_files where run_id = ? and epoch = 1", [run_id])
    assert dynamics.history(run_id).gaps[0].startswith("The numbers of epoch 1 are not read in")
    assert dynamics.history("unknown") == dynamics.History(0, (), ())
