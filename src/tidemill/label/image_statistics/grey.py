"""Statistics of grey pixels relative to their median, which labeling functions name as ``image.<name>``.

All take (height, width) pixels and return one number.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from scipy import ndimage

Grey = npt.NDArray[np.float32]
"""(H, W): 0 is black, 1 is white, or the median where the pixels are relative to it."""

BLACK: Final = 1 / 255
"""No median is taken as darker, so that a black picture has statistics too."""
BLOCKS: Final = 10
DARK: Final = 0.6
BRIGHT: Final = 1.3
EDGE: Final = 0.1
_LEVELS: Final = 512
"""Of brightness, by which pixels are counted before those of a level are sorted."""


def relative(pixels: Grey) -> Grey:
    """Divide pixels by their median.

    Parameters
    ----------
    pixels : (height, width)
        Grey values.

    Returns
    -------
    (height, width)
    """
    return pixels / np.float32(max(float(np.median(pixels)), BLACK))


def blocks(pixels: Grey, number: int = BLOCKS) -> Grey:
    """Average equal blocks; rows and columns that are left over are dropped.

    Parameters
    ----------
    pixels : (height, width)
        Grey values.
    number
        Blocks along either side; fewer where the image has fewer pixels.

    Returns
    -------
    (number, number)
    """
    rows, columns = (min(number, side) for side in pixels.shape)
    height, width = pixels.shape[0] // rows, pixels.shape[1] // columns
    whole = pixels[: rows * height, : columns * width]
    means: Grey = whole.reshape(rows, height, -1).sum(1).reshape(rows, columns, width).sum(2) / (height * width)
    return means.astype(pixels.dtype, copy=False)


def percentiles(pixels: Grey, *percents: float) -> tuple[float, ...]:
    """Compute percentiles of pixels, as NumPy does; of those in [0, 1] only the levels around a percentile are sorted.

    Parameters
    ----------
    pixels : (height, width)
        Grey values.
    percents
        From 0 to 100.

    Returns
    -------
    tuple of float
        Interpolated linearly between neighbours.

    Examples
    --------
    >>> percentiles(np.linspace(0, 1, 5, dtype=np.float32), 25, 50)
    (0.25, 0.5)
    """
    flat = pixels.ravel()
    if not (flat.min() >= 0 and flat.max() <= 1):
        return tuple(np.percentile(flat, percents).tolist())
    level = (flat * np.float32(_LEVELS - 1)).astype(np.int16)
    below = np.bincount(level, minlength=_LEVELS).cumsum()

    def ranked(rank: int) -> float:
        at = int(np.searchsorted(below, rank, side="right"))
        members, place = flat[level == at], rank - int(below[at - 1] if at else 0)
        return float(np.partition(members, place)[place])

    return tuple(_interpolated(ranked, percent / 100 * (flat.size - 1)) for percent in percents)


def _interpolated(ranked: Callable[[int], float], place: float) -> float:
    first = math.floor(place)
    low = ranked(first)
    return low if place == first else low + (ranked(first + 1) - low) * (place - first)


def dark_fraction(pixels: Grey) -> float:
    """Compute the share of pixels below ``DARK`` of the median.

    Parameters
    ----------
    pixels : (height, width)
        Brightness relative to the median.

    Returns
    -------
    float
        In [0, 1].
    """
    return np.count_nonzero(pixels < DARK) / pixels.size


def bright_fraction(pixels: Grey) -> float:
    """Compute the share of pixels above ``BRIGHT`` of the median.

    Parameters
    ----------
    pixels : (height, width)
        Brightness relative to the median.

    Returns
    -------
    float
        In [0, 1].
    """
    return np.count_nonzero(pixels > BRIGHT) / pixels.size


def variation(pixels: Grey) -> float:
    """Compute the standard deviation of the pixels.

    Parameters
    ----------
    pixels : (height, width)
        Brightness relative to the median.

    Returns
    -------
    float
        In units of the median.
    """
    centred = (pixels - pixels.mean()).ravel()
    return math.sqrt(float(np.dot(centred, centred)) / centred.size)


def darkest_block(pixels: Grey) -> float:
    """Compute the mean of the darkest of 10 x 10 blocks.

    Parameters
    ----------
    pixels : (height, width)
        Brightness relative to the median.

    Returns
    -------
    float
        In units of the median.
    """
    return float(OF_BLOCKS["darkest_block"](blocks(pixels)))


def brightest_block(pixels: Grey) -> float:
    """Compute the mean of the brightest of 10 x 10 blocks.

    Parameters
    ----------
    pixels : (height, width)
        Brightness relative to the median.

    Returns
    -------
    float
        In units of the median.
    """
    return float(OF_BLOCKS["brightest_block"](blocks(pixels)))


def block_variation(pixels: Grey) -> float:
    """Compute the standard deviation of the means of 10 x 10 blocks.

    Parameters
    ----------
    pixels : (height, width)
        Brightness relative to the median.

    Returns
    -------
    float
        In units of the median.
    """
    return float(OF_BLOCKS["block_variation"](blocks(pixels)))


def block_step(pixels: Grey) -> float:
    """Compute the largest difference of two blocks that are neighbours in a row: a sharp border of a dark part.

    Parameters
    ----------
    pixels : (height, width)
        Brightness relative to the median.

    Returns
    -------
    float
        In units of the median; 0 where the image is one block wide.
    """
    return float(OF_BLOCKS["block_step"](blocks(pixels)))


def quadrant_difference(pixels: Grey) -> float:
    """Compute the brightest less the darkest mean of the four quadrants.

    Parameters
    ----------
    pixels : (height, width)
        Brightness relative to the median.

    Returns
    -------
    float
        In units of the median.
    """
    return float(np.ptp(blocks(pixels, 2)))


def row_variation(pixels: Grey) -> float:
    """Compute the standard deviation of the rows' means: bands across the picture.

    Parameters
    ----------
    pixels : (height, width)
        Brightness relative to the median.

    Returns
    -------
    float
        In units of the median.
    """
    return float(pixels.mean(1).std())


def column_variation(pixels: Grey) -> float:
    """Compute the standard deviation of the columns' means: bands down the picture.

    Parameters
    ----------
    pixels : (height, width)
        Brightness relative to the median.

    Returns
    -------
    float
        In units of the median.
    """
    return float(pixels.mean(0).std())


def mirror_difference(pixels: Grey) -> float:
    """Compute the mean difference from the picture mirrored left to right.

    Parameters
    ----------
    pixels : (height, width)
        Brightness relative to the median.

    Returns
    -------
    float
        In units of the median; 0 where the picture is symmetric.
    """
    return float(np.abs(pixels - pixels[:, ::-1]).mean())


def flip_difference(pixels: Grey) -> float:
    """Compute the mean difference from the picture turned upside down.

    Parameters
    ----------
    pixels : (height, width)
        Brightness relative to the median.

    Returns
    -------
    float
        In units of the median; 0 where the picture is symmetric.
    """
    return float(np.abs(pixels - pixels[::-1]).mean())


def centre_ratio(pixels: Grey) -> float:
    """Compute the mean of the middle half of either side over the mean of the whole.

    Parameters
    ----------
    pixels : (height, width)
        Brightness relative to the median.

    Returns
    -------
    float
        Above 1 where the middle is brighter.
    """
    return float(_middle(pixels).mean() / max(float(pixels.mean()), BLACK))


def edge_density(pixels: Grey) -> float:
    """Compute the share of pixels whose brightness changes by more than ``EDGE`` between their neighbours.

    Parameters
    ----------
    pixels : (height, width)
        Brightness relative to the median.

    Returns
    -------
    float
        In [0, 1]; the change is that from the last to the next pixel, of both directions together. 0 where the image has
        fewer than three pixels on a side.
    """
    if min(pixels.shape) < 3:  # noqa: PLR2004 - a pixel with neighbours on both sides
        return 0.0
    down, right = pixels[2:, 1:-1] - pixels[:-2, 1:-1], pixels[1:-1, 2:] - pixels[1:-1, :-2]
    down *= down
    right *= right
    down += right
    return np.count_nonzero(down > EDGE**2) / down.size


def roughness(pixels: Grey) -> float:
    """Compute the mean difference from the mean of the 3 x 3 pixels around: noise and fine grain.

    Parameters
    ----------
    pixels : (height, width)
        Brightness relative to the median.

    Returns
    -------
    float
        In units of the median.
    """
    return float(np.abs(pixels - ndimage.uniform_filter(pixels, 3, mode="nearest")).mean())


def grain(pixels: Grey) -> float:
    """Compute the standard deviation of pixels smoothed over 3 x 3 less their mean over 15 x 15: coarse texture.

    Parameters
    ----------
    pixels : (height, width)
        Brightness relative to the median.

    Returns
    -------
    float
        In units of the median.
    """
    fine, coarse = (ndimage.uniform_filter(pixels, size, mode="nearest") for size in (3, 15))
    return float((fine - coarse).std())


def deepest_spot(pixels: Grey) -> float:
    """Compute the largest fall of the mean of 5 x 5 pixels below that of the 25 x 25 around: the darkest small spot.

    Parameters
    ----------
    pixels : (height, width)
        Brightness relative to the median.

    Returns
    -------
    float
        In units of the median.
    """
    spot, around = (ndimage.uniform_filter(pixels, size, mode="nearest") for size in (5, 25))
    return float((around - spot).max())


def largest_dark_region(pixels: Grey) -> float:
    """Compute the share of the picture that its largest connected part below ``DARK`` of the median covers.

    Parameters
    ----------
    pixels : (height, width)
        Brightness relative to the median.

    Returns
    -------
    float
        In [0, 1].
    """
    return _largest(pixels < DARK)


def largest_bright_region(pixels: Grey) -> float:
    """Compute the share of the picture that its largest connected part above ``BRIGHT`` of the median covers.

    Parameters
    ----------
    pixels : (height, width)
        Brightness relative to the median.

    Returns
    -------
    float
        In [0, 1].
    """
    return _largest(pixels > BRIGHT)


def _largest(marked: npt.NDArray[np.bool_]) -> float:
    regions, number = ndimage.label(marked)
    return float(np.bincount(regions.ravel())[1:].max() / marked.size) if number else 0.0


def entropy(pixels: Grey) -> float:
    """Compute the entropy of the histogram of 64 equal bins from black to twice the median.

    Parameters
    ----------
    pixels : (height, width)
        Brightness relative to the median.

    Returns
    -------
    float
        In bits: 0 where all pixels are in one bin, 6 where they are spread evenly.
    """
    bins = np.clip(pixels * 32, 0, 63).astype(np.intp)
    share = np.bincount(bins.ravel(), minlength=64) / bins.size
    share = share[share > 0]
    return float(-(share * np.log2(share)).sum())


def skewness(pixels: Grey) -> float:
    """Compute the third standardized moment.

    Parameters
    ----------
    pixels : (height, width)
        Brightness relative to the median.

    Returns
    -------
    float
        A dark tail makes it negative; 0 for a constant picture.
    """
    centred = pixels - pixels.mean()
    squares = centred * centred
    spread = math.sqrt(float(squares.mean()))
    return float((squares * centred).mean()) / spread**3 if spread > BLACK else 0.0


def _middle(pixels: Grey) -> Grey:
    height, width = pixels.shape
    return pixels[height // 4 : height - height // 4, width // 4 : width - width // 4]


OF_BLOCKS: Final[dict[str, Callable[[Grey], Any]]] = {
    "darkest_block": np.min,
    "brightest_block": np.max,
    "block_variation": np.std,
    "block_step": lambda means: np.abs(np.diff(means, axis=1)).max(initial=0.0),
}
"""Statistics that look at the means of ``blocks`` alone, by name."""
STATISTICS: Final[dict[str, Callable[[Grey], float]]] = {
    function.__name__: function
    for function in (
        dark_fraction,
        bright_fraction,
        variation,
        darkest_block,
        brightest_block,
        block_variation,
        block_step,
        quadrant_difference,
        row_variation,
        column_variation,
        mirror_difference,
        flip_difference,
        centre_ratio,
        edge_density,
        roughness,
        grain,
        deepest_spot,
        largest_dark_region,
        largest_bright_region,
        entropy,
        skewness,
    )
}
"""Statistics of a picture relative to its median, by name."""
