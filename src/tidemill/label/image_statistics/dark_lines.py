"""How deep and how sure the most crack-like dark line of an image is.

A crack is a thin dark line that goes on for a long way; grain and spots are as dark but end soon. The darkness of a
line (second derivative across it) is averaged over 12 pixels in each of 16 directions, and a point counts as far as
its own piece of line and the pieces before and after it, which may bend by one direction, are all dark. This is the
idea of path openings (Talbot and Appleton, 2007) with averages in place of minima. Lines within 20 degrees of the
vertical or 9 of the horizontal do not count: those are printed lines (fingers, busbars, rulers).
"""

from __future__ import annotations

import functools
import math
import threading
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from tidemill.label.image_statistics.grey import Grey

DIRECTIONS: Final = 16
LENGTH: Final = 12
NEXT: Final = 10  # pixels to the next piece of line: they overlap a little
LIMIT: Final = 0.08  # a blot twice as dark as a crack is no more of a line than the crack
AROUND: Final = 25
_MARGIN: Final = 16  # the furthest a piece of line reaches; more than LENGTH and NEXT


@dataclass(frozen=True)
class DarkLines:
    """Depth and contrast of the dark lines of an image.

    Parameters
    ----------
    depth
        Darkness of the darkest long line, as a share of the brightness around.
    contrast
        Darkness of long lines (its 99.5th percentile over the picture) in multiples of what the texture brings about.
    """

    depth: float
    contrast: float


def dark_lines(pixels: Grey) -> DarkLines:
    """Measure the dark lines of an image; in a smaller one than 40 x 40 there are none.

    Parameters
    ----------
    pixels : (height, width)
        Relative to their median, about 150 x 150.

    Returns
    -------
    DarkLines
        Depth and contrast; 0 where there are none.
    """
    if min(pixels.shape) < 40:  # noqa: PLR2004 - three pieces of line and the mount
        return DarkLines(0.0, 0.0)
    short, long = _line_maps(_flat(pixels))
    seen = octagon(pixels.shape, 0.06, 0.2)
    texture = float(np.median(np.abs(short[seen]))) + 1e-4
    return DarkLines(max(0.0, float(long[seen].max())), max(0.0, float(np.percentile(long[seen], 99.5)) / texture))


def _flat(pixels: Grey) -> Grey:
    """Deviation from the mean around, limited, and 0 in the frame and the corners."""
    around = ndimage.uniform_filter(pixels, AROUND, mode="reflect")
    flat: Grey = np.clip(pixels / np.maximum(around, 0.05) - 1, -LIMIT, LIMIT) * octagon(pixels.shape, 0.04, 0.173)
    return flat.astype(np.float32, copy=False)


@functools.lru_cache(maxsize=32)
def octagon(shape: tuple[int, int], frame: float, corner: float) -> npt.NDArray[np.bool_]:
    """Mark the pixels inside a frame and away from the corners.

    Parameters
    ----------
    shape
        Height and width.
    frame, corner
        Shares of the sides.

    Returns
    -------
    (height, width)
        Booleans; read-only.

    Examples
    --------
    >>> octagon((4, 4), 0.0, 0.2).astype(int).tolist()
    [[0, 1, 1, 0], [1, 1, 1, 1], [1, 1, 1, 1], [0, 1, 1, 0]]
    """
    down, right = (np.minimum(np.arange(side), np.arange(side)[::-1]) / side for side in shape)
    inside: npt.NDArray[np.bool_] = (down[:, None] >= frame) & (right >= frame) & (down[:, None] + right >= corner)
    inside.setflags(write=False)
    return inside


def _line_maps(flat: Grey) -> tuple[Grey, Grey]:
    """Per pixel, the darkest piece of line through it, and the darkest long line through it.

    Pictures are padded and laid out as one row, so that a step in the plane is a step along the row.
    """
    padded = flat.shape[1] + 2 * _MARGIN
    scratch = _scratch((flat.shape[0] + 2 * _MARGIN) * padded, threading.get_ident())
    pieces, work = scratch[:DIRECTIONS], scratch[DIRECTIONS:]
    derivatives = _second_derivatives(flat)
    for index in range(DIRECTIONS):
        _piece(derivatives, index, padded, out=pieces[index], work=work)
    short, long = work[:2]
    short.fill(-1)
    long.fill(-1)
    here = _rows(padded, _MARGIN)
    for index in filter(_counts, range(DIRECTIONS)):
        np.maximum(short, pieces[index], out=short)
        whole = _whole(pieces, index, padded, bent=work[2])
        np.maximum(long[here], whole, out=long[here])
    return (_picture(short, padded), _picture(long, padded))


def _whole(pieces: Grey, index: int, padded: int, *, bent: Grey) -> Grey:
    """The least dark of each piece, the one before and the one after it, which may bend."""
    np.maximum(pieces[index - 1], pieces[(index + 1) % DIRECTIONS], out=bent)
    np.maximum(bent, pieces[index], out=bent)
    step = _step(index, NEXT, padded)
    ends = np.minimum(bent[_rows(padded, _MARGIN, step)], bent[_rows(padded, _MARGIN, -step)])
    return np.minimum(ends, pieces[index, _rows(padded, _MARGIN)], out=ends)


def _piece(derivatives: Grey, index: int, padded: int, *, out: Grey, work: Grey) -> None:
    """The mean darkness of the piece of line around each pixel, its 12 pixels by doubling."""
    one, two, four = work
    angle = 2 * math.pi * index / DIRECTIONS
    mean, difference, mixed = derivatives
    np.multiply(difference, np.float32(math.cos(angle)), out=one)
    np.multiply(mixed, np.float32(math.sin(angle)), out=two)
    one += two
    one += mean
    for source, length, rows, target in ((one, 1, 2, two), (two, 2, 5, four), (four, 4, 10, one)):
        there, here = _rows(padded, rows, _step(index, length, padded)), _rows(padded, rows)
        np.add(source[here], source[there], out=target[here])
    back = -_step(index, LENGTH // 2, padded)
    eight, rest = _rows(padded, _MARGIN, back), _rows(padded, _MARGIN, back + _step(index, 8, padded))
    here = _rows(padded, _MARGIN)
    np.add(one[eight], four[rest], out=out[here])
    out[here] /= LENGTH


def _second_derivatives(flat: Grey) -> Grey:
    """Mean, half the difference, and mixed second derivative of the smoothed picture, padded."""
    wide = np.pad(ndimage.gaussian_filter(flat, 0.7, mode="nearest", truncate=1.5), 1, mode="edge")
    centre = 2 * wide[1:-1, 1:-1]
    xx = wide[1:-1, 2:] + wide[1:-1, :-2] - centre
    yy = wide[2:, 1:-1] + wide[:-2, 1:-1] - centre
    xy = (wide[2:, 2:] + wide[:-2, :-2] - wide[2:, :-2] - wide[:-2, 2:]) / 4
    result: Grey = np.zeros((3, *(side + 2 * _MARGIN for side in flat.shape)), dtype=np.float32)
    for plane, values in zip(result, ((xx + yy) / 2, (yy - xx) / 2, xy), strict=True):
        plane[_MARGIN:-_MARGIN, _MARGIN:-_MARGIN] = values
    return result.reshape(3, -1)


@functools.lru_cache(maxsize=8)
def _scratch(size: int, thread: int) -> Grey:  # noqa: ARG001 - each thread has its own
    """Arrays to work in: fresh memory for every image costs more than the arithmetic."""
    return np.zeros((DIRECTIONS + 3, size), dtype=np.float32)


def _counts(index: int) -> bool:
    degrees = 180 * index / DIRECTIONS
    return abs(degrees - 90) >= 20 and min(degrees, 180 - degrees) >= 9  # noqa: PLR2004 - as the module says


@functools.lru_cache(maxsize=2048)
def _step(index: int, length: int, padded: int) -> int:
    """Steps along the row of a padded picture; y grows downwards."""
    angle = math.pi * index / DIRECTIONS
    return round(-length * math.sin(angle)) * padded + round(length * math.cos(angle))


def _rows(padded: int, rows: int, step: int = 0) -> slice:
    """All but the first and last so many rows of a padded picture, moved by a step."""
    return slice(rows * padded + step, step - rows * padded)


def _picture(values: Grey, padded: int) -> Grey:
    return values.reshape(-1, padded)[_MARGIN:-_MARGIN, _MARGIN:-_MARGIN]
