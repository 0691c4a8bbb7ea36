"""Statistics of an image's colours, one function a statistic.

Measured on about 150 pixels on the longer side, without the outer 4%. A grey image has no colour: every one of them is 0,
but for ``red``, ``green`` and ``blue``, which share the light alike. All functions take (n_pixels, 3) colours.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image

from tidemill.contracts import DataError
from tidemill.readers.image_decoder import decode_image

Colours = npt.NDArray[np.float32]
"""(pixels, 3): red, green and blue in [0, 1]."""

SIZE: Final = 150
FRAME: Final = 0.04
STRONG: Final = 0.25
"""Saturation from which a pixel counts as coloured."""


def colours(data: bytes) -> Colours:
    """Decode an image and reduce it to its colours.

    Parameters
    ----------
    data
        Bytes of an image file.

    Returns
    -------
    (n_pixels, 3)
        Red, green and blue in [0, 1].

    Raises
    ------
    DataError
        The bytes are no image.
    """
    try:
        image = decode_image(data, draft=SIZE).rgb()
    except DataError as error:
        raise DataError(f"image of {len(data)} bytes {error}") from error
    image.thumbnail((SIZE, SIZE), Image.Resampling.BOX)
    rgb = np.asarray(image, dtype=np.float32) / np.float32(255)
    rows, columns = (int(side * FRAME) for side in rgb.shape[:2])
    inner: Colours = rgb[rows : rgb.shape[0] - rows, columns : rgb.shape[1] - columns].reshape(-1, 3)
    return inner


def saturation(pixels: Colours) -> float:
    """Compute the mean saturation.

    Parameters
    ----------
    pixels : (n_pixels, 3)
        Red, green and blue in [0, 1].

    Returns
    -------
    float
        In [0, 1]: 0 is grey, 1 a pure colour.
    """
    return float(_saturations(pixels).mean())


def colourfulness(pixels: Colours) -> float:
    """Compute how colourful people perceive the image to be (Hasler and Süsstrunk, 2003).

    Parameters
    ----------
    pixels : (n_pixels, 3)
        Red, green and blue in [0, 1].

    Returns
    -------
    float
        0 is grey, about 0.4 very colourful.

    References
    ----------
    Hasler, D. and Süsstrunk, S. (2003). Measuring colorfulness in natural images. Human Vision and Electronic Imaging
    VIII. Their values are of channels in [0, 255].
    """
    yellow_blue = (pixels[:, 0] + pixels[:, 1]) / 2 - pixels[:, 2]
    red_green = pixels[:, 0] - pixels[:, 1]
    spread = float(np.hypot(red_green.std(), yellow_blue.std()))
    return spread + 0.3 * float(np.hypot(red_green.mean(), yellow_blue.mean()))


def red(pixels: Colours) -> float:
    """Compute the share of red in the light.

    Parameters
    ----------
    pixels : (n_pixels, 3)
        Red, green and blue in [0, 1].

    Returns
    -------
    float
        In [0, 1]; a third in grey.
    """
    return _share(pixels, 0)


def green(pixels: Colours) -> float:
    """Compute the share of green in the light.

    Parameters
    ----------
    pixels : (n_pixels, 3)
        Red, green and blue in [0, 1].

    Returns
    -------
    float
        In [0, 1]; a third in grey.
    """
    return _share(pixels, 1)


def blue(pixels: Colours) -> float:
    """Compute the share of blue in the light.

    Parameters
    ----------
    pixels : (n_pixels, 3)
        Red, green and blue in [0, 1].

    Returns
    -------
    float
        In [0, 1]; a third in grey.
    """
    return _share(pixels, 2)


def reddish(pixels: Colours) -> float:
    """Compute the share of pixels that are coloured, their hue within 30 degrees of red.

    Parameters
    ----------
    pixels : (n_pixels, 3)
        Red, green and blue in [0, 1].

    Returns
    -------
    float
        In [0, 1].
    """
    return _of_hue(pixels, 0)


def yellowish(pixels: Colours) -> float:
    """Compute the share of pixels that are coloured, their hue within 30 degrees of yellow.

    Parameters
    ----------
    pixels : (n_pixels, 3)
        Red, green and blue in [0, 1].

    Returns
    -------
    float
        In [0, 1].
    """
    return _of_hue(pixels, 60)


def greenish(pixels: Colours) -> float:
    """Compute the share of pixels that are coloured, their hue within 30 degrees of green.

    Parameters
    ----------
    pixels : (n_pixels, 3)
        Red, green and blue in [0, 1].

    Returns
    -------
    float
        In [0, 1].
    """
    return _of_hue(pixels, 120)


def bluish(pixels: Colours) -> float:
    """Compute the share of pixels that are coloured, their hue within 30 degrees of blue.

    Parameters
    ----------
    pixels : (n_pixels, 3)
        Red, green and blue in [0, 1].

    Returns
    -------
    float
        In [0, 1].
    """
    return _of_hue(pixels, 240)


def _saturations(pixels: Colours) -> npt.NDArray[np.float32]:
    high = pixels.max(axis=1)
    saturations: npt.NDArray[np.float32] = np.where(high > 0, (high - pixels.min(axis=1)) / np.maximum(high, 1e-6), 0)
    return saturations


def _share(pixels: Colours, channel: int) -> float:
    light = float(pixels.sum())
    return float(pixels[:, channel].sum()) / light if light else 1 / 3


def _of_hue(pixels: Colours, degrees: float) -> float:
    """Hue on the colour wheel, by projection of the three primaries 120 degrees apart."""
    right = pixels @ np.array([1, -0.5, -0.5], dtype=np.float32)
    up = pixels @ np.array([0, math.sqrt(0.75), -math.sqrt(0.75)], dtype=np.float32)
    away = np.abs((np.degrees(np.arctan2(up, right)) - degrees + 180) % 360 - 180)
    return float(((_saturations(pixels) >= STRONG) & (away <= 30)).mean())  # noqa: PLR2004 - as the names say


COLOURS: Final[dict[str, Callable[[Colours], float]]] = {
    function.__name__: function
    for function in (saturation, colourfulness, red, green, blue, reddish, yellowish, greenish, bluish)
}
"""Statistics of colours, by name."""
