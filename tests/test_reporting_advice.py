"""What stands out: each kind of finding where it should be, with its numbers, and the queue of exactly so many."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from lane_core.records import QueueFilter
from lane_core.reporting import advice
from lane_core.reporting.advice import Finding, findings
from lane_core.reporting.class_health import class_health
from lane_core.reporting.noise import noise_estimate
from lane_core.reporting.sources import SourceFinding
from lane_core.store import decisions, review_queries
from lane_core.store.store import Store
from tests.review_store import DATASET, RUN, decision, make_review_store

Rows = list[dict[str, Any]]


def rows(number: int, label: int = 0, score: float = 0.9, **others: Any) -> Rows:
    row = {
        "label": label,
        "suggested": (label + 1) % 3,
        "predicted": label,
        "similarity": 1.0,
        "label_score": score,
    }
    return [{**row, **others}] * number


CALM = [*rows(40, 0), *rows(40, 1), *rows(40, 2)]


def found_in(store: Store, source: SourceFinding | None = None) -> dict[str, Finding]:
    noise = noise_estimate(store, RUN)
    found = findings(store, RUN, noise, class_health(store, RUN, noise), source)
    assert [finding.harm for finding in found] == sorted((finding.harm for finding in found), reverse=True)
    return {finding.kind: finding for finding in found}


def number_in(store: Store, finding: Finding) -> int:
    assert finding.queue is not None
    return int(review_queries.queue_counts(store, RUN, finding.queue)["total"])


@pytest.fixture
def make(tmp_path: Path):
    opened: list[Store] = []

    def lay_down(every: Sequence[Mapping[str, Any]]) -> Store:
        opened.append(make_review_store(tmp_path / f"db{len(opened)}", every))
        return opened[-1]

    yield lay_down
    for store in opened:
        store.close()


def test_where_all_is_alike_nothing_stands_out(make) -> None:
    assert found_in(make(CALM)) == {}


def test_a_class_with_more_wrong_labels_than_the_others(make) -> None:
    store = make([*CALM, *rows(10, 1, 0.1)])
    finding = found_in(store)["wrong_class"]
    # 4 + 9 of the 50 labels fear, 12 + 9 of all 130.
    assert finding.observation.startswith("About 26 % of the 50 labels “fear” are wrong (")
    assert finding.observation.endswith("against 16 % of all labels.")
    assert "its 10 suspects" in finding.advice
    assert "“joy”" in finding.advice
    assert finding.harm == pytest.approx(13 - 21 / 130 * 50, rel=1e-4)
    assert (finding.button, number_in(store, finding)) == ("Review 10", 10)


def test_a_class_that_is_reviewed_stands_out_no_more(make) -> None:
    store = make([*CALM, *rows(10, 1, 0.1)])
    decisions.record_decisions(store, [decision(f"d{at}", at, "keep") for at in range(120, 130)])
    assert "wrong_class" not in found_in(store)


def test_near_pairs_count_both_ways_and_far_pairs_one_way(make) -> None:
    near = [*rows(3, 0, 0.2, similarity=2.0), *rows(4, 1, 0.2, suggested=0, similarity=2.0)]
    far = [*rows(5, 2, 0.2, similarity=0.1), *rows(2, 0, 0.2, suggested=2, similarity=0.1)]
    store = make([*CALM, *near, *far])
    found = found_in(store)
    assert found["near_pair"].observation == (
        "“anger” and “fear” are taken for one another in 7 suspects, more than any other two classes that are near."
    )
    assert number_in(store, found["near_pair"]) == found["near_pair"].harm == 7
    assert (
        found["far_pair"].observation == "5 suspects labelled “joy” look like “anger”, a class far from it."
    )
    assert number_in(store, found["far_pair"]) == found["far_pair"].harm == 5


def test_a_class_with_few_examples(make) -> None:
    store = make([*rows(40, 0), *rows(40, 1), *rows(4, 2)])
    finding = found_in(store)["few_examples"]
    assert finding.observation == "“joy” has only 4 examples."
    assert number_in(store, finding) == 4


def test_a_class_that_nobody_predicts_is_not_told_twice(make) -> None:
    store = make([*rows(40, 0), *rows(40, 1), *rows(4, 2, predicted=0)])
    found = found_in(store)
    assert set(found) == {"unpredicted"}
    assert (
        found["unpredicted"].observation == "Not one text is predicted to be “joy”, though 4 labels say so."
    )
    assert number_in(store, found["unpredicted"]) == 4


@pytest.mark.parametrize("split", ["test", "validation"])
def test_flags_among_the_labels_that_f1_is_measured_on(make, split: str) -> None:
    flagged = [*rows(2, 0, 0.2, split=split), *rows(2, 1, 0.2, split=split), *rows(2, 2, 0.2, split=split)]
    store = make([*CALM, *rows(4, 0, split=split), *flagged])
    finding = found_in(store)["held_out"]
    assert finding.observation == f"6 suspects of 10 {split} labels (60 %) wait for review."
    assert f"{split} F1" in finding.advice
    assert number_in(store, finding) == 6


def test_the_control_sample_is_asked_for_once_flags_are_reviewed(make) -> None:
    flagged = [*rows(10, 0, 0.2), *rows(10, 1, 0.2), *rows(10, 2, 0.2)]
    store = make([*CALM, *flagged])
    assert "control_sample" not in found_in(store)
    decisions.record_decisions(store, [decision(f"d{at}", at, "keep") for at in range(120, 150)])
    finding = found_in(store)["control_sample"]
    assert finding.observation.startswith("About 12 of the labels that are not flagged are wrong (")
    assert "0 of 30 examples of the control sample" in finding.observation
    assert finding.queue == QueueFilter(is_control=True)
    sample = review_queries.review_queue(store, RUN, QueueFilter(is_control=True), 30)["index"]
    decisions.record_decisions(store, [decision(f"c{at}", int(at), "keep") for at in sample])
    assert "control_sample" not in found_in(store)


def test_disagreement_here_and_in_the_file(make) -> None:
    store = make(CALM)
    decisions.record_decisions(store, [decision("a", 0, "fear"), decision("b", 0, "joy", "bea")])
    finding = found_in(store)["disagreement"]
    assert finding.observation == "People disagree, or ask for a second opinion, about 1 example."
    assert number_in(store, finding) == 1

    other = make(CALM)
    said = {
        "index": [0, 0, 1, 1, 2],
        "annotator": ["ann", "ben", "ann", "ben", "ann"],
        "label": [0, 1, 2, 2, 0],
    }
    with other.transaction() as cursor:
        cursor.register("laid_down", pd.DataFrame(said).assign(dataset_id=DATASET))
        cursor.execute("insert into annotations by name from laid_down")
    finding = found_in(other)["disagreement"]
    assert finding.observation.startswith("People gave different labels to 1 of the 2 texts (50 %)")
    assert finding.page == "people"


def test_a_source_says_where_it_is_and_how_much_worse(make) -> None:
    column = SourceFinding("tool", "old", 100, 20, 400, 20, 0.001, (3, 4, 9))
    finding = found_in(make(CALM), column)["source"]
    assert finding.observation == (
        "20 % of the 100 labels with “tool” = “old” are flagged, against 5.0 % of the rest."
    )
    assert (finding.button, finding.indices, finding.words) == ("Review 3", (3, 4, 9), "from tool old")
    assert finding.harm == pytest.approx(15)
    person = SourceFinding("", "ann", 100, 20, 400, 20, 0.001, ())
    finding = found_in(make(CALM), person)["source"]
    assert "chosen by “ann”" in finding.observation
    assert (finding.page, finding.queue, finding.indices) == ("people", None, ())


def test_at_most_six_and_the_most_harmful_first(make) -> None:
    far = rows(9, 2, 0.2, similarity=0.1)
    every = [
        *rows(60, 0), *rows(40, 1), *rows(40, 1, 0.1, similarity=2.0), *far, *rows(5, 0, 0.2, split="test"),
        *rows(2, 2, predicted=0, split="test"),
    ]  # fmt: skip
    store = make([{**row, "predicted": row["predicted"] % 2} for row in every])
    decisions.record_decisions(store, [decision("a", 0, "fear"), decision("b", 0, "joy", "bea")])
    source = SourceFinding("tool", "old", 100, 20, 400, 20, 0.001, (3,))
    found = found_in(store, source)
    assert len(found) == advice.MOST_FINDINGS == 6
    assert "disagreement" not in found
    assert next(iter(found.values())).harm == max(finding.harm for finding in found.values())
