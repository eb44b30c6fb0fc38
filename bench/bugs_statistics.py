"""Medians, intervals and comparisons of trials, some of which found nothing."""
import collections
import math

from scipy import stats

Trial = collections.namedtuple("Trial", "found executions seconds")
# `more`: the true value is this or more.
Bound = collections.namedtuple("Bound", "value more")


def number(value):
    """Three figures at most."""
    for unit, size in (("M", 1e6), ("k", 1e3)):
        if value >= size:
            return f"{value / size:.3g} {unit}"
    return f"{value:.3g}"


def show(bound):
    if bound is None:
        return "-"
    return (">" if bound.more else "") + number(bound.value)


def ranked(trials, field):
    """Sorted bounds. What a censored one may lie before is a bound too."""
    values = sorted((getattr(t, field), not t.found) for t in trials)
    bounds, more = [], False
    for value, censored in values:
        more = more or censored
        bounds.append(Bound(value, more))
    return bounds


def median(trials, field):
    bounds = ranked(trials, field)
    low, high = bounds[(len(bounds) - 1) // 2], bounds[len(bounds) // 2]
    return Bound((low.value + high.value) / 2, high.more)


def interval(trials, field):
    """Of the median, 95 % at least, by order statistics: whatever the
    distribution. None: there is none with so few (six at least)."""
    bounds = ranked(trials, field)
    count = len(bounds)
    rank = int(stats.binom.ppf(0.025, count, 0.5))
    if rank < 1:
        return None
    return bounds[rank - 1], bounds[count - rank]


def shares(trials):
    """An interval of 95 % for a share, Wilson's."""
    found = sum(t.found for t in trials)
    low, high = stats.binomtest(found, len(trials)).proportion_ci(
        0.95, method="wilson")
    return found / len(trials), low, high


def comparable(ours, theirs, field="executions"):
    """The field of both, cut at the least that a vain trial was given: what
    lies past it is a tie."""
    cut = min((getattr(t, field) for t in ours + theirs if not t.found),
              default=math.inf)
    return tuple([min(getattr(t, field), cut) if t.found else cut
                  for t in trials] for trials in (ours, theirs))


def a12(ours, theirs, field="executions"):
    """How often ours takes fewer executions, or seconds, than theirs, ties half
    (Vargha and Delaney, 2000)."""
    a, b = comparable(ours, theirs, field)
    less = sum((x < y) + (x == y) / 2 for x in a for y in b)
    return less / (len(a) * len(b))


def p_value(ours, theirs):
    """Mann and Whitney's U, two-sided."""
    a, b = comparable(ours, theirs)
    if len(set(a + b)) == 1:
        return 1.0
    return float(stats.mannwhitneyu(a, b, alternative="two-sided").pvalue)
