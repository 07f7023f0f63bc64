"""Runs compared in depth: each number worked out by hand, each door opened.

Run 1 flags 3, 7, 11 of 24 examples (anger, fear, joy in turn); then 3 and 18 became fear, 7 became joy and 22 was
excluded; run 2 trained on that and flags 7, 14, 22.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from app.components.run_comparison import change_in_words
from app.services import comparing, comparing_labels, comparing_ranks, comparing_scores
from app.services.workspaces import workspace
from lane_core.charts.label_moves import label_moves
from lane_core.charts.rank_movement import rank_movement
from lane_core.evidence.paired_f1 import Difference
from lane_core.records import Decision, QueueFilter
from lane_core.store import classes, decisions
from lane_core.store.review_queries import review_queue
from lane_core.workspace import Workspace
from tests.small_project import CLASSES, SmallProject, add_finished_run
from tests.tooltips import tooltip

MAIN = str(Path(__file__).resolve().parent.parent / "app" / "main.py")
CORRECTIONS = ((3, "fear"), (18, "fear"), (7, "joy"), (22, None))
NAN = float("nan")


def decide(opened: Workspace, project: SmallProject, index: int, label: str | None) -> None:
    action = "exclude" if label is None else "relabel"
    taken = Decision(
        uuid4().hex, project.dataset.dataset_id, index, action, label, CLASSES[index % 3], None, "anna"
    )
    decisions.record_decisions(opened.store, [taken])


@pytest.fixture
def two_runs(small_project: SmallProject, home) -> SmallProject:
    opened = Workspace(home)
    for index, label in CORRECTIONS:
        decide(opened, small_project, index, label)
    add_finished_run(opened, small_project.dataset, "Run 2", suspects=(7, 14, 22))
    opened.close()
    return small_project


def open_page() -> AppTest:
    at = AppTest.from_file(MAIN, default_timeout=30).switch_page("../pages/runs.py").run()
    assert not at.exception
    return at


def said(at: AppTest) -> str:
    return "\n".join(element.value for element in [*at.main.markdown, *at.main.caption])


def button(at: AppTest, label: str):
    return next(element for element in at.main.button if element.label == label)


def queue(filters: QueueFilter, run_id: str = "run-2") -> set[int]:
    return set(review_queue(workspace().store, run_id, filters, limit=99)["index"])


@contextmanager
def opened_queues(monkeypatch) -> Iterator[list[QueueFilter]]:
    opened: list[QueueFilter] = []
    monkeypatch.setattr("app.navigation.open_queue", opened.append)
    yield opened


# F1 and classes


def test_the_change_of_f1_is_said_in_words(two_runs, app_home) -> None:
    # Test comes before validation: there both runs are right about both examples.
    assert "**No difference to be seen in test F1**: every resample of the examples gives the same." in said(
        open_page()
    )
    assert change_in_words("test", Difference(0.7, 0.669, -0.049, -0.012)) == (
        "**Test F1 fell by 0.031** (0.012 to 0.049, 95 % interval)."
    )
    assert change_in_words("test", Difference(0.7, 0.7, -0.01, 0.01)).startswith(
        "**No sure difference in test F1**: 0.000"
    )
    assert change_in_words("test", Difference(0.7, 0.7, NAN, NAN)).startswith("**No difference to be seen")


def test_classes_of_a_split_those_that_lost_most_first(two_runs, app_home) -> None:
    found = comparing_scores.scores("run-2", "run-1")["validation"].by_class.set_index("name")
    # Labels fear, fear, joy; run 2 is right, run 1 says anger, fear, joy.
    assert list(found.index) == ["fear", "joy", "anger"]
    assert found["examples"].tolist() == [2, 1, 0]
    assert found.loc["fear", ["recall_before", "recall_after"]].tolist() == [1.0, 0.5]
    assert found.loc["fear", "change"] == pytest.approx(2 / 3 - 1)
    assert found.loc["anger", ["precision_before", "recall_after"]].isna().all()
    assert found.loc["anger", "precision_after"] == 0


def test_a_class_opens_its_held_out_examples(two_runs, app_home) -> None:
    open_page()
    dataset_id = two_runs.dataset.dataset_id
    assert queue(comparing_scores.class_queue(dataset_id, "validation", CLASSES.index("fear"))) == {18, 19}
    assert queue(comparing_scores.class_queue(dataset_id, "test", CLASSES.index("anger"))) == {21}


def test_a_renamed_class_changes_no_number(two_runs, app_home) -> None:
    open_page()
    before = comparing_scores.scores("run-1", "run-2")["validation"]
    table = comparing.run_table(comparing.run_results(two_runs.dataset.dataset_id))
    classes.replace_class(workspace().store, two_runs.dataset.dataset_id, "fear", "dread", "anna")
    after = comparing_scores.scores("run-1", "run-2")["validation"]
    assert after.overall == before.overall
    assert set(after.by_class["name"]) == {"anger", "dread", "joy"}
    renamed = comparing.run_table(comparing.run_results(two_runs.dataset.dataset_id))
    pd.testing.assert_frame_equal(renamed, table)
    moves = [(move.given_name, move.now_name, move.count) for move in changes(two_runs)]
    assert moves == [("anger", "dread", 2), ("dread", "joy", 1), ("dread", "(excluded)", 1)]


def test_a_merged_class_settles_what_was_in_dispute(two_runs, app_home) -> None:
    open_page()
    # Each suspect is suggested the next class: anger to fear (3), fear to joy (7, then as joy to anger), joy to anger.
    classes.replace_class(workspace().store, two_runs.dataset.dataset_id, "anger", "joy", "anna")
    results = {result.record.name: result for result in comparing.run_results(two_runs.dataset.dataset_id)}
    found = comparing.overlap(results["Run 1"], results["Run 2"])
    # 11 in run 1, 7 and 14 in run 2 are joy taken for anger: settled. Their queues say the same.
    assert (found.only_before, found.both, found.only_after) == (2, 0, 1)
    assert {name: result.findings.flagged for name, result in results.items()} == {"Run 1": 2, "Run 2": 1}
    assert queue(QueueFilter(status="all"), "run-1") == {3, 7}
    assert queue(QueueFilter(status="all"), "run-2") == {22}
    assert found.relabelled == 3
    # Of the validation labels fear, fear, joy, run 1 takes one fear for joy now.
    assert comparing_scores.scores("run-1", "run-2")["validation"].overall.accuracy.before == pytest.approx(
        2 / 3
    )


# Flags and ranks


def test_flags_gained_and_lost_are_queues_of_their_own(two_runs, app_home, monkeypatch) -> None:
    at = open_page()
    with opened_queues(monkeypatch) as opened:
        at.button(key="only_run-1").click().run()
        at.button(key="only_run-2").click().run()
    assert [queue(filters) for filters in opened] == [{3, 11}, {14, 22}]


def test_a_lost_flag_leads_to_the_review_of_that_run(two_runs, app_home) -> None:
    at = open_page()
    at.button(key="only_run-1").click().run()
    assert at.title[0].value == "Review"
    assert at.query_params["run"] == "run-1"
    assert "flagged by Run 1 only" in said(at)


def test_places_are_those_of_the_queues(two_runs, app_home) -> None:
    open_page()
    found = comparing_ranks.movement("run-1", "run-2")
    places = {}
    for run_id in ("run-1", "run-2"):
        everything = QueueFilter(status="all", suspects_only=False)
        order = review_queue(workspace().store, run_id, everything, limit=99)["index"].tolist()
        places[run_id] = {index: place for place, index in enumerate(order, start=1)}
    points = found.points.set_index("index")
    assert points["flagged_by"].to_dict() == {3: "before", 7: "both", 11: "before", 14: "after", 22: "after"}
    assert points["place_before"].to_dict() == {index: places["run-1"][index] for index in points.index}
    assert points["place_after"].to_dict() == {index: places["run-2"][index] for index in points.index}
    moves = [places["run-2"][index] - places["run-1"][index] for index in (3, 7, 11)]
    assert found.median_of_before == sorted(moves)[1]
    one, other = pd.Series(places["run-1"]).sort_index(), pd.Series(places["run-2"]).sort_index()
    assert found.rho == pytest.approx(one.corr(other, method="spearman"))
    assert (found.only_before, found.only_after) == ((3, 11), (14, 22))


def test_many_points_are_a_sample_that_stays_the_same(two_runs, app_home, monkeypatch) -> None:
    open_page()
    monkeypatch.setattr(comparing_ranks, "MOST_POINTS", 2)
    comparing.forget()
    found = comparing_ranks.movement("run-1", "run-2")
    assert (len(found.points), found.num_flagged) == (2, 5)
    comparing.forget()
    assert comparing_ranks.movement("run-1", "run-2").points.equals(found.points)
    monkeypatch.undo()
    comparing.forget()


def test_names_of_runs_are_no_markup_in_the_chart() -> None:
    points = pd.DataFrame({"index": [4], "place_before": [2], "place_after": [9], "flagged_by": ["after"]})
    figure = rank_movement(points, "<b>one</b>", "two & " + "x" * 50)
    assert figure.layout.xaxis.title.text == "place in &lt;b&gt;one&lt;/b&gt; (1 = most suspicious)"
    assert [trace.name for trace in figure.data][1:] == [
        "flagged by both", "only by &lt;b&gt;one&lt;/b&gt;", f"only by two &amp; {'x' * 23}…"
    ]  # fmt: skip
    assert list(figure.data[3].customdata) == [4]
    assert (figure.layout.xaxis.type, figure.layout.yaxis.type) == ("log", "log")


# What the review changed


def changes(project: SmallProject) -> list[comparing_labels.Move]:
    return [move for move in comparing_labels.label_moves(project.dataset.dataset_id).moves if move.is_change]


def test_without_a_change_the_next_step_is_the_review(small_project, app_home) -> None:
    at = open_page()
    assert "Every label stands as in the file." in said(at)
    button(at, "Review the suspects").click().run()
    assert at.title[0].value == "Review"


def test_what_the_review_changed_is_counted_and_each_change_is_a_queue(
    two_runs, app_home, monkeypatch
) -> None:
    at = open_page()
    assert "**3 labels were corrected and 1 example was excluded**: 17 % of 24." in said(at)
    box = at.selectbox(key="label_move")
    assert box.options == [
        "anger → fear (2)", "fear → joy (1)", "fear → (excluded) (1)", "joy → joy (8)", "anger → anger (6)",
        "fear → fear (6)",
    ]  # fmt: skip
    with opened_queues(monkeypatch) as opened:
        for move, examples in zip(changes(two_runs), ({3, 18}, {7}, {22}), strict=True):
            box.set_value(f"{move.given}:{'' if move.now is None else move.now}").run()
            button(at, f"Review {move.count} example{'' if move.count == 1 else 's'}").click().run()
            assert queue(opened[-1]) == examples
    found = comparing_labels.label_moves(two_runs.dataset.dataset_id)
    assert found.counts.to_numpy().tolist() == [[6, 2, 0], [0, 6, 1], [0, 0, 8]]
    assert found.excluded.tolist() == [0, 1, 0]
    assert comparing_labels.moves_csv(found).decode().splitlines()[:4] == [
        "label_in_file,label_now,examples", "anger,fear,2", "fear,joy,1", "fear,,1"
    ]  # fmt: skip


def test_of_many_classes_only_those_with_a_change_are_drawn(two_runs, app_home, monkeypatch) -> None:
    open_page()
    decide(workspace(), two_runs, 3, "anger")
    decide(workspace(), two_runs, 18, "anger")
    monkeypatch.setattr(comparing_labels, "MOST_CLASSES_WHOLE", 2)
    found = comparing_labels.label_moves(two_runs.dataset.dataset_id)
    assert list(found.counts.index) == ["fear", "joy"]
    assert found.num_classes == 3


def test_the_matrix_has_a_column_for_exclusions_and_no_markup() -> None:
    names = ["<i>a</i>", "(excluded)"]
    counts = pd.DataFrame([[5, 2], [0, 7]], index=names, columns=names)
    figure = label_moves(counts, pd.Series([1, 0], index=names))
    colours, doors = figure.data
    assert pd.DataFrame(colours.z).fillna(-1).to_numpy().tolist() == [[-1, 2, 1], [0, -1, 0]]
    assert list(zip(doors.y, doors.x, strict=True)) == [divmod(point, 3) for point in range(6)]
    assert [tooltip(figure, point) for point in range(6)] == [
        "Examples &lt;i&gt;a&lt;/i&gt; in the file, &lt;i&gt;a&lt;/i&gt; now: 5",
        "Examples &lt;i&gt;a&lt;/i&gt; in the file, (excluded) now: 2",
        "Examples &lt;i&gt;a&lt;/i&gt; in the file, excluded now: 1",
        "Examples (excluded) in the file, &lt;i&gt;a&lt;/i&gt; now: 0",
        "Examples (excluded) in the file, (excluded) now: 7",
        "Examples (excluded) in the file, excluded now: 0",
    ]
    assert figure.layout.yaxis.labelalias["0"] == "&lt;i&gt;a&lt;/i&gt;"
    assert len(figure.layout.xaxis.categoryarray) == 3


@pytest.mark.parametrize("num_classes", [5, 28, 77, 150])
def test_the_matrix_stays_on_a_screen(num_classes: int) -> None:
    names = [f"class number {place}" for place in range(num_classes)]
    counts = pd.DataFrame(0, index=names, columns=names)
    figure = label_moves(counts, pd.Series(1, index=names))
    assert figure.layout.width < 850
    assert figure.layout.xaxis.fixedrange == (num_classes <= 40)
