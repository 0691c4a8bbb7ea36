"""PNG or JPEG bytes → grey pixels → statistics by name, for labeling functions on images.

Every statistic is a plain function of a grey array. All but the size are measured on ``reduced(pixels)`` (about 150
pixels on the longer side) without the outer 4%, which in photographs of parts shows the mount and not the part.
Brightness is relative to the picture's own median, so that exposure does not matter; only ``mean``, ``dark_level``
and ``bright_level`` are absolute. A full set takes a few milliseconds for a 300 × 300 image.
"""

from __future__ import annotations

import io
import math
from collections.abc import Callable
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image, UnidentifiedImageError
from scipy import ndimage

from tidemill.contracts import DataError
from tidemill.label.lines import dark_lines

Grey = npt.NDArray[np.float32]
"""(H, W): 0 is black, 1 is white."""

MAX_PIXELS: Final = 50_000_000
FRAME: Final = 0.04
BLOCKS: Final = 10
DARK: Final = 0.6
BRIGHT: Final = 1.3
EDGE: Final = 0.1
_BLACK: Final = 1 / 255  # no median is taken as darker, so that a black picture has statistics too


def decode(data: bytes) -> Grey:
    """PNG or JPEG bytes → (H, W) grey values in [0, 1]; colours become their luminance.

    Raises
    ------
    DataError
        The bytes are no image, are cut off, or the image has more than ``MAX_PIXELS`` pixels.
    """
    try:
        with Image.open(io.BytesIO(data)) as image:
            if image.width * image.height > MAX_PIXELS:
                raise DataError(f"the image has {image.width} × {image.height} pixels, at most {MAX_PIXELS} can be read")
            if image.mode.startswith("I"):
                return np.asarray(image, dtype=np.float32) / 65535
            return np.asarray(image.convert("L"), dtype=np.float32) / 255
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, SyntaxError) as error:
        raise DataError(f"these {len(data)} bytes are not a PNG or JPEG image that can be read: {error}") from error


def statistics(pixels: Grey) -> dict[str, float]:
    """Pixels, (H, W) in [0, 1] → statistics by name; ``STATISTICS`` and ``LINES`` tell what each one is.

    >>> statistics(np.full((300, 200), 0.5, dtype=np.float32))["aspect"]
    0.6666666666666666
    """
    height, width = pixels.shape
    picture = inside(reduced(pixels))
    plain = relative(picture)
    lines = dark_lines(relative(without_bands(reduced(pixels))))
    return {
        "width": float(width),
        "height": float(height),
        "aspect": width / height,
        "mean": float(picture.mean()),
        "dark_level": float(np.percentile(picture, 10)),
        "bright_level": float(np.percentile(picture, 90)),
        **{name: float(function(plain)) for name, function in STATISTICS.items()},
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
    return pixels / np.float32(max(float(np.median(pixels)), _BLACK))


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
    return pixels[nearest]


def blocks(pixels: Grey, number: int = BLOCKS) -> Grey:
    """(H, W) → (number, number): means of equal blocks; rows and columns that are left over are dropped."""
    rows, columns = (min(number, side) for side in pixels.shape)
    height, width = pixels.shape[0] // rows, pixels.shape[1] // columns
    means: Grey = pixels[: rows * height, : columns * width].reshape(rows, height, columns, width).mean((1, 3))
    return means


def dark_fraction(pixels: Grey) -> float:
    """Share of pixels below ``DARK`` of the median."""
    return float((pixels < DARK).mean())


def bright_fraction(pixels: Grey) -> float:
    """Share of pixels above ``BRIGHT`` of the median."""
    return float((pixels > BRIGHT).mean())


def variation(pixels: Grey) -> float:
    """Standard deviation."""
    return float(pixels.std())


def darkest_block(pixels: Grey) -> float:
    """Mean of the darkest of 10 × 10 blocks."""
    return float(blocks(pixels).min())


def brightest_block(pixels: Grey) -> float:
    """Mean of the brightest of 10 × 10 blocks."""
    return float(blocks(pixels).max())


def block_variation(pixels: Grey) -> float:
    """Standard deviation of the means of 10 × 10 blocks."""
    return float(blocks(pixels).std())


def block_step(pixels: Grey) -> float:
    """Largest difference of two blocks that are neighbours in a row: a sharp border of a dark part."""
    return float(np.abs(np.diff(blocks(pixels), axis=1)).max(initial=0.0))


def quadrant_difference(pixels: Grey) -> float:
    """Brightest less darkest mean of the four quadrants."""
    return float(np.ptp(blocks(pixels, 2)))


def row_variation(pixels: Grey) -> float:
    """Standard deviation of the rows' means: bands across the picture."""
    return float(pixels.mean(1).std())


def column_variation(pixels: Grey) -> float:
    """Standard deviation of the columns' means: bands down the picture."""
    return float(pixels.mean(0).std())


def mirror_difference(pixels: Grey) -> float:
    """Mean difference from the picture mirrored left to right."""
    return float(np.abs(pixels - pixels[:, ::-1]).mean())


def flip_difference(pixels: Grey) -> float:
    """Mean difference from the picture turned upside down."""
    return float(np.abs(pixels - pixels[::-1]).mean())


def centre_ratio(pixels: Grey) -> float:
    """Mean of the middle half of either side over the mean of the whole."""
    return float(inside(pixels, 0.25).mean() / max(float(pixels.mean()), _BLACK))


def edge_density(pixels: Grey) -> float:
    """Share of pixels whose brightness changes by more than ``EDGE`` from the last to the next pixel, either way."""
    if min(pixels.shape) < 3:  # noqa: PLR2004 - a pixel with neighbours on both sides
        return 0.0
    down, right = pixels[2:, 1:-1] - pixels[:-2, 1:-1], pixels[1:-1, 2:] - pixels[1:-1, :-2]
    return float((down**2 + right**2 > EDGE**2).mean())


def roughness(pixels: Grey) -> float:
    """Mean difference from the mean of the 3 × 3 pixels around: noise and fine grain."""
    return float(np.abs(pixels - ndimage.uniform_filter(pixels, 3, mode="nearest")).mean())


def grain(pixels: Grey) -> float:
    """Standard deviation of the pixels smoothed over 3 × 3 less their mean over 15 × 15: coarse texture."""
    fine, coarse = (ndimage.uniform_filter(pixels, size, mode="nearest") for size in (3, 15))
    return float((fine - coarse).std())


def deepest_spot(pixels: Grey) -> float:
    """Largest fall of the mean of 5 × 5 pixels below that of the 25 × 25 around: the darkest small spot."""
    spot, around = (ndimage.uniform_filter(pixels, size, mode="nearest") for size in (5, 25))
    return float((around - spot).max())


def entropy(pixels: Grey) -> float:
    """Entropy of the histogram in bits; 64 equal bins from black to twice the median."""
    bins = np.clip(pixels * 32, 0, 63).astype(np.intp)
    share = np.bincount(bins.ravel(), minlength=64) / bins.size
    share = share[share > 0]
    return float(-(share * np.log2(share)).sum())


def skewness(pixels: Grey) -> float:
    """Third standardized moment; 0 for a constant picture. A dark tail makes it negative."""
    centred = pixels - pixels.mean()
    squares = centred * centred
    spread = math.sqrt(float(squares.mean()))
    return float((squares * centred).mean()) / spread**3 if spread > _BLACK else 0.0


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
        entropy,
        skewness,
    )
}
"""Statistics of a picture relative to its median, by name."""
