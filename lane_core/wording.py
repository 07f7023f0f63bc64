"""Numbers in words, the same on every screen."""

from __future__ import annotations

from lane_core.records import Severity, Strictness

NEAR_FROM = 1.5
SOME_WAY_FROM = 0.75
"""Similarities of a class pair, over that of the average pair, from which two classes are near or some way apart."""

STRICTNESS_MEANINGS: dict[Strictness, str] = {
    "sure": "few false alarms",
    "balanced": "best use of time",
    "thorough": "few errors missed",
}
"""What each strictness is good for."""


def time_left(seconds: float | None) -> str:
    """Return a duration as people say it; empty for None.

    Example:
        >>> time_left(192), time_left(31), time_left(7300), time_left(None)
        ('about 3 min left', 'about 30 s left', 'about 2 h left', '')
    """
    return "" if seconds is None else f"{duration(seconds)} left"


def duration(seconds: float) -> str:
    """Return a duration rounded to what matters.

    Example:
        >>> duration(4), duration(48), duration(100), duration(5400)
        ('a few seconds', 'about 50 s', 'about 2 min', 'about 1.5 h')
    """
    if seconds < 8:
        return "a few seconds"
    if seconds < 60:
        return f"about {max(10, round(seconds / 10) * 10)} s"
    if seconds < 3570:
        return f"about {max(1, round(seconds / 60))} min"
    return f"about {round(seconds / 3600 * 2) / 2:g} h"


def counted(number: int, noun: str) -> str:
    """Return a number with its noun.

    Example:
        >>> counted(1, "suspect"), counted(1620, "example")
        ('1 suspect', '1,620 examples')
    """
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def percent(share: float) -> str:
    """Return a share of 1 in percent, with a decimal only below 10 %.

    Example:
        >>> percent(0.742), percent(0.0411), percent(0.0999)
        ('74 %', '4.1 %', '10 %')
    """
    value = 100 * share
    return f"{value:.1f} %" if value < 9.95 else f"{value:.0f} %"


def probability(value: float) -> str:
    """Return a probability in percent; an estimate is never quite certain.

    Example:
        >>> probability(0.974), probability(0.9991), probability(0.0004)
        ('97 %', 'over 99 %', 'under 1 %')
    """
    if value > 0.99:
        return "over 99 %"
    return percent(value) if value >= 0.01 else "under 1 %"


def noise(rate: float) -> str:
    """Say how many labels look wrong.

    Example:
        >>> noise(0.118), noise(0.002)
        ('About 12 % of the labels look wrong.', 'Hardly any label looks wrong.')
    """
    if rate < 0.005:
        return "Hardly any label looks wrong."
    return f"About {percent(rate)} of the labels look wrong."


def flagged(number: int, expected_precision: float | None) -> str:
    """Return how many labels a strictness flags, and what share of those is expected to be wrong.

    Example:
        >>> flagged(212, 0.742), flagged(1, None), flagged(0, 0.0)
        ('212 suspects, about 74 % wrong', '1 suspect', '0 suspects')
    """
    suspects = counted(number, "suspect")
    if expected_precision is None or number == 0:
        return suspects
    return f"{suspects}, about {percent(expected_precision)} wrong"


def severity(relative_similarity: float) -> Severity:
    """Return how far apart two classes are in a word: near, some way or far.

    1 means that the run took the classes for one another as often as any two; see
    ``lane_core.methods.similarity.relative_class_similarity``.

    Example:
        >>> severity(2.1), severity(1.0), severity(0.4)
        ('near', 'some way', 'far')
    """
    if relative_similarity >= NEAR_FROM:
        return "near"
    return "some way" if relative_similarity >= SOME_WAY_FROM else "far"


def size(num_bytes: int) -> str:
    """Return a size as people say it, in powers of ten.

    Example:
        >>> size(0), size(420), size(52_000), size(1_250_000), size(31_400_000_000)
        ('0 kB', 'under 1 kB', '52 kB', '1.2 MB', '31.4 GB')
    """
    if 0 < num_bytes < 1000:
        return "under 1 kB"
    if num_bytes < 1_000_000:
        return f"{num_bytes // 1000} kB"
    unit, scale = ("MB", 1e6) if num_bytes < 1_000_000_000 else ("GB", 1e9)
    return f"{num_bytes / scale:,.1f} {unit}"
