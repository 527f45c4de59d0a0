"""Where a chart's axis begins and ends: on round numbers, with zero in it."""

import math
from collections.abc import Sequence

_STEPS = (1, 2, 2.5, 5, 10)


def round_scale(values: Sequence[float], steps: int) -> tuple[float, float, float]:
    """Lowest and highest number of the axis and the step between two, in about so many steps; counts have whole ones."""
    low, high = min([0.0, *values]), max([0.0, *values])
    span = high - low or 1.0
    magnitude = 10.0 ** math.floor(math.log10(span / steps))
    step = next(one * magnitude for one in _STEPS if span / (one * magnitude) <= steps + 0.0001)
    if all(float(value).is_integer() for value in values):
        step = max(step, 1.0)
    return math.floor(low / step) * step, max(math.ceil(high / step), 1) * step, step
