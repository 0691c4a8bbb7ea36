"""PNG or JPEG bytes → grey pixels → statistics by name, for labeling functions on images.

Every statistic is a plain function of a grey array. All but the size are measured on ``reduced(pixels)`` (about 150
pixels on the longer side) without the outer 4%, which in photographs of parts shows the mount and not the part.
Brightness is relative to the picture's own median, so that exposure does not matter; only ``mean``, ``dark_level``
and ``bright_level`` are absolute. A full set takes a few milliseconds for a 300 x 300 image.
"""

from __future__ import annotations

import io
import math
import warnings
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image, UnidentifiedImageError
from scipy import ndimage

from tidemill.contracts import DataError
from tidemill.label.lines import dark_lines
from tidemill.label.measures import BLACK, STATISTICS, Grey

MAX_PIXELS: Final = 50_000_000
FRAME: Final = 0.04
FORMATS: Final = ("PNG", "JPEG", "WEBP", "BMP", "TIFF", "GIF")


def decode(data: bytes) -> Grey:
    """Bytes of an image file → (H, W) grey values in [0, 1]; colours become their luminance.

    Raises
    ------
    DataError
        The bytes are no image, are cut off, or the image has more than ``MAX_PIXELS`` pixels.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of odd metadata and large images; the size is judged below
            with Image.open(io.BytesIO(data), formats=FORMATS) as image:
                return _grey(image)
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, SyntaxError, ValueError) as error:
        raise DataError(f"these {len(data)} bytes are not an image that can be read: {error}") from error


def _grey(image: Image.Image) -> Grey:
    if image.width * image.height > MAX_PIXELS:
        raise DataError(f"the image has {image.width} x {image.height} pixels; at most {MAX_PIXELS} can be read")
    white = 65535 if image.mode.startswith("I") else 255
    grey = np.asarray(image if white > 255 else image.convert("L"), dtype=np.float32)  # noqa: PLR2004 - 16 bits
    return np.divide(grey, white, dtype=np.float32)


def statistics(pixels: Grey) -> dict[str, float]:
    """Pixels, (H, W) in [0, 1] → statistics by name.

    ``width``, ``height``, ``aspect``; ``mean``, ``dark_level``, ``bright_level`` (10th and 90th percentile); those of
    ``measures.STATISTICS``; ``line_depth`` and ``line_contrast`` as ``lines.DarkLines`` says, bands filled in.

    >>> statistics(np.full((300, 200), 0.5, dtype=np.float32))["aspect"]
    0.6666666666666666
    """
    height, width = pixels.shape
    small = reduced(pixels)
    picture = inside(small)
    dark, median, bright = np.percentile(picture, (10, 50, 90))
    plain = picture / np.float32(max(median, BLACK))
    lines = dark_lines(relative(without_bands(small)))
    return {
        "width": float(width),
        "height": float(height),
        "aspect": width / height,
        "mean": float(picture.mean()),
        "dark_level": float(dark),
        "bright_level": float(bright),
        **{name: function(plain) for name, function in STATISTICS.items()},
        "line_depth": lines.depth,
        "line_contrast": lines.contrast,
    }


def reduced(pixels: Grey, size: int = 150) -> Grey:
    """(H, W) → means of square blocks, so that the longer side has about ``size`` of them.

    >>> reduced(np.ones((300, 300), dtype=np.float32)).shape
    (150, 150)
    """
    step = max(1, min(round(max(pixels.shape) / size), *pixels.shape))
    height, width = pixels.shape[0] // step, pixels.shape[1] // step
    kept = pixels[: height * step, : width * step]
    mean: Grey = sum(kept[row::step, column::step] for row in range(step) for column in range(step)) / step**2
    return mean.astype(np.float32, copy=False)


def inside(pixels: Grey, frame: float = FRAME) -> Grey:
    """Pixels → pixels without a frame of this share of each side."""
    rows, columns = (math.floor(side * frame) for side in pixels.shape)
    return pixels[rows : pixels.shape[0] - rows, columns : pixels.shape[1] - columns]


def relative(pixels: Grey) -> Grey:
    """Pixels → pixels relative to their median."""
    return pixels / np.float32(max(float(np.median(pixels)), BLACK))


def bands(pixels: Grey, depth: float = 0.07) -> npt.NDArray[np.bool_]:
    """(H, W) → (H,): rows darker than the rows around them over most of their width, as busbars and ruled lines are.

    A row counts by its 30th percentile, against the 65th percentile of that of the rows around it; two more rows on
    either side belong to the band.
    """
    profile = np.partition(pixels, int(0.3 * pixels.shape[1]), axis=1)[:, int(0.3 * pixels.shape[1])]
    around = ndimage.percentile_filter(profile, 65, size=max(3, pixels.shape[0] // 6), mode="nearest")
    found: npt.NDArray[np.bool_] = ndimage.binary_dilation(profile < (1 - depth) * around, iterations=2)
    return found


def without_bands(pixels: Grey) -> Grey:
    """Pixels → pixels where the nearest other row stands in for each row of a dark band."""
    dark = bands(pixels)
    if dark.all() or not dark.any():
        return pixels
    nearest = ndimage.distance_transform_edt(dark, return_distances=False, return_indices=True)[0]
    filled: Grey = pixels[nearest]
    return filled
