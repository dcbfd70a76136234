"""Matches detected hairs with true ones: the one rule by which all figures compare.

One to one (Hungarian). A detection may match a true hair when at least 35 % of the true hair lies
within the tolerance of the detected centre line, and the directions of both, over the stretch that
they share, agree within 30 degrees. The direction is that of the line, not of the arrow: which end
is the root is scored on its own (`Match.root_agrees`), since a hair found with its ends confused is
still counted once. Unmatched detections close to the border or on an object that is not scored are
ignored. Coordinates are pixels, x right, y down.
"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment

LEAST_COVERAGE = 0.35
LARGEST_ANGLE_DEGREES = 30.0
# A stretch shorter than this has no direction: a hair that crosses another at a right angle stays
# within the tolerance of one point of it. 8 of the rule's 22 px.
LEAST_STRETCH = 8.0 / 22.0
# Costs order the pairs that may match; the weights are those of the reference figures, at 22 px.
COVERAGE_WEIGHT = 20.0 / 22.0
ANGLE_WEIGHT = 30.0 / 22.0
NO_MATCH = 1e6


@dataclass(frozen=True)
class TrueHair:
    """A hair somebody drew or a renderer placed: its line from root to tip."""

    line: np.ndarray
    kind: str
    scored: bool = True
    diameter_um: float | None = None


@dataclass(frozen=True)
class DetectedHair:
    """A counted hair of a measurement: its centre line from root to tip."""

    line: np.ndarray
    diameter_um: float | None = None
    confidence: float = 1.0


@dataclass(frozen=True)
class Match:
    """A true hair and the detection that found it, by their positions in their lists."""

    truth: int
    detection: int
    root_agrees: bool


@dataclass(frozen=True)
class MatchedField:
    """What became of every hair and every detection of one picture."""

    matches: list[Match]
    missed: list[int]
    false: list[int]
    ignored: list[int]


def match_field(truth, detections, size, tolerance, border):
    """Matches one picture.

    truth: TrueHair of the picture, those not scored included; size: (width, height) in pixels;
    tolerance, border: pixels.
    """
    scored = [i for i, hair in enumerate(truth) if hair.scored]
    costs = np.full((len(scored), len(detections)), NO_MATCH)
    agrees = np.zeros(costs.shape, bool)
    for row, index in enumerate(scored):
        for column, detection in enumerate(detections):
            pair = compare(truth[index].line, detection.line, tolerance)
            if pair is not None:
                costs[row, column], agrees[row, column] = pair
    rows, columns = linear_sum_assignment(costs) if costs.size else ([], [])
    matches = [
        Match(scored[r], int(c), bool(agrees[r, c]))
        for r, c in zip(rows, columns)
        if costs[r, c] < NO_MATCH
    ]
    found = {match.truth for match in matches}
    used = {match.detection for match in matches}
    unscored = [hair for hair in truth if not hair.scored]
    ignored, false = [], []
    for index, detection in enumerate(detections):
        if index in used:
            continue
        excused = near_border(detection.line, size, border) or any(
            compare(hair.line, detection.line, tolerance) is not None for hair in unscored
        )
        (ignored if excused else false).append(index)
    return MatchedField(matches, [i for i in scored if i not in found], false, ignored)


def compare(true_line, found_line, tolerance):
    """The cost of a pair and whether both run the same way; None when they may not match."""
    low, high = found_line.min(0) - tolerance, found_line.max(0) + tolerance
    if (true_line.max(0) < low).any() or (true_line.min(0) > high).any():
        return None
    samples = resample(true_line)
    nearest, distances = nearest_points(samples, found_line)
    covered = distances < tolerance
    coverage = covered.mean()
    if coverage < LEAST_COVERAGE:
        return None
    first, last = np.flatnonzero(covered)[[0, -1]]
    true_way, found_way = samples[last] - samples[first], nearest[last] - nearest[first]
    lengths = np.hypot(*true_way), np.hypot(*found_way)
    if min(lengths) < LEAST_STRETCH * tolerance:
        return None
    cosine = abs(float(true_way @ found_way)) / (lengths[0] * lengths[1])
    if cosine < np.cos(np.radians(LARGEST_ANGLE_DEGREES)):
        return None
    cost = distances.mean() / tolerance + COVERAGE_WEIGHT * (1 - coverage)
    return cost + ANGLE_WEIGHT * (1 - cosine), same_way(true_line, found_line)


def same_way(true_line, found_line):
    """Whether the ends named root belong together."""
    straight = np.hypot(*(true_line[0] - found_line[0])) + np.hypot(*(true_line[-1] - found_line[-1]))
    crossed = np.hypot(*(true_line[0] - found_line[-1])) + np.hypot(*(true_line[-1] - found_line[0]))
    return straight <= crossed


def near_border(line, size, border):
    """Whether any point of the line is closer to the picture's border than `border`."""
    width, height = size
    (left, top), (right, bottom) = line.min(0), line.max(0)
    return left < border or top < border or right > width - 1 - border or bottom > height - 1 - border


def resample(line, least=24, spacing=4.0):
    """Points at equal arc length along a line: at least `least`, at most `spacing` px apart."""
    steps = np.hypot(*np.diff(line, axis=0).T)
    arc = np.concatenate([[0.0], np.cumsum(steps)])
    count = max(least, int(np.ceil(arc[-1] / spacing)) + 1)
    at = np.linspace(0, arc[-1], count)
    return np.stack([np.interp(at, arc, line[:, 0]), np.interp(at, arc, line[:, 1])], 1)


def nearest_points(points, line):
    """The nearest point of a polyline to each point, and its distance."""
    start, step = line[:-1], np.diff(line, axis=0)
    squared = np.maximum((step**2).sum(1), 1e-12)
    along = ((points[:, None] - start[None]) * step[None]).sum(-1) / squared
    feet = start[None] + np.clip(along, 0, 1)[..., None] * step[None]
    gaps = np.hypot(points[:, None, 0] - feet[..., 0], points[:, None, 1] - feet[..., 1])
    best = gaps.argmin(1)
    rows = np.arange(len(points))
    return feet[rows, best], gaps[rows, best]
