"""Numbers in words, the same on every screen."""

from __future__ import annotations


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


def severity(relative_similarity: float) -> str:
    """Return how far apart two classes are in a word: near, some way or far.

    1 means that the run took the classes for one another as often as any two; see
    ``lane_core.methods.similarity.relative_class_similarity``.

    Example:
        >>> severity(2.1), severity(1.0), severity(0.4)
        ('near', 'some way', 'far')
    """
    if relative_similarity >= 1.5:
        return "near"
    return "some way" if relative_similarity >= 0.75 else "far"
