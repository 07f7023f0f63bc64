"""How many labels of a run are wrong, with an interval that can be believed."""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, hypot, isfinite, log, nan, sqrt
from statistics import NormalDist

import pandas as pd

from lane_core.evidence.estimates import Estimate, errors_left
from lane_core.store import report_queries
from lane_core.store.review_outcomes import ReviewOutcome, review_outcome
from lane_core.store.runs import get_run
from lane_core.store.store import Store

CALIBRATION_ERROR = 0.5
"""How far the log-odds of a run's noise rate may be off, in 95 % of the runs.

Measured by benchmarks/noise_interval.py on 32 runs with 20 % planted errors (three data sets, two kinds of noise, up to
three seeds, presets default and quick). 3.18, the t quantile for three sets, times the root mean square error of 0.14
gives 0.44; the largest error was 0.35. With 0.5 the interval holds the true count in all 32 runs, and in 95 % of their
1,024 classes."""
FALSE_ALARMS = 0.06
"""Share of right labels that a run may count as wrong: it moves the lower end where the rate is below 15 %.

From nine more runs, of quick with 0, 5 and 40 % planted: of GoEmotions 5 % seemed wrong where nothing was planted and
10 % where 5 % were, of ISEAR 1.2 % and 6.2 %. Whether those are errors of the sets themselves nobody can tell from
this."""
ENOUGH_SAMPLED = 30
"""Decided examples of the control sample from which on it, and not the model, speaks for the unflagged labels."""
_Z = NormalDist().inv_cdf(0.975)


@dataclass(frozen=True)
class NoiseEstimate:
    """How many of the labels that a run trained on are wrong: those known from review, and those expected.

    Examples of all splits count. ``value`` of the estimates is NaN for a run of an earlier version, which has no label
    score, and before the first epoch.
    """

    examples: int
    decided: int
    """Kept, corrected or excluded by people; whether their labels are right is known."""
    known_wrong: int
    """Of the decided, corrected or excluded."""
    wrong: Estimate
    """Wrong labels, the known ones included; examples, 95 % interval."""
    rate: Estimate
    """The same as a share of all examples, 0 to 1."""
    left: Estimate
    """Wrong labels that nobody has found yet; examples."""
    by_class: pd.DataFrame
    """label, examples, decided, known_wrong, wrong, low, high (examples, the known included; NaN where unknown); a row
    for each class that has an example, in class order."""
    is_sampled: bool
    """Whether the reviewed control sample, not the model, speaks for the labels that are not flagged."""
    is_least: bool
    """Whether the numbers are rather the least there can be: the run was given labels that people had corrected, so
    what is still wrong are mostly errors that the runs believe; only a control sample, missing here, finds those."""
    sampled: int
    """Examples of the control sample that are decided."""
    flagged: int
    """Labels under the line of the balanced strictness."""
    flagged_decided: int
    left_unflagged: Estimate
    """Of ``left``, those that are not flagged."""

    @property
    def is_known(self) -> bool:
        """Whether there is an estimate at all."""
        return isfinite(self.wrong.value)


def noise_estimate(store: Store, run_id: str) -> NoiseEstimate:
    r"""Return how many labels of a run are wrong.

    Decided examples are known. Of the n undecided ones with label scores s_i, E = sum(1 - s_i) are expected to be
    wrong. That may be off by chance, and because the calibration is off:

    .. math:: E \pm \sqrt{1.96^2 \sum_i s_i (1 - s_i) + (n \sigma(\mathrm{logit}(E / n) \pm c) - E)^2}

    with sigma the logistic function and c = CALIBRATION_ERROR: a Poisson-binomial variance, and a shift of the
    log-odds, which is how scores are calibrated. At the lower end (E / n - q) / (1 - q), with q = FALSE_ALARMS, takes
    the place of the shifted rate where it is lower, and 0 where that is negative. The same holds for a class by itself.
    Once ENOUGH_SAMPLED examples of the control sample are decided, ``errors_left`` of that sample takes the place of
    the model for the labels that are not flagged, in the classes in proportion to what the model expects there.

    Raises:
        StoreError: If there is no such run.
    """
    counts = report_queries.class_counts(store, run_id)
    outcome = review_outcome(store, run_id, "balanced", 0)
    below, above = counts[counts["is_below"]], counts[~counts["is_below"]]
    is_sampled = outcome.sampled >= ENOUGH_SAMPLED
    if counts.empty or counts["unscored"].sum():
        flagged = unflagged = left = Estimate(nan, nan, nan)
    else:
        flagged = expected_wrong(*_sums(below))
        unflagged = _sampled(outcome, above) if is_sampled else expected_wrong(*_sums(above))
        # Both parts have one calibration: as long as the model speaks for both, their errors go together.
        left = _added(flagged, unflagged) if is_sampled else expected_wrong(*_sums(counts))
    examples, known = int(counts["examples"].sum()), int(counts["known_wrong"].sum())
    wrong = _moved(left, known)
    return NoiseEstimate(
        examples=examples,
        decided=int(counts["decided"].sum()),
        known_wrong=known,
        wrong=wrong,
        rate=Estimate(*(bound / max(1, examples) for bound in (wrong.value, wrong.low, wrong.high))),
        left=left,
        by_class=_by_class(counts, unflagged),
        is_sampled=is_sampled,
        is_least=not is_sampled and get_run(store, run_id).label_version > 0,
        sampled=outcome.sampled,
        flagged=int(below["examples"].sum()),
        flagged_decided=int(below["decided"].sum()),
        left_unflagged=unflagged,
    )


def expected_wrong(undecided: int, expected: float, variance: float) -> Estimate:
    """Return how many undecided labels are wrong, by the model, as ``noise_estimate`` says.

    Args:
        undecided: Labels.
        expected: Sum of 1 - s over them, s the label score.
        variance: Sum of s (1 - s).
    """
    chance = _Z * sqrt(max(variance, 0.0))
    rate = expected / max(1, undecided)
    least = max(0.0, (rate - FALSE_ALARMS) / (1 - FALSE_ALARMS))
    low = undecided * min(_shifted(rate, -CALIBRATION_ERROR), least)
    high = undecided * _shifted(rate, CALIBRATION_ERROR)
    return Estimate(
        expected,
        max(0.0, expected - hypot(chance, expected - low)),
        min(float(undecided), expected + hypot(chance, high - expected)),
    )


def _sums(counts: pd.DataFrame) -> tuple[int, float, float]:
    """Return undecided examples, expected wrong ones, and the variance of that number."""
    return int(counts["undecided"].sum()), float(counts["expected"].sum()), float(counts["variance"].sum())


def _shifted(rate: float, by: float) -> float:
    """Return a rate whose log-odds are moved."""
    if not 0 < rate < 1:
        return rate
    return 1 / (1 + exp(-(log(rate / (1 - rate)) + by)))


def _sampled(outcome: ReviewOutcome, above: pd.DataFrame) -> Estimate:
    """Return how many undecided unflagged labels are wrong, by the control sample."""
    unseen = errors_left(outcome.sampled_wrong, outcome.sampled, outcome.others)
    # Some of those that are not in the sample were decided for another reason: they are known.
    elsewhere = int(above["known_wrong"].sum()) - outcome.sampled_wrong
    undecided = float(above["undecided"].sum())
    return Estimate(
        *(min(max(b - elsewhere, 0.0), undecided) for b in (unseen.value, unseen.low, unseen.high))
    )


def _added(one: Estimate, other: Estimate) -> Estimate:
    """Return the sum of two numbers whose errors have nothing to do with one another."""
    value = one.value + other.value
    low = value - hypot(one.value - one.low, other.value - other.low)
    return Estimate(value, low, value + hypot(one.high - one.value, other.high - other.value))


def _moved(estimate: Estimate, by: float) -> Estimate:
    return Estimate(estimate.value + by, estimate.low + by, estimate.high + by)


def _by_class(counts: pd.DataFrame, unflagged: Estimate) -> pd.DataFrame:
    """Return the column ``by_class``; the unflagged parts of all classes add up to the estimate of all."""
    above = ~counts["is_below"].astype(bool)
    by_model = counts.loc[above, "expected"].sum()
    factor = unflagged.value / by_model if by_model > 0 else 1.0
    scale = above.map({True: factor, False: 1.0})
    scaled = counts.assign(
        expected=(counts["expected"] * scale).clip(upper=counts["undecided"]),
        variance=counts["variance"] * scale,
    )
    columns = ["examples", "decided", "known_wrong", "undecided", "expected", "variance"]
    sums = scaled.groupby(["code", "label"], sort=True)[columns].sum().reset_index()
    rows = []
    for row in sums.to_dict("records"):
        found = _moved(expected_wrong(row["undecided"], row["expected"], row["variance"]), row["known_wrong"])
        if not isfinite(unflagged.value):
            found = Estimate(nan, nan, nan)
        rows.append(
            (
                row["label"],
                row["examples"],
                row["decided"],
                row["known_wrong"],
                found.value,
                found.low,
                found.high,
            )
        )
    names = ["label", "examples", "decided", "known_wrong", "wrong", "low", "high"]
    return pd.DataFrame(rows, columns=names)
