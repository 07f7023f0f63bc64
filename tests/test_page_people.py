"""The People page on decisions whose agreement was worked out by hand."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from app.components.people_words import (
    alpha_meaning,
    interval_words,
    kappa_meaning,
    percent_meaning,
    value_words,
)
from app.components.plain_text import plain
from app.services import backups, people, people_consensus
from app.services.workspaces import workspace
from lane_core.evidence.agreement import Agreement
from lane_core.evidence.consensus import crowdlab
from lane_core.home import Home
from lane_core.records import ColumnChoice, Decision, ReviewPlan
from lane_core.store import classes, decisions
from lane_core.workspace import Workspace
from tests.small_project import CLASSES, SmallProject

MAIN = str(Path(__file__).resolve().parent.parent / "app" / "main.py")
NAN = float("nan")
ANA = ("keep", "keep", "keep", "fear", "exclude", "flag", "keep", "flag")
BEN = ("keep", "joy", "keep", "fear", "keep", "keep")
"""What two people say on the first examples, whose labels are anger, fear, joy, anger, fear, joy, anger, fear: they
agree on 0, 2 and 3, disagree on 1 (fear, joy) and 4 (excluded, fear), and share no other example."""


def open_page(annotator: str = "lead") -> AppTest:
    at = AppTest.from_file(MAIN, default_timeout=30)
    at.session_state["annotator"] = annotator
    at.switch_page("../pages/people.py").run()
    assert not at.exception
    assert at.title[0].value == "People"
    return at


def said(at: AppTest) -> str:
    return "\n".join(element.value for element in [*at.main.markdown, *at.main.caption])


def control(at: AppTest, kind: str, name: str):
    return next(element for element in at.get(kind) if (element.key or "").startswith(name))


def metrics(at: AppTest) -> dict[str, str]:
    return {element.label: element.value for element in at.metric}


def decision(
    project: SmallProject,
    annotator: str,
    index: int,
    choice: str,
    seconds: float = 2.0,
    *,
    is_settling: bool = False,
) -> Decision:
    action, label = (choice, None) if choice in ("keep", "exclude", "flag") else ("relabel", choice)
    return Decision(
        uuid4().hex, project.dataset.dataset_id, index, action, label, CLASSES[index % 3], project.run.run_id,
        annotator, seconds, is_settling=is_settling,
    )  # fmt: skip


def decide(
    project: SmallProject, annotator: str, index: int, choice: str, *, is_settling: bool = False
) -> None:
    taken = decision(project, annotator, index, choice, is_settling=is_settling)
    decisions.record_decisions(workspace().store, [taken])


@pytest.fixture
def reviewed(small_project: SmallProject, app_home: Home) -> SmallProject:
    """The project after ana, in 2 s a decision, and ben, in 4 s, have decided."""
    taken = [
        decision(small_project, annotator, index, choice, seconds)
        for annotator, choices, seconds in (("ana", ANA, 2.0), ("ben", BEN, 4.0))
        for index, choice in enumerate(choices)
    ]
    decisions.record_decisions(workspace().store, taken)
    return small_project


# How the review is shared


def drawn(index: int) -> float:
    number = index
    for _ in range(2):
        number = ((number ^ number >> 16) * 73244475) & 0xFFFFFFFF
    return (number ^ number >> 16) / 2**32


def test_without_a_project_the_page_leads_to_the_import(app_home: Home) -> None:
    at = open_page()
    assert [element.label for element in at.main.button] == ["Import a file"]


def test_a_plan_is_counted_before_it_is_saved_and_kept_afterwards(small_project, app_home: Home) -> None:
    at = open_page()
    assert "Each of the 24 examples is decided by 1 person: 24 decisions in all." in said(at)
    assert control(at, "slider", "share").disabled
    assert at.button(key="save_plan").disabled
    control(at, "radio", "overlap").set_value(3).run()
    assert "Each of the 24 examples is decided by 3 people: 72 decisions in all." in said(at)
    control(at, "slider", "share").set_value(40).run()
    shared = sum(drawn(index) < 0.4 for index in range(24))
    words = f"{shared} of 24 examples are decided by 3 people, the others by 1: {24 + 2 * shared} decisions in all."
    assert 0 < shared < 24
    assert words in said(at)
    control(at, "toggle", "blind").set_value(True)
    control(at, "number_input", "lease").set_value(25).run()
    assert people.plan(small_project.dataset.dataset_id) == ReviewPlan()
    at.button(key="save_plan").click().run()
    assert at.success[0].value.startswith("Saved.")
    assert people.plan(small_project.dataset.dataset_id) == ReviewPlan(3, 0.4, True, 25)
    assert at.button(key="save_plan").disabled
    assert words in said(open_page())


def test_a_share_that_the_slider_cannot_show_is_not_changed_by_looking(small_project, app_home: Home) -> None:
    people.save_plan(small_project.dataset.dataset_id, ReviewPlan(2, 0.123))
    at = open_page()
    assert control(at, "slider", "share").value == 12
    assert at.button(key="save_plan").disabled


# Agreement


def test_nobody_and_one_person_are_told_how_to_begin(small_project, app_home: Home) -> None:
    dataset_id, name = small_project.dataset.dataset_id, "**ana** <b>$x$</b>"
    at = open_page()
    assert "Nobody has decided on anything yet." in said(at)
    assert not at.metric
    decide(small_project, name, 0, "keep")
    at.run()
    assert f"So far only {plain(name)} has decided." in said(at)
    at.button(key="begin_sharing").click().run()
    assert people.plan(dataset_id) == ReviewPlan(2, 0.3)
    assert at.success[0].value.startswith("Saved.")
    assert "2 people are to decide on 30 % of the examples" in said(at)
    decide(small_project, "ben", 1, "keep")
    at.run()
    assert "2 people have decided so far, no two of them on the same example." in said(at)


def test_agreement_is_that_of_the_table_worked_out_by_hand(reviewed, app_home: Home) -> None:
    at = open_page()
    # Same on 3 of 5. Kappa: by chance 1/5 * 1/5 + 2/5 * 2/5 + 1/5 * 2/5 = 0.28, so (0.6 - 0.28) / 0.72.
    # Alpha: 2 anger, 4 fear, 3 joy, 1 excluded: 1 - 9 * 4 / (2 * 8 + 4 * 6 + 3 * 7 + 1 * 9).
    assert metrics(at) == {"Same answer": "60 %", "Cohen's kappa": "0.44", "Krippendorff's alpha": "0.49"}
    assert "On 5 examples that at least two of 2 people decided on" in said(at)
    assert "chose the same in 60 % of the cases" in said(at)
    table = at.dataframe[0].value
    assert table[["name", "chosen", "agreement"]].values.tolist() == [
        ["(excluded)", 1, 0.0],
        ["fear", 4, 33.0],
        ["joy", 3, 50.0],
        ["anger", 2, 100.0],
    ]
    assert table["alpha"].tolist() == pytest.approx([0, 1 - 9 * 4 / 48, 1 - 9 * 2 / 42, 1])
    assert table["alpha_interval"].tolist()[-1] == "–"  # nobody disagrees about anger
    assert "By pair of people" not in said(at)


def test_what_settles_a_dispute_is_no_independent_answer(reviewed, app_home: Home) -> None:
    at = open_page()
    before = metrics(at)
    decide(reviewed, "lead", 1, "joy", is_settling=True)
    decide(reviewed, "ben", 4, "exclude", is_settling=True)
    at.run()
    assert metrics(at) == before
    decide(reviewed, "ben", 4, "exclude")  # ben thinks again: an answer like any other
    at.run()
    assert metrics(at)["Same answer"] == "80 %"


def test_three_people_are_compared_pair_by_pair(reviewed, app_home: Home) -> None:
    decide(reviewed, "cy", 0, "keep")
    decide(reviewed, "cy", 1, "joy")
    decide(reviewed, "dora", 20, "keep")  # shares no example: no pair with her
    at = open_page()
    # Mean over the examples of the share of agreeing pairs: (1 + 1/3 + 1 + 1 + 0) / 5.
    assert metrics(at)["Same answer"] == "67 %"
    assert "Fleiss' kappa" in metrics(at)
    assert "at least two of 3 people" in said(at)
    pairs = at.dataframe[1].value[["pair", "num_examples", "percent", "kappa"]]
    # ana and cy: same on 1 of 2, by chance 1/2 * 1/2.
    assert pairs.values.tolist()[0] == ["ana and cy", 2, 50.0, pytest.approx(1 / 3)]
    assert pairs.values.tolist()[1] == ["ana and ben", 5, 60.0, pytest.approx(4 / 9)]
    assert pairs.values.tolist()[2] == ["ben and cy", 2, 100.0, 1.0]


def test_a_class_that_was_replaced_counts_as_the_one_in_its_place(reviewed, app_home: Home) -> None:
    at = open_page()
    classes.replace_class(workspace().store, reviewed.dataset.dataset_id, "joy", "fear", "lead")
    at.run()
    assert metrics(at)["Same answer"] == "80 %"
    assert at.dataframe[0].value["name"].tolist() == ["(excluded)", "fear", "anger"]


def test_labels_that_came_with_the_file_are_compared_too(app_home: Home, tmp_path: Path) -> None:
    rows = ["text,label,ann,bob", "one,a,a,a", "two,b,b,a", "three,a,a,a", "four,b,b,", "five,b,b,b"]
    source = tmp_path / "two.csv"
    source.write_text("\n".join(rows) + "\n", encoding="utf-8")
    opened = Workspace(app_home)
    columns = ColumnChoice("text", "label", annotators=("ann", "bob"))
    record = opened.add_dataset(source, columns, "Two")
    opened.close()
    at = open_page()
    # ann: a b a b, bob: a a a b on the shared ones: by chance 1/2 * 3/4 + 1/2 * 1/4 = 1/2.
    assert control(at, "radio", "labels_of").value == "file"
    assert metrics(at)["Same answer"] == "75 %"
    assert metrics(at)["Cohen's kappa"] == "0.50"
    assert "On 4 examples that at least two of 2 people labelled" in said(at)
    assert "On **0** of 5 examples" in said(at)
    control(at, "radio", "labels_of").set_value("here").run()
    assert not at.metric
    assert at.button(key="begin_sharing")
    taken = Decision(uuid4().hex, record.dataset_id, 0, "relabel", "b", "a", None, "ann")
    decisions.record_decisions(workspace().store, [taken])
    at.run()
    quality = next(
        table.value for table in at.dataframe if "quality" in table.value and "name" in table.value
    )
    assert set(quality["name"]) == {"ann (file)", "bob (file)", "ann"}


def test_a_restored_home_is_measured_anew(reviewed, app_home: Home) -> None:
    backup = backups.back_up()
    decide(reviewed, "ben", 1, "fear")
    assert metrics(open_page())["Same answer"] == "80 %"
    backups.restore(backup.path)
    decide(
        reviewed, "ben", 0, "joy"
    )  # the label version is that of the decision which the backup did not know
    assert metrics(open_page())["Same answer"] == "40 %"


# Consensus


def test_without_a_model_the_majority_is_the_consensus(reviewed, app_home: Home) -> None:
    (workspace().run_dir(reviewed.run.run_id).path / "probabilities.npy").unlink()
    for index, choice in ((8, "fear"), (9, "keep")):
        decide(reviewed, "ana", index, choice)
        decide(reviewed, "ben", index, choice)
    decide(reviewed, "cy", 8, "keep")  # the newest counts, though two of three chose fear
    at = open_page()
    assert "On **1** of 9 examples" in said(at)
    assert "1 have no majority" not in said(at)
    assert "1 has no majority." in said(at)
    found = people_consensus.consensus(reviewed.dataset.dataset_id, reviewed.run.run_id)
    assert (found.num_shared, found.has_model) == (6, False)
    # On the shared ones with a majority, 0, 2, 3, 8 and 9, ana and ben are always with it and cy never.
    assert found.people[["annotator", "num_labels", "quality"]].values.tolist() == [
        ["ana", 7, 1.0],
        ["ben", 8, 1.0],
        ["cy", 1, 0.0],
    ]
    least = found.least_certain
    assert least["example_id"].tolist() == ["001", "008", "000", "002", "003", "009"]
    assert least["labels"].tolist()[:3] == ["fear, joy", "fear × 2, joy", "anger × 2"]
    assert least[["consensus_label", "current_label"]].values.tolist()[1] == ["fear", "joy"]
    written = people_consensus.consensus_csv(reviewed.dataset.dataset_id, reviewed.run.run_id).decode("utf-8")
    assert written.splitlines()[:3] == [
        "example_id,num_annotations,consensus_label,annotator_agreement,consensus_quality_score",
        "000,2,anger,1,1",
        "001,2,,,",
    ]
    assert "008,3,fear,0.666667,0.666667" in written.splitlines()
    assert len(written.splitlines()) == 1 + 9
    assert people_consensus.csv_name(reviewed.dataset.dataset_id) == "small.consensus.csv"


def test_with_a_model_the_consensus_is_that_of_crowdlab(reviewed, app_home: Home) -> None:
    labelled = [0, 1, 2, 3, 4, 5, 6]
    ratings = pd.DataFrame(
        {"ana": [0, 1, 2, 1, -1, -1, 0], "ben": [0, 2, 2, 1, 1, 2, -1]}, index=labelled
    ).to_numpy()
    probabilities = workspace().run_dir(reviewed.run.run_id).read_probabilities(labelled)
    wanted = crowdlab(ratings, probabilities)
    found = people_consensus.consensus(reviewed.dataset.dataset_id, reviewed.run.run_id)
    assert found.has_model
    assert found.num_undecided == 0
    by_name = found.people.set_index("annotator")["quality"]
    assert by_name[["ana", "ben"]].tolist() == pytest.approx(wanted.annotator_quality.tolist())
    shown = found.least_certain.set_index("example_id")["quality"]
    assert shown.to_dict() == pytest.approx({f"{at:03}": wanted.quality[at] for at in (0, 1, 2, 3)})
    assert "CROWDLAB" in said(open_page())


def test_the_least_certain_example_is_looked_up_by_its_text(reviewed, app_home: Home, monkeypatch) -> None:
    opened = []
    monkeypatch.setattr("app.navigation.open_queue", opened.append)
    at = open_page()
    at.selectbox(key="least_certain").set_value("003")
    next(element for element in at.main.button if element.label == "Look at it in Review").click().run()
    assert [(queue.text, queue.status, queue.suspects_only) for queue in opened] == [
        ("text number 3, with a comma", "all", False)
    ]


# To settle, and who did how much


def test_disputes_and_second_opinions_lead_to_their_queue(reviewed, app_home: Home, monkeypatch) -> None:
    at = open_page()
    assert "**2** disputed, **1** with a wish for a second opinion" in said(at)
    decide(reviewed, "lead", 1, "joy", is_settling=True)
    at.run()
    assert at.button(key="settle").label == "Settle 2 examples"
    opened = []
    monkeypatch.setattr("app.navigation.open_queue", opened.append)
    at.button(key="settle").click().run()
    assert [(queue.status, queue.suspects_only) for queue in opened] == [("to_settle", False)]


def test_everybody_sees_how_much_was_done_and_only_oneself_how_fast(reviewed, app_home: Home) -> None:
    at = open_page("ana")
    work = at.dataframe[-1].value[["annotator", "num_decisions", "num_today", "overturned"]]
    # Of ana's six answers, ben's later ones on 1 and 4 count instead; her two wishes are no answers.
    assert work.values.tolist() == [["ana", 8, 8, 33.0], ["ben", 6, 6, 0.0]]
    assert "You, ana, take 2.0 s for a decision" in said(at)
    assert "4.0 s" not in said(at)
    assert "for a decision (median)" not in said(open_page("dora"))


def test_how_the_answers_stood_the_test_of_others(reviewed, app_home: Home) -> None:
    decide(reviewed, "lead", 1, "joy", is_settling=True)
    decide(reviewed, "lead", 9, "keep")
    work = people.work(reviewed.dataset.dataset_id).set_index("annotator")
    # ana and ben both answered 0 to 4 and agree on 0, 2 and 3; of 1, ben's joy was upheld and ana's fear was not.
    columns = ["num_answers", "num_shared", "same_as_others", "num_settled", "upheld"]
    assert work.loc["ana", columns].tolist() == [6, 5, 0.6, 1, 0.0]
    assert work.loc["ben", columns].tolist() == [6, 5, 0.6, 1, 1.0]
    # What settles is no answer beside others.
    assert work.loc["lead", ["num_answers", "num_shared", "num_settled"]].tolist() == [2, 0, 0]
    assert work.loc["lead", ["same_as_others", "upheld"]].isna().all()


def test_decisions_by_day_end_today(reviewed, app_home: Home) -> None:
    store = workspace().store
    with store.transaction() as cursor:
        for days, index in ((1, 0), (13, 1), (14, 2), (-2, 3)):
            cursor.execute(
                "update own_decisions set created_at = created_at - to_days(?) where annotator = 'ana' and index = ?",
                [days, index],
            )
    by_day = people.work(reviewed.dataset.dataset_id).set_index("annotator")["by_day"]
    # Of ana's eight, one is too long ago, and one is of a clock that was ahead.
    assert by_day["ana"] == [1, *[0] * 11, 1, 4]
    assert by_day["ben"] == [*[0] * 13, 6]


def test_only_named_leads_see_how_fast_others_are(reviewed, app_home: Home, monkeypatch) -> None:
    found = people.work(reviewed.dataset.dataset_id)
    assert found.set_index("annotator")["median_seconds"].to_dict() == {"ana": 2.0, "ben": 4.0}
    assert b"median_seconds" not in people.work_csv(found, has_speed=False)
    assert b"ana,8,2.0,8," in people.work_csv(found, has_speed=True)
    assert "median_seconds" not in shown_columns(open_page("lead"))
    monkeypatch.setenv("LANE_LEADS", "lead")
    at = open_page("lead")
    assert "median_seconds" in shown_columns(at)
    assert "for a decision (median)" not in said(at)


def shown_columns(at: AppTest) -> list[str]:
    return list(at.dataframe[-1].proto.column_order)


# Words


def test_coefficients_in_words() -> None:
    weak, unknown = Agreement(0.7, 0.6, 0.79, 50), Agreement(NAN, NAN, NAN, 3)
    assert alpha_meaning(Agreement(0.8, 0.8, 0.9, 9)) == "0.8 or more: the labels can be relied on."
    assert alpha_meaning(weak).startswith("From 0.67 to 0.8")
    assert alpha_meaning(weak).endswith("as low as 0.60: more shared examples would tell.")
    assert alpha_meaning(Agreement(0.5, 0.4, 0.81, 9)).endswith(
        "as high as 0.81: more shared examples would tell."
    )
    assert alpha_meaning(Agreement(-0.2, NAN, NAN, 1)).startswith("Below 0.67: too low")
    assert kappa_meaning(weak) == "Agreement goes 70 % of the way from chance (0) to complete (1)."
    assert kappa_meaning(Agreement(-0.1, -0.3, 0.1, 9)).startswith("No more than chance")
    assert "Cannot be told" in kappa_meaning(unknown) + alpha_meaning(unknown)
    assert percent_meaning(unknown) == "Cannot be told."
    assert (value_words(unknown), interval_words(unknown)) == ("–", "–")
    assert interval_words(Agreement(0.1, -0.004, 0.28, 9)) == "0.00 to 0.28"
    assert interval_words(Agreement(0.1, 0.0, 0.2, 9), is_share=True) == "0 to 20 %"


def test_the_consensus_knows_classes_by_what_they_count_as(reviewed, app_home: Home) -> None:
    store, dataset_id = workspace().store, reviewed.dataset.dataset_id
    run_dir = workspace().run_dir(reviewed.run.run_id)
    labelled = [0, 1, 2, 3, 4, 5, 6]
    before = run_dir.read_probabilities(range(24))
    # "rage" is left over, out of use; "gladness" takes the place of joy. The run has an output for each of the five.
    classes.replace_class(store, dataset_id, "anger", "rage", "lead")
    classes.bring_back(store, dataset_id, "anger", "lead")
    classes.replace_class(store, dataset_id, "joy", "gladness", "lead")
    half = before[:, [2]] / 2
    run_dir.write_probabilities(np.hstack([before[:, :2], half, 0 * half, half]))
    found = people_consensus.consensus(dataset_id, reviewed.run.run_id)
    ratings = pd.DataFrame({"ana": [0, 1, 2, 1, -1, -1, 0], "ben": [0, 2, 2, 1, 1, 2, -1]}, index=labelled)
    wanted = crowdlab(ratings.to_numpy(), before[labelled])
    assert found.has_model
    quality = found.people.set_index("annotator")["quality"]
    assert quality[["ana", "ben"]].tolist() == pytest.approx(wanted.annotator_quality.tolist(), abs=2e-3)
    assert set(found.least_certain["consensus_label"]) <= {"anger", "fear", "gladness"}
