"""A report of a run: its numbers are those of the tables, by plain pandas."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import f1_score

from lane_core.errors import RunError, StoreError
from lane_core.home import Home
from lane_core.reporting.class_health import class_health
from lane_core.reporting.noise import noise_estimate
from lane_core.reporting.report import Report, ReportTable
from lane_core.reporting.report_building import build_report
from lane_core.reporting.report_matrices import most_mixed_up, top_cells
from lane_core.workspace import Workspace
from tests.report_project import make_reviewed_project
from tests.small_project import CLASSES, LINES, SmallProject, make_small_project


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """A home with the reviewed project. No test changes it."""
    workspace = Workspace(Home(tmp_path_factory.mktemp("report") / "lane"))
    yield workspace
    workspace.close()


@pytest.fixture(scope="module")
def project(opened: Workspace) -> SmallProject:
    return make_reviewed_project(opened)


@pytest.fixture(scope="module")
def report(opened: Workspace, project: SmallProject) -> Report:
    return build_report(opened, project.run.run_id)


@pytest.fixture(scope="module")
def results(opened: Workspace, project: SmallProject) -> pd.DataFrame:
    """The rows of the newest epoch as the worker wrote them, with label and split of the run."""
    run_dir = opened.run_dir(project.run.run_id)
    return run_dir.read_event("epoch", 2).merge(run_dir.examples(), on="index")


def frame(report: Report, caption: str) -> pd.DataFrame:
    return report.tables[caption].frame


def paragraphs(report: Report, anchor: str) -> str:
    [section] = [section for section in report.sections if section.anchor == anchor]
    return " ".join(part for part in section.parts if isinstance(part, str))


def test_the_sections_come_in_order(report: Report) -> None:
    assert [section.anchor for section in report.sections] == [
        "summary", "findings", "classes", "pairs", "similarity", "confusion", "dynamics", "review", "comparison",
        "worst", "method",
    ]  # fmt: skip
    assert report.title == "Label audit of Small project"
    assert report.subtitle == "Run 2 on small.csv, after epoch 2."


def test_the_summary_counts_what_the_tables_hold(
    opened: Workspace, project: SmallProject, report: Report, results: pd.DataFrame
) -> None:
    rows = {row[0]: tuple(row[1:]) for row in report.tables["The run in numbers"].rows()}
    assert rows["Examples"] == ("24", "")
    for strictness, line in LINES.items():
        flagged = results["label_score"].astype("float64") < line
        wrong = (1 - results.loc[flagged, "label_score"].astype("float64")).mean()
        assert rows[f"Flagged, {strictness}"] == (
            str(flagged.sum()),
            f"about {wrong:.0%} of these expected wrong".replace("%", " %"),
        )
    assert [
        rows[name][0] for name in ("Reviewed", "Corrected", "Kept", "Excluded", "Second opinion wanted")
    ] == list("42011")
    noise = noise_estimate(opened.store, project.run.run_id)
    assert rows["Wrong labels, estimated"][0] == f"{noise.wrong.value:,.0f}"
    assert rows["Wrong labels, estimated"][1].startswith(
        f"95 %: {noise.wrong.low:,.0f} to {noise.wrong.high:,.0f}; "
    )
    test = results[results["split"] == "test"]
    assert rows["Macro F1, test"][0] == "0.800"  # as the events say
    assert len(test) == 3
    assert paragraphs(report, "summary") == (
        "Run 2 flags 2 of 24 labels at the strictness “balanced” (best use of time); people have reviewed 4 examples "
        "and corrected 2."
    )


def test_each_class_stands_as_the_tables_say(
    opened: Workspace, project: SmallProject, report: Report, results: pd.DataFrame
) -> None:
    shown = frame(report, "How each class stands").set_index("Class")
    given = results["given_label"]
    assert shown["Labels"].to_dict() == given.value_counts().to_dict()
    is_flagged = results["label_score"].astype("float64") < LINES["balanced"]
    assert shown["Flagged"].to_dict() == {name: int(is_flagged[given == name].sum()) for name in CLASSES}
    health = class_health(opened.store, project.run.run_id, noise_estimate(opened.store, project.run.run_id))
    assert shown["Expected wrong"].tolist() == health["wrong"].tolist()
    assert shown["95 % interval"].tolist() == list(zip(health["low"], health["high"], strict=True))


def test_pairs_and_worst_labels_are_those_of_the_flagged(report: Report, results: pd.DataFrame) -> None:
    flagged = results[results["label_score"].astype("float64") < LINES["balanced"]]
    suggested = np.array(CLASSES, dtype=object)[flagged["suggested"]]
    expected = pd.Series(list(zip(flagged["given_label"], suggested, strict=True))).value_counts()
    pairs = frame(report, "Flagged labels by pair")
    found = dict(
        zip(zip(pairs["Given label"], pairs["Suggested label"], strict=True), pairs["Flagged"], strict=True)
    )
    assert found == expected.to_dict()
    assert pairs["Of all flagged"].tolist() == (pairs["Flagged"] / len(flagged)).tolist()
    worst = frame(report, "Worst labels first")
    in_order = flagged.sort_values("label_score")
    assert worst["Id"].tolist() == in_order["example_id"].tolist() == ["003", "005"]
    assert worst["Label score"].tolist() == in_order["label_score"].tolist()
    assert worst["Now"].tolist() == ["corrected to joy", "not reviewed"]
    assert worst["Text"].iloc[0] == "text number 3, with a comma"


def test_another_strictness_flags_other_labels(opened: Workspace, project: SmallProject) -> None:
    report = build_report(opened, project.run.run_id, "sure")
    assert frame(report, "Worst labels first")["Id"].tolist() == ["003"]
    assert "flags 1 of 24 labels at the strictness “sure”" in paragraphs(report, "summary")


def test_matrices_hold_the_highest_cells(report: Report, results: pd.DataFrame) -> None:
    similar = frame(report, "Most similar classes")
    # small_project: anger for fear 0.2, fear for anger 0.25, and so on.
    assert similar.iloc[0].tolist() == ["fear", "anger", 0.25]
    assert len(similar) == 6
    predicted = np.array(CLASSES, dtype=object)[results["held_out_predicted"]]
    confusion = pd.crosstab(results["given_label"], predicted)
    shown = frame(report, "Most frequent disagreements")
    for row in shown.itertuples(index=False):
        assert row.Examples == confusion.loc[row.Given, row.Predicted]
    agreeing = (results["given_label"] == predicted).sum()
    assert f"predict the given label of {agreeing} of 24 examples" in paragraphs(report, "confusion")


def test_many_classes_are_cut_down_to_those_mixed_up_most() -> None:
    names = [f"class {number}" for number in range(5)]
    matrix = pd.DataFrame(np.eye(5) * 9, index=names, columns=names)
    matrix.loc["class 3", "class 1"] = 2
    matrix.loc["class 4", "class 0"] = 1
    assert most_mixed_up(matrix, 5) is matrix
    assert (
        list(most_mixed_up(matrix, 2).index)
        == list(most_mixed_up(matrix, 2).columns)
        == ["class 1", "class 3"]
    )
    assert top_cells(matrix, "To", "N").values.tolist() == [
        ["class 3", "class 1", 2.0],
        ["class 4", "class 0", 1.0],
    ]


def test_margins_weights_and_map_are_those_of_the_training_examples(
    report: Report, results: pd.DataFrame
) -> None:
    train = results[results["split"] == "train"]
    [margins] = frame(report, "The distribution of the margins (logits)").to_dict("records")
    assert margins["Training examples"] == len(train) == 18
    assert margins["ALM below 0"] == pytest.approx((train["alm"] < 0).mean())
    assert margins["ALM below μ"] == pytest.approx((train["alm"] < -1.5).mean())
    assert margins["50 % lie below"] == pytest.approx(np.quantile(train["alm"], 0.5))
    is_flagged = train["label_score"].astype("float64") < LINES["balanced"]
    weights = frame(report, "Training weights")
    for name, rows in (("flagged", train[is_flagged]), ("not flagged", train[~is_flagged])):
        [shown] = weights[(weights["Epoch"] == 2) & (weights["Labels"] == name)].to_dict("records")
        assert shown["Examples"] == len(rows)
        assert shown["Mean weight"] == pytest.approx(rows["weight"].mean())
    thirds = frame(report, "Thirds of the training examples on the data map").set_index("Third")
    confidence = np.exp(train["given_log_probability"])  # the same in both epochs
    hard = np.argsort(confidence.to_numpy(), kind="stable")[: round(len(train) / 3)]
    assert thirds.loc["hard to learn", "Examples"] == len(hard)
    assert thirds.loc["hard to learn", "Mean confidence"] == pytest.approx(
        confidence.to_numpy()[hard].mean(), rel=1e-5
    )
    assert thirds.loc["hard to learn", "Flagged"] == is_flagged.to_numpy()[hard].sum()


def test_epochs_show_the_metrics(opened: Workspace, project: SmallProject, report: Report) -> None:
    run_dir = opened.run_dir(project.run.run_id)
    metrics = pd.concat([run_dir.read_event("metrics", epoch) for epoch in (1, 2)])
    epochs = frame(report, "Epoch by epoch")
    assert epochs["Loss θ (nats)"].tolist() == metrics["theta_loss"].tolist()
    assert epochs["Flagged"].tolist() == metrics["num_flagged"].tolist()
    assert frame(report, "Macro F1 by epoch")["Test"].tolist() == metrics["test_macro_f1"].tolist()


def test_the_review_moved_what_the_decisions_say(report: Report) -> None:
    moves = frame(report, "What became of the labels")
    # 3 and 12 from anger to joy; 7, given as fear, excluded.
    assert moves.values.tolist() == [["anger", "joy", 2], ["fear", "(excluded)", 1]]
    said = paragraphs(report, "review")
    assert "2 labels of 24 differ from the file; 1 example excluded." in said
    agreement = frame(report, "How far people agree").set_index("Agreement")
    # Of 3 and 7, which two people decided on, they agree on 3.
    assert agreement.loc["Same answer", "Value"] == "50 %"
    assert "2 examples were decided on by at least two people" in said


def test_two_runs_stand_side_by_side(opened: Workspace, project: SmallProject, report: Report) -> None:
    table = frame(report, "The two runs side by side").set_index("What")
    assert table.loc["Flagged"].tolist() == [3, 2]
    assert table.loc["Flagged by one run only"].tolist() == [2, 1]  # 7 and 11 against 5
    results = {}
    for run in ("run-1", "run-2"):
        run_dir = opened.run_dir(run)
        held_out = run_dir.read_event("epoch", 2).merge(run_dir.examples(), on="index")
        held_out = held_out[held_out["split"] == "test"]
        results[run] = f1_score(
            held_out["given_label"], np.array(CLASSES)[held_out["predicted"]], average="macro"
        )
    f1 = frame(report, "Macro F1 on the same held-out labels").iloc[0]
    assert f1[["Run 1", "Run 2"]].tolist() == pytest.approx([results["run-1"], results["run-2"]])


def test_how_it_was_made_is_enough_to_repeat_it(project: SmallProject, report: Report) -> None:
    made = dict(report.tables["Data, settings and versions"].rows())
    assert made["SHA-256 of the file"] == project.dataset.source_sha256
    assert (made["Preset"], made["Epochs"], made["Seed"]) == ("default", "2", "0")
    assert made["Epochs done"] == "2 of 2"
    assert made["Time in training steps"] == "2 s"
    assert made["Strictness of this report"] == "balanced"


def test_an_unreviewed_first_run_says_what_is_not_there_yet(workspace: Workspace) -> None:
    project = make_small_project(workspace)
    report = build_report(workspace, project.run.run_id)
    assert paragraphs(report, "review").startswith("No label differs from the file.")
    assert paragraphs(report, "comparison") == "There is no finished run before this one."


def test_missing_numbers_are_dashes() -> None:
    table = ReportTable("t", pd.DataFrame({"a": ["x", "y"], "b": [1.5, None]}), {"b": "{:.1f}".format})
    assert table.rows() == [["x", "1.5"], ["y", "–"]]
    assert [table.is_number(name) for name in "ab"] == [False, True]


def test_a_run_that_cannot_be_reported_is_told(workspace: Workspace) -> None:
    project = make_small_project(workspace)
    with pytest.raises(StoreError, match="There is no run 'nope'"):
        build_report(workspace, "nope")
    with workspace.store.transaction() as cursor:
        cursor.execute("delete from ingested_files where run_id = ?", [project.run.run_id])
    with pytest.raises(RunError, match=r"Run 1 \(run-1\) has no complete epoch yet"):
        build_report(workspace, project.run.run_id)
