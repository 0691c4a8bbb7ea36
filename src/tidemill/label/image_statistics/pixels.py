"""The pixels of an image: decoded, reduced, without their frame, without dark bands."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from tidemill.contracts import DataError
from tidemill.label.image_statistics.grey import Grey
from tidemill.readers.image_decoder import decode_image

FRAME: Final = 0.04


def decode(data: bytes) -> Grey:
    """Decode an image to grey values; colours become their luminance.

    Parameters
    ----------
    data
        Bytes of an image file.

    Returns
    -------
    (height, width)
        In [0, 1].

    Raises
    ------
    DataError
        The bytes are no image, are cut off, or the image has more than ``MAX_PIXELS`` pixels.
    """
    try:
        return decode_image(data).grey()
    except DataError as error:
        raise DataError(f"image of {len(data)} bytes {error}") from error


def reduced(pixels: Grey, size: int = 150) -> Grey:
    """Average square blocks, so that the longer side has about ``size`` of them.

    Parameters
    ----------
    pixels : (height, width)
        Grey values.
    size
        Pixels of the longer side.

    Returns
    -------
    (height, width)
        float32.

    Examples
    --------
    >>> reduced(np.ones((300, 300), dtype=np.float32)).shape
    (150, 150)
    """
    step = max(1, min(round(max(pixels.shape) / size), *pixels.shape))
    height, width = pixels.shape[0] // step, pixels.shape[1] // step
    if step == 1:
        return pixels.astype(np.float32, copy=False)
    whole = pixels[: height * step, : width * step]
    rows = whole[::step] + whole[1::step]
    for row in range(2, step):
        rows += whole[row::step]
    mean: Grey = rows[:, ::step] + rows[:, 1::step]
    for column in range(2, step):
        mean += rows[:, column::step]
    mean /= step**2
    return mean.astype(np.float32, copy=False)


def inside(pixels: Grey, frame: float = FRAME) -> Grey:
    """Cut a frame of this share of each side.

    Parameters
    ----------
    pixels : (height, width)
        Grey values.
    frame
        Share of a side.

    Returns
    -------
    (height, width)
    """
    rows, columns = (math.floor(side * frame) for side in pixels.shape)
    return pixels[rows : pixels.shape[0] - rows, columns : pixels.shape[1] - columns]


def bands(pixels: Grey, depth: float = 0.07) -> npt.NDArray[np.bool_]:
    """Find the rows darker than the rows around them over most of their width, as busbars and ruled lines are.

    A row counts by its 30th percentile, against the 65th percentile of that of the rows around it; two more rows on
    either side belong to the band.

    Parameters
    ----------
    pixels : (height, width)
        Grey values.
    depth
        How much darker, as a share.

    Returns
    -------
    (height,)
        Booleans.
    """
    profile = np.partition(pixels, int(0.3 * pixels.shape[1]), axis=1)[:, int(0.3 * pixels.shape[1])]
    around = ndimage.percentile_filter(profile, 65, size=max(3, pixels.shape[0] // 6), mode="nearest")
    dark: npt.NDArray[np.bool_] = ndimage.binary_dilation(profile < (1 - depth) * around, iterations=2)
    return dark


def without_bands(pixels: Grey) -> Grey:
    """Replace each row of a dark band by the nearest other row.

    Parameters
    ----------
    pixels : (height, width)
        Grey values.

    Returns
    -------
    (height, width)
    """
    dark = bands(pixels)
    if dark.all() or not dark.any():
        return pixels
    nearest = ndimage.distance_transform_edt(dark, return_distances=False, return_indices=True)[0]
    filled: Grey = pixels[nearest]
    return filled
