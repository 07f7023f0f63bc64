"""How far the review of a run has come, what it found, and what that says about the rest."""

from __future__ import annotations

from dataclasses import dataclass

from app.services.workspaces import workspace
from lane_core.evidence.estimates import ADVICE_WINDOW, Advice, Estimate, advice, errors_left, wilson_interval
from lane_core.records import Strictness
from lane_core.store.review_outcomes import ReviewOutcome, review_outcome
from lane_core.wording import counted, percent

ENOUGH_SAMPLED = 100
"""Control examples after which the estimate is worth a look; with 100, none wrong, up to 4 % of the rest may be."""


@dataclass(frozen=True)
class ReviewProgress:
    """Counts and estimates for one run and strictness."""

    outcome: ReviewOutcome
    precision: Estimate
    """Share of the decided flags that were right."""
    left: Estimate
    """Wrong labels that are not flagged and not yet seen."""
    advice: Advice


def review_progress(run_id: str, strictness: Strictness) -> ReviewProgress:
    """Return how far the review of a run has come, the flags being those of a strictness."""
    found = review_outcome(workspace().store, run_id, strictness, ADVICE_WINDOW)
    left = errors_left(found.sampled_wrong, found.sampled, found.others)
    what_next = advice(
        found.newest_wrong, found.newest_decided, found.suspects - found.suspects_decided, left, found.others
    )
    precision = wilson_interval(found.suspects_wrong, found.suspects_decided)
    return ReviewProgress(found, precision, left, what_next)


def found_words(progress: ReviewProgress) -> str:
    """Say what was found among the suspects, with the interval of the share."""
    found = progress.outcome
    reviewed = f"{found.suspects_decided:,} of {counted(found.suspects, 'suspect')} decided"
    if not found.suspects_decided:
        return f"{reviewed}."
    precision = progress.precision
    share = f"{percent(precision.value)} ({percent(precision.low)} to {percent(precision.high)})"
    return f"{reviewed}, {counted(found.suspects_wrong, 'error')} found: {share} of these flags were right."


def left_words(progress: ReviewProgress) -> str:
    """Say how many errors are left among the examples that are not flagged, as far as the control sample tells."""
    found, left = progress.outcome, progress.left
    if not found.sampled:
        return (
            f"{found.others:,} examples are not flagged. How many of them are wrong, a control sample tells: choose it "
            f"under Strictness and decide on the first {ENOUGH_SAMPLED}."
        )
    wrong = f"{found.sampled_wrong:,} of {found.sampled:,} examples drawn by lot were wrong"
    rest = f"about {left.value:,.0f} errors ({left.low:,.0f} to {left.high:,.0f}) left among the {found.others:,} "
    more = (
        ""
        if found.sampled >= ENOUGH_SAMPLED
        else f" {ENOUGH_SAMPLED - found.sampled} more would narrow that."
    )
    return f"{wrong}: {rest}that are not flagged.{more}"


ADVICE_WORDS: dict[Advice, str] = {
    "go_on": "Go on: the newest suspects still hold enough errors to be worth the time.",
    "check_control": "The suspects are nearly used up. Decide on more of the control sample to know what is left.",
    "change_order": (
        "The flags miss more than 2 % of the rest. Go on with Thorough, or with All examples in another order."
    ),
    "stop": "You can stop: few suspects are wrong by now, and at most 2 % of the rest.",
}
"""What ``advice`` comes to, in words."""
